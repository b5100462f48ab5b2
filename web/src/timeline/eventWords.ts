/** An event of a node's log in words. */
import type { LightsoutLogEntry } from "../api/lightsout";
import type { LogEntry } from "../api/types";
import { actionWords, causeWords, powerWords } from "../power/words";
import { kindWords, stepWords } from "../reinstall/words";
import { t } from "../words/i18n";
import { told } from "../words/told";
import { targetWords } from "../node/targets";

/** The facts that are words of a table; the others are names and numbers. */
const WORDS: Record<string, (value: string) => string> = {
  action: (value) => actionWords(value).label,
  from: (value) => powerWords(value).label,
  to: (value) => powerWords(value).label,
  cause: (value) => causeWords(value) || t("as observed"),
  target: targetWords,
  kind: kindWords,
  step: stepWords,
};
/** Those by which a catalogue may tell one kind of event in several ways. */
const HOW = ["outcome", "on", "enabled", "state", "to"];

/** As much of an entry as its words are made of. */
type Told = Pick<LogEntry, "Message" | "MessageId" | "MessageArgs"> & {
  Oem?: { Lightsout: Pick<LightsoutLogEntry, "Node" | "Account" | "Details"> };
};

export function eventWords(entry: Told): string {
  const { Node: node, Account: account, Details: details = {} } = entry.Oem?.Lightsout ?? {};
  const facts = Object.entries(details).map(([name, value]): [string, unknown] => [
    name,
    typeof value === "string" ? (WORDS[name]?.(value) ?? value) : value,
  ]);
  const how = HOW.find((name) => name in details);
  const context = how === undefined ? undefined : String(details[how]);
  return told(entry, { ...Object.fromEntries(facts), node, account, context });
}
