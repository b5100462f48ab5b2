/** What the senses of a node say, and what became of its last power action, in words. */
import type { LastPowerAction, Sense, System } from "../api/types";
import { duration } from "../words/format";
import { t, type Message } from "../words/i18n";
import { actionWords, powerWords } from "./words";

export type SenseLook = "on" | "off" | "unknown";

const SAYS: Record<string, { says: Message; look: SenseLook }> = {
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
  const known = SAYS[sense.PowerState ?? ""];
  if (known === undefined) return { says: t("Cannot tell"), look: "unknown", objection: t("Has no vote.") };
  const words = { says: t(known.says), look: known.look };
  if (!sense.Counts)
    return { ...words, objection: t("Has no vote: the senses of its failure domain contradict each other.") };
  const believed = system.PowerState;
  const outvoted = (believed === "On" || believed === "Off") && believed !== sense.PowerState;
  if (!outvoted) return { ...words, objection: "" };
  const state = powerWords(believed).label;
  return { ...words, objection: t("Outvoted: {{node}} is believed to be {{state}}.", { node: system.Name, state }) };
}

/** The senses by what they fail together with, each group in the order in which the service tells them. */
export function byDomain(senses: Sense[]): [domain: string, senses: Sense[]][] {
  const groups = new Map<string, Sense[]>();
  for (const sense of senses) groups.set(sense.FailureDomain, [...(groups.get(sense.FailureDomain) ?? []), sense]);
  return [...groups];
}

type OutcomeStatus = "success" | "warning" | "danger" | "info";

const OUTCOMES: Record<string, { text: Message; status: OutcomeStatus }> = {
  done: { text: "Done", status: "success" },
  failed: { text: "Failed", status: "danger" },
  "timed out": { text: "Timed out", status: "warning" },
  superseded: { text: "Another action took its place", status: "info" },
  unknown: { text: "Nobody knows whether it was done", status: "warning" },
};

export function outcomeWords({ Outcome }: LastPowerAction): { text: string; status: OutcomeStatus } {
  if (Outcome === null) return { text: t("Under way"), status: "info" };
  const words = OUTCOMES[Outcome];
  return words === undefined ? { text: Outcome, status: "warning" } : { text: t(words.text), status: words.status };
}

/** "Force off by olga, took 4 sec": what was asked, by whom, and how long it was under way. */
export function actionSummary({ ResetType, Account, Started, Ended }: LastPowerAction): string {
  const asked = { action: actionWords(ResetType).label, account: Account };
  if (Ended === null) return t("{{action}} by {{account}}", asked);
  const time = duration(new Date(Ended).getTime() - new Date(Started).getTime());
  return t("{{action}} by {{account}}, took {{time}}", { ...asked, time });
}
