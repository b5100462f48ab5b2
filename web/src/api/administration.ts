/** What administration reads and changes: accounts, keys, sessions, tokens, IPMI users, the certificate, hooks, logs. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { ADMINISTRATION } from "./administrationKey";
import { get, members } from "./http";
import type { Link, LogEntry, LogPage } from "./types";

export type { DeadLetter, Delivery, LightsoutToken as ApiToken, Scope } from "./lightsout";
export type {
  Certificate,
  CertificateService,
  EventDestination as Destination,
  EventService,
  Key as SshKey,
  Manager as Service,
  ManagerAccount as Account,
  ManagerNetworkProtocol as Protocols,
  Session as OpenSession,
} from "./redfish";
export type { AuditEntry } from "./types";

/** `every`: what changes without an event is read again so often, in milliseconds. */
export function useMembers<T extends Link>(path: string | undefined, every: number | false = false) {
  return useQuery({
    queryKey: [...ADMINISTRATION, path, "members"],
    queryFn: () => members<T>(path ?? ""),
    enabled: path !== undefined,
    refetchInterval: every,
  });
}

export function useResource<T>(path: string, every: number | false = false): UseQueryResult<T> {
  return useQuery({ queryKey: [...ADMINISTRATION, path], queryFn: () => get<T>(path), refetchInterval: every });
}

/** Whatever one thing changes may show in another: an account's role in its tokens, its end in the sessions. */
export function useChange<V, R = unknown>(change: (value: V) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => client.invalidateQueries({ queryKey: ADMINISTRATION }),
  });
}

export async function logPage<T>(log: string, filter: string, skip: number, top: number): Promise<LogPage<T>> {
  const wanted = filter === "" ? "" : `&$filter=${encodeURIComponent(filter)}`;
  return get<LogPage<T>>(`${log}/Entries?$skip=${skip}&$top=${top}${wanted}`);
}

const PAGE = 50;

/** Newest first, older ones on demand. What arrives meanwhile moves pages on, so that an entry may come twice. */
export function useLog(log: string, filter: string) {
  return useInfiniteQuery({
    queryKey: [...ADMINISTRATION, log, filter],
    queryFn: ({ pageParam }) => logPage<LogEntry>(log, filter, pageParam, PAGE),
    initialPageParam: 0,
    getNextPageParam: (last, pages) =>
      pages.length * PAGE < last["Members@odata.count"] && last.Members.length > 0 ? pages.length * PAGE : undefined,
    select: ({ pages }) => ({
      entries: [...new Map(pages.flatMap((page) => page.Members).map((entry) => [entry.Id, entry])).values()],
      total: pages.at(-1)?.["Members@odata.count"] ?? 0,
    }),
    placeholderData: (before) => before,
  });
}
