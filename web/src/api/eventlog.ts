/** What happened to a node lately, newest first. */
import { useQuery } from "@tanstack/react-query";
import { get } from "./http";
import type { LogEntry } from "./types";

export const eventLogKey = (systemId: string) => ["event-log", systemId] as const;

export function useEventLog(systemId: string, count = 20) {
  const path = `/redfish/v1/Systems/${encodeURIComponent(systemId)}/LogServices/EventLog/Entries?$top=${count}`;
  return useQuery({
    queryKey: eventLogKey(systemId),
    queryFn: async () => (await get<{ Members: LogEntry[] }>(path)).Members,
  });
}
