/** Values as a person reads them. */

export const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(count: number): string {
  const power = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1).replace(/\.0$/, "")} ${UNITS[power] ?? ""}`;
}

/** Redfish counts memory in GiB; 0.375 of them are 384 MiB to a person. */
export function memory(gibibytes: number): string {
  return bytes(Math.round(gibibytes * 1024) * 1024 ** 2);
}

/** "just now", "5 min", "3 h", "2 d": how long ago, roughly. */
export function age(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** "45 s", "10 min", "3 h", "2 d": a span of time, rounded up. */
export function duration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.ceil(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.ceil(hours / 24)} d`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** The time of day in the viewer's zone; what is no moment stays as it is. */
export function time(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : TIME.format(at);
}

/** Date and time in the viewer's zone; a dash when there is none. */
export function moment(iso: string | null | undefined): string {
  const at = new Date(iso ?? "");
  return Number.isNaN(at.getTime()) ? "–" : CLOCK.format(at);
}
