/** Readings, their units and their thresholds in words. */
import type { Sensor, ThresholdName } from "../api/sensors";
import type { Health } from "../api/types";
import { number } from "../words/format";
import { named, t, type Message } from "../words/i18n";
import { thresholdsOf } from "./plot";

/** UCUM's codes as people write them; what is not here is written alike. */
const UNITS: Record<string, string> = { Cel: "°C", MiBy: "MiB", "kBy/s": "kB/s" };
const UNIT_WORDS: Record<string, Message> = { "{rev}/min": "rpm" };

export function reading(value: number, units: string | null): string {
  if (units === null) return number(value);
  return `${number(value)} ${named(UNIT_WORDS, units, UNITS[units] ?? units)}`;
}

const THRESHOLD: Record<ThresholdName, Message> = {
  LowerFatal: "Fatal below {{value}}",
  LowerCritical: "Critical below {{value}}",
  LowerCaution: "Warning below {{value}}",
  UpperCaution: "Warning above {{value}}",
  UpperCritical: "Critical above {{value}}",
  UpperFatal: "Fatal above {{value}}",
};

export const thresholdWords = (name: ThresholdName, at: number, units: string | null) =>
  t(THRESHOLD[name], { value: reading(at, units) });

export const thresholdsInWords = (sensor: Sensor) =>
  thresholdsOf(sensor).map(({ name, at }) => thresholdWords(name, at, sensor.ReadingUnits));

export const isSevere = (name: ThresholdName) => !name.endsWith("Caution");

interface StateLook {
  label: string;
  status?: "success" | "warning" | "danger";
}

const HEALTH: Record<Health, { label: Message; status: "success" | "warning" | "danger" }> = {
  OK: { label: "OK", status: "success" },
  Warning: { label: "Warning", status: "warning" },
  Critical: { label: "Critical", status: "danger" },
};

export function healthLook(health: Health | null | undefined): StateLook {
  if (health === null || health === undefined) return { label: t("Not rated") };
  return { label: t(HEALTH[health].label), status: HEALTH[health].status };
}

export const sensorLook = (sensor: Sensor): StateLook =>
  sensor.Reading === null ? { label: t("No reading") } : healthLook(sensor.Status.Health ?? "OK");
