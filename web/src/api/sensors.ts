/** What a node's sensors read, and what they read before. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get, members } from "./http";
import type { LightsoutSensorHistory } from "./lightsout";
import type { Sensor, SensorThresholds } from "./redfish";

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

const chassis = (systemId: string) => `/redfish/v1/Chassis/${encodeURIComponent(systemId)}`;

export function useSensors(systemId: string) {
  return useQuery({
    queryKey: ["sensors", systemId],
    queryFn: () => members<Sensor>(`${chassis(systemId)}/Sensors`),
    refetchInterval: LOOK_MS.Hour,
  });
}

export function useSensorHistory(systemId: string, span: Span) {
  return useQuery({
    queryKey: ["sensor-history", systemId, span],
    queryFn: () => get<LightsoutSensorHistory>(`${chassis(systemId)}/Oem/Lightsout/SensorHistory/${span}`),
    placeholderData: keepPreviousData,
    refetchInterval: LOOK_MS[span],
  });
}
