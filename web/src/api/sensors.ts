/** What a node's sensors read, and what they read before. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get, members } from "./http";
import type { Health, Link } from "./types";

export const THRESHOLDS = [
  "LowerFatal",
  "LowerCritical",
  "LowerCaution",
  "UpperCaution",
  "UpperCritical",
  "UpperFatal",
] as const;
export type ThresholdName = (typeof THRESHOLDS)[number];

export interface Sensor extends Link {
  Id: string;
  Name: string;
  Reading: number | null;
  ReadingUnits: string;
  Thresholds?: Partial<Record<ThresholdName, { Reading: number | null }>>;
  Status?: { State?: string; Health?: Health | null };
  ReadingTime?: string;
}

export interface Series {
  Sensor: Link;
  Readings: (number | null)[];
  Minima?: (number | null)[];
  Maxima?: (number | null)[];
}

export interface History {
  Start: string;
  IntervalSeconds: number;
  Sensors: Series[];
}

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
    queryFn: () => get<History>(`${chassis(systemId)}/Oem/Lightsout/SensorHistory/${span}`),
    placeholderData: keepPreviousData,
    refetchInterval: LOOK_MS[span],
  });
}
