/** Values as a person reads them, in their language and their time zone. */
import { locale, t } from "./i18n";

export const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Formats are dear to make, and there is one for each row; they are made anew when the language has changed. */
function formatOf<F>(make: (locale: string) => F): () => F {
  const made = new Map<string, F>();
  return () => {
    const now = locale();
    const format = made.get(now) ?? make(now);
    made.set(now, format);
    return format;
  };
}

const COUNT = formatOf((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 1, useGrouping: false }));
const FRACTION = formatOf((locale) => new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 }));
const PERCENT = formatOf((locale) => new Intl.NumberFormat(locale, { style: "percent" }));
const CLOCK = formatOf((locale) => new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }));
const DAY = formatOf((locale) => new Intl.DateTimeFormat(locale, { dateStyle: "full" }));
const TIME = formatOf((locale) => new Intl.DateTimeFormat(locale, { timeStyle: "medium" }));
const AGO = formatOf((locale) => new Intl.RelativeTimeFormat(locale));
const ALL = formatOf((locale) => new Intl.ListFormat(locale));

type Unit = "second" | "minute" | "hour" | "day";
const unit = (unit: Unit) =>
  formatOf((locale) => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }));
const SPANS: Record<Unit, () => Intl.NumberFormat> = {
  second: unit("second"),
  minute: unit("minute"),
  hour: unit("hour"),
  day: unit("day"),
};

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(count: number): string {
  const power = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** power;
  return `${COUNT().format(value >= 100 ? Math.round(value) : value)} ${UNITS[power] ?? ""}`;
}

/** Redfish counts memory in GiB; 0.375 of them are 384 MiB to a person. */
export function memory(gibibytes: number): string {
  return bytes(Math.round(gibibytes * 1024) * 1024 ** 2);
}

/** To one digit after the point; small ones to two that say something. */
export function number(value: number): string {
  return Math.abs(value) < 1 ? FRACTION().format(value) : COUNT().format(value);
}

export const percent = (of100: number) => PERCENT().format(of100 / 100);

/** "a, b, and c". */
export const list = (words: string[]) => ALL().format(words);

/** The largest unit in which a span is at least 1; days only from two on. */
function inUnit(seconds: number, round: (value: number) => number): [number: number, unit: Unit] {
  if (seconds < 60) return [round(seconds), "second"];
  const minutes = round(seconds / 60);
  if (minutes < 60) return [minutes, "minute"];
  const hours = round(minutes / 60);
  return hours < 48 ? [hours, "hour"] : [round(hours / 24), "day"];
}

/** "just now", "5 minutes ago", "3 hours ago", "2 days ago": roughly. */
export function age(milliseconds: number): string {
  const [count, unit] = inUnit(milliseconds / 1000, Math.floor);
  return unit === "second" ? t("just now") : AGO().format(-count, unit);
}

/** "45 sec", "10 min", "3 hr", "2 days": a span of time, rounded up. */
export function duration(milliseconds: number): string {
  const [count, unit] = inUnit(Math.ceil(milliseconds / 1000), Math.ceil);
  return SPANS[unit]().format(count);
}

/** "1:02:03" or "4:05": how far a film has gone. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (count: number) => String(count).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** The time of day in the viewer's zone; what is no moment stays as it is. */
export function time(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : TIME().format(at);
}

/** The day in the viewer's zone. */
export function day(iso: string): string {
  return DAY().format(new Date(iso));
}

/** Date and time in the viewer's zone; a dash when there is none. */
export function moment(iso: string | null | undefined): string {
  const at = new Date(iso ?? "");
  return Number.isNaN(at.getTime()) ? "–" : CLOCK().format(at);
}
