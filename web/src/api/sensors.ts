/** What a node's sensors read, and what they read before. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get, members } from "./http";
import type { LightsoutSensorHistory } from "./lightsout";
import { chassisPath } from "./paths";
import type { Sensor, SensorThresholds } from "./redfish";
import type { System } from "./types";

export type { LightsoutSensorHistory as History, SensorSeries as Series } from "./lightsout";
export type { Sensor } from "./redfish";

/** From the lowest to the highest. */
export const THRESHOLDS = [
  "LowerFatal",
  "LowerCritical",
  "LowerCaution",
  "UpperCaution",
  "UpperCritical",
  "UpperFatal",
] as const satisfies (keyof SensorThresholds)[];
export type ThresholdName = keyof SensorThresholds;

export type Span = "Hour" | "Day";

/** A reading makes no event. */
const LOOK_MS: Record<Span, number> = { Hour: 10_000, Day: 60_000 };

export function useSensors(system: System) {
  return useQuery({
    queryKey: ["sensors", system.Id],
    queryFn: () => members<Sensor>(`${chassisPath(system)}/Sensors`),
    refetchInterval: LOOK_MS.Hour,
  });
}

export function useSensorHistory(system: System, span: Span) {
  return useQuery({
    queryKey: ["sensor-history", system.Id, span],
    queryFn: () => get<LightsoutSensorHistory>(`${chassisPath(system)}/Oem/Lightsout/SensorHistory/${span}`),
    placeholderData: keepPreviousData,
    refetchInterval: LOOK_MS[span],
  });
}
