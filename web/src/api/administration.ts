/** What administration reads and changes: accounts, keys, sessions, tokens, IPMI users, the certificate, hooks, logs. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { ADMINISTRATION } from "./administrationKey";
import { get, members } from "./http";
import type { ActionTarget, Collection, ExtendedMessage, Health, Link, LogEntry } from "./types";

const ROOT = "/redfish/v1";
export const ACCOUNTS = `${ROOT}/AccountService/Accounts`;
export const ROLES = `${ROOT}/AccountService/Roles`;
export const TOKENS = `${ROOT}/AccountService/Oem/Lightsout/Tokens`;
export const SESSIONS = `${ROOT}/SessionService/Sessions`;
export const SUBSCRIPTIONS = `${ROOT}/EventService/Subscriptions`;
export const SERVICE = `${ROOT}/Managers/Lightsout`;
export const CERTIFICATE = `${SERVICE}/NetworkProtocol/HTTPS/Certificates/1`;
export const CERTIFICATE_SERVICE = `${ROOT}/CertificateService`;
export const TEST_EVENT = `${ROOT}/EventService/Actions/EventService.SubmitTestEvent`;
export const ipmiUsers = (node: string) => `${ROOT}/Managers/${encodeURIComponent(node)}/RemoteAccountService/Accounts`;

export interface Scope {
  AllNodes: boolean;
  Nodes: string[];
  Tags: string[];
}

export interface Account extends Link {
  Id: string;
  UserName: string;
  RoleId: string;
  Enabled: boolean;
  Locked?: boolean;
  AccountTypes: string[];
  Keys?: Link;
  Oem?: { Lightsout?: { Scope?: Scope } };
}

export interface SshKey extends Link {
  Id: string;
  KeyString: string;
  UserDescription: string;
  SSH: { Fingerprint: string; Comment: string };
}

export interface OpenSession extends Link {
  Id: string;
  UserName: string;
  ClientOriginIPAddress: string;
  CreatedTime: string;
  Oem: { Lightsout: { Door: string; LastUsed: string } };
}

export interface ApiToken extends Link {
  Id: string;
  Name: string;
  Token: string | null;
  Account: string;
  RoleId: string;
  Scope: Scope;
  Created: string;
  Expires: string | null;
  LastUsed: string | null;
  LastAddress: string | null;
}

interface DistinguishedName {
  DisplayString?: string;
  CommonName?: string;
  AlternativeNames?: string[];
}

export interface Certificate extends Link {
  Subject: DistinguishedName;
  Issuer: DistinguishedName;
  ValidNotBefore: string;
  ValidNotAfter: string;
  Fingerprint: string;
  SerialNumber: string;
  CertificateString: string;
}

export interface CertificateService extends Link {
  Actions?: {
    "#CertificateService.GenerateCSR"?: ActionTarget;
    "#CertificateService.ReplaceCertificate"?: ActionTarget & { "CertificateType@Redfish.AllowableValues": string[] };
  };
}

export interface Delivery {
  Created: string;
  FirstEventId: string;
  Events: number;
  Message: string | null;
  Outcome: "Delivered" | "Failed" | "Dead";
  Reason: string | null;
  Milliseconds: number;
}

export interface DeadLetter {
  Created: string;
  Reason: string;
  EventsMissed: number | null;
  EventId: string | null;
  Event: { Events?: ExtendedMessage[] } | null;
}

export interface Destination extends Link {
  Id: string;
  Destination: string;
  Protocol: string;
  Context: string;
  DeliveryRetryPolicy?: string;
  VerifyCertificate?: boolean;
  Severities?: Health[];
  OriginResources?: Link[];
  Status: { State: string; Health: Health; Conditions?: ExtendedMessage[] };
  Actions?: {
    "#EventDestination.SuspendSubscription"?: ActionTarget;
    "#EventDestination.ResumeSubscription"?: ActionTarget;
  };
  Oem: {
    Lightsout: {
      EventsWaiting: number;
      Delivered: number;
      Deliveries: Delivery[];
      DeadLetters: DeadLetter[];
      Account: string | null;
      HmacSecretSet: boolean;
    };
  };
}

export interface AuditEntry extends LogEntry {
  Severity: Health;
  Oem: {
    Lightsout: {
      Account: string;
      Role: string;
      Door: string;
      Address: string | null;
      ApiToken: string | null;
      Action: string;
      TargetKind: string;
      Target: string | null;
      Outcome: string;
      Details: Record<string, unknown>;
    };
  };
}

export interface Service extends Link {
  FirmwareVersion: string;
  DateTime: string;
  LastResetTime: string;
  Oem: {
    Lightsout: { SSHHostKeyFingerprint: string | null; DiskSpace: { TotalBytes: number; FreeBytes: number } | null };
  };
}

interface Protocol {
  ProtocolEnabled: boolean;
  Port?: number;
}

export interface Protocols extends Link {
  HostName: string;
  HTTP: Protocol;
  HTTPS: Protocol;
  SSH: Protocol;
}

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

type Page<T> = Collection<T> & { "Members@odata.count": number };

export async function logPage<T>(log: string, filter: string, skip: number, top: number): Promise<Page<T>> {
  const wanted = filter === "" ? "" : `&$filter=${encodeURIComponent(filter)}`;
  return get<Page<T>>(`${log}/Entries?$skip=${skip}&$top=${top}${wanted}`);
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
      entries: [
        ...new Map(pages.flatMap((page) => page.Members as LogEntry[]).map((entry) => [entry.Id, entry])).values(),
      ],
      total: pages.at(-1)?.["Members@odata.count"] ?? 0,
    }),
    placeholderData: (before) => before,
  });
}
