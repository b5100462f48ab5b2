/** A node's System Event Log, which IPMI clients read as well. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, patch, post } from "./http";
import { logPath } from "./paths";
import { anyContains, created, equal, query, type Period } from "./query";
import type { LogService } from "./redfish";
import type { LogPage, PlainEntry, System } from "./types";

export type { PlainEntry as SelEntry } from "./types";

export interface Chosen {
  severity: string;
  /** "true", "false", or empty for both. */
  resolved: string;
  text: string;
  period: Period;
}

export const selKey = (systemId: string) => ["sel", systemId] as const;

const conditions = ({ severity, resolved, text, period }: Chosen) => [
  severity !== "" && equal("Severity", severity),
  resolved !== "" && `Resolved eq ${resolved}`,
  text !== "" && anyContains(["Message", "SensorType", "EntryCode"], text),
  ...created(period),
];

export function useSelService(system: System) {
  return useQuery({
    queryKey: [...selKey(system.Id), "service"],
    queryFn: () => get<LogService>(logPath(system, "SEL")),
  });
}

/** The records that were chosen, newest first; a log has no more than 1,024. */
export function useSel(system: System, chosen: Chosen) {
  return useQuery({
    queryKey: [...selKey(system.Id), chosen],
    queryFn: async () => {
      const address = `${logPath(system, "SEL")}/Entries${query({ filter: conditions(chosen) })}`;
      return (await get<LogPage<PlainEntry>>(address)).Members;
    },
    placeholderData: keepPreviousData,
  });
}

/** Where the file is that has what was chosen and nothing else. */
export const exportAddress = (uri: string, chosen: Chosen) => `${uri}${query({ filter: conditions(chosen) })}`;

export function useResolve(systemId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (entry: PlainEntry) => patch(entry["@odata.id"], { Resolved: !entry.Resolved }),
    onSettled: () => client.invalidateQueries({ queryKey: selKey(systemId) }),
  });
}

export function useClearSel(systemId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (target: string) => post(target),
    onSettled: () => client.invalidateQueries({ queryKey: selKey(systemId) }),
  });
}
