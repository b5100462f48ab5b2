/** What the senses of a node say, and what became of its last power action, in words. */
import type { LastPowerAction, Sense, System } from "../api/types";
import { duration } from "../words/format";
import { actionWords } from "./words";

export type SenseLook = "on" | "off" | "unknown";

const SAYS: Record<string, { says: string; look: SenseLook }> = {
  On: { says: "On", look: "on" },
  Off: { says: "Off", look: "off" },
};

export interface SenseWords {
  says: string;
  look: SenseLook;
  /** Why its word does not count, or does not prevail; empty when it counts and prevails. */
  objection: string;
}

export function senseWords(sense: Sense, system: System): SenseWords {
  const words = SAYS[sense.PowerState ?? ""];
  if (words === undefined) return { says: "Cannot tell", look: "unknown", objection: "Has no vote." };
  if (!sense.Counts)
    return { ...words, objection: "Has no vote: the senses of its failure domain contradict each other." };
  const believed = system.PowerState;
  const outvoted = (believed === "On" || believed === "Off") && believed !== sense.PowerState;
  return { ...words, objection: outvoted ? `Outvoted: ${system.Name} is believed to be ${believed}.` : "" };
}

/** The senses by what they fail together with, each group in the order in which the service tells them. */
export function byDomain(senses: Sense[]): [domain: string, senses: Sense[]][] {
  const groups = new Map<string, Sense[]>();
  for (const sense of senses) groups.set(sense.FailureDomain, [...(groups.get(sense.FailureDomain) ?? []), sense]);
  return [...groups];
}

const OUTCOMES: Record<string, { text: string; status: "success" | "warning" | "danger" | "info" }> = {
  done: { text: "Done", status: "success" },
  failed: { text: "Failed", status: "danger" },
  "timed out": { text: "Timed out", status: "warning" },
  superseded: { text: "Another action took its place", status: "info" },
  unknown: { text: "Nobody knows whether it was done", status: "warning" },
};

export function outcomeWords({ Outcome }: LastPowerAction): (typeof OUTCOMES)[string] {
  if (Outcome === null) return { text: "Under way", status: "info" };
  return OUTCOMES[Outcome] ?? { text: Outcome, status: "warning" };
}

/** "Force off by olga, took 4 s": what was asked, by whom, and how long it was under way. */
export function actionSummary({ ResetType, Account, Started, Ended }: LastPowerAction): string {
  const took = Ended === null ? "" : `, took ${duration(new Date(Ended).getTime() - new Date(Started).getTime())}`;
  return `${actionWords(ResetType).label} by ${Account}${took}`;
}
