/** What happened to a node, and what its serial console printed meanwhile. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get } from "./http";
import { logPath } from "./paths";
import { anyContains, anyOf, created, equal, query, type Period } from "./query";
import type { Happening, LogPage, PlainEntry, System } from "./types";

export type { Happening } from "./types";

export const KINDS = [
  "Power",
  "Boot",
  "Media",
  "Console",
  "Job",
  "Reservation",
  "Health",
  "SEL",
  "SignIn",
  "Settings",
] as const;
export type Kind = (typeof KINDS)[number];

export interface Chosen {
  kind: string;
  text: string;
  period: Period;
}

/** The audit, of which a part of it is, makes no events. */
const LOOK_MS = 15_000;
/** How many entries of what was done to the power are sure to hold the last change and who asked for it. */
const POWER_ENTRIES = 40;
const OUTCOME = "Oem/Lightsout/Outcome";
/** The outcomes of what is done, or being done. */
export const DONE = ["ok", "done", "started"];
/** What changed the power, or was asked for to change it. */
const CHANGES = ["power.changed", "power.action", "power"];
/** Lines of the console that are shown between two entries. */
export const TAIL_LINES = 20;
const SEARCHED = ["Message", ...["Account", "Door", "Address", "Task", "What"].map((name) => `Oem/Lightsout/${name}`)];

export const timelineKey = (systemId: string) => ["timeline", systemId] as const;

const ofKind = (kind: string) => equal("Oem/Lightsout/Kind", kind);

/** The newest `top` of what was chosen, and how many there are. */
export function useTimeline(system: System, { kind, text, period }: Chosen, top: number) {
  return useQuery({
    queryKey: [...timelineKey(system.Id), kind, text, period, top],
    queryFn: async () => {
      const filter = [kind !== "" && ofKind(kind), text !== "" && anyContains(SEARCHED, text), ...created(period)];
      const answer = await get<LogPage<Happening>>(`${logPath(system, "Timeline")}/Entries${query({ top, filter })}`);
      return { entries: answer.Members, count: answer["Members@odata.count"] };
    },
    placeholderData: keepPreviousData,
    refetchInterval: LOOK_MS,
  });
}

/** What changed its power lately, newest first. What was refused is left out: any number of that may be newer. */
export function usePowerHistory(system: System) {
  const filter = [
    anyOf(CHANGES.map((what) => equal("Oem/Lightsout/What", what))),
    anyOf([`${OUTCOME} eq null`, ...DONE.map((outcome) => equal(OUTCOME, outcome))]),
  ];
  const path = `${logPath(system, "Timeline")}/Entries${query({ top: POWER_ENTRIES, filter })}`;
  return useQuery({
    queryKey: [...timelineKey(system.Id), "power"],
    queryFn: async () => (await get<LogPage<Happening>>(path)).Members,
    refetchInterval: LOOK_MS,
  });
}

/** The last lines of the serial console between two moments, oldest first, and how many there are. */
export function usePrinted(system: System, since: string | undefined, until: string | undefined) {
  const period = `${since ? `&since=${since}` : ""}${until ? `&until=${until}` : ""}`;
  const path = `${logPath(system, "SerialLog")}/Entries?$top=${TAIL_LINES}${period}`;
  return useQuery({
    queryKey: ["printed", system.Id, since, until],
    queryFn: async () => {
      const answer = await get<LogPage<PlainEntry>>(path);
      return { lines: [...answer.Members].reverse(), count: answer["Members@odata.count"] };
    },
    // What was printed before something else happened does not change.
    staleTime: until === undefined ? 0 : Infinity,
    ...(until === undefined && { refetchInterval: LOOK_MS }),
  });
}
