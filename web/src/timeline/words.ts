/** What happened to a node, in words; and which of it tells who changed its power. */
import { DONE, type Happening } from "../api/timeline";
import type { System } from "../api/types";
import { targetWords } from "../node/targets";
import { actionWords, causeWords, powerWords } from "../power/words";
import { named, t, type Message } from "../words/i18n";
import { eventWords } from "./eventWords";

const KINDS: Record<string, Message> = {
  Power: "Power",
  Boot: "Boot",
  Media: "Media",
  Console: "Console",
  Job: "Jobs",
  Reservation: "Reservations",
  Health: "Health",
  SEL: "SEL",
  SignIn: "Sign-ins",
  Settings: "Settings",
};

export const kindWords = (kind: string) => named(KINDS, kind);

const DOORS: Record<string, Message> = {
  ipmi: "by IPMI",
  redfish: "by Redfish",
  web: "in the web console",
  cli: "by the command line",
  ssh: "by SSH",
  host: "by the server’s own software",
  job: "by a job",
  service: "by Lightsout itself",
};
const FROM: Record<string, Message> = {
  ipmi: "by IPMI from {{address}}",
  redfish: "by Redfish from {{address}}",
  web: "in the web console from {{address}}",
  cli: "by the command line from {{address}}",
  ssh: "by SSH from {{address}}",
};

/** By what way somebody came, and from where as far as the reader may know; empty if nobody knows. */
export function wayWords({ Door, Address }: { Door: string | null; Address: string | null }): string {
  const from = FROM[Door ?? ""];
  if (Address !== null && from !== undefined) return t(from, { address: Address });
  return named(DOORS, Door ?? "");
}

/** What an account asked for, after its name, by the action of the audit. */
const ASKED: Record<string, Message> = {
  power: "asked for: {{action}}",
  "confirm-power": "confirmed the power state: {{state}}",
  resume: "let it run on",
  "answer-assignment": "answered an assignment",
  "boot-override": "set the boot device: {{target}}",
  firmware: "chose the firmware {{mode}}",
  "insert-media": "inserted {{image}} into {{slot}}",
  "insert-deploy-medium": "inserted the deploy medium",
  "eject-media": "ejected a medium",
  "open-serial": "opened the serial console",
  "open-screen": "opened the screen",
  "take-keyboard": "took over the keyboard of a console",
  "download-serial-log": "downloaded the serial log",
  "read-serial-log": "read the serial log",
  reserve: "reserved it: {{reason}}",
  release: "released it",
  reinstall: "asked for a reinstall with {{image}}",
  rescue: "asked for a rescue",
  erase: "asked for a disk to be erased",
  inspect: "asked for an inspection",
  "delete-sel-entry": "deleted SEL record {{record}}",
  "resolve-sel-entry": "acknowledged SEL record {{record}}",
  "clear-sel": "cleared the SEL",
  "set-sel-clock": "set the clock of the SEL",
  "sign-in": "signed in",
  "sign-out": "signed out",
  identify: "switched the identify light",
  "restore-policy": "set the power restore policy",
  "set-watchdog": "set the watchdog",
  "set-sensor": "changed a sensor’s thresholds",
  "create-node": "added it",
  "change-node": "changed its definition",
};
const NOT_RESOLVED: Message = "took back the acknowledgement of SEL record {{record}}";
const WITH_NOTE: Message = "released it: {{note}}";

const WORDS: Record<string, (value: string) => string> = {
  action: (value) => actionWords(value).label,
  state: (value) => powerWords(value).label,
  target: targetWords,
};
const PLACE = /\{\{(\w+)\}\}/g;

/** Which texts and values come together, only the service knows. */
const say = t as (key: string, values: Record<string, unknown>) => string;

/** What was done, to follow the name of who did it; the service's own words where the page has none. */
function askedWords({ Message, Oem: { Lightsout: told } }: Happening): string {
  const { What, Details } = told;
  const otherwise = Message ?? "";
  const words =
    What === "resolve-sel-entry" && Details.resolved === false
      ? NOT_RESOLVED
      : What === "release" && Details.note !== undefined
        ? WITH_NOTE
        : ASKED[What];
  if (words === undefined) return otherwise;
  if ([...words.matchAll(PLACE)].some(([, name]) => Details[name ?? ""] === undefined)) return otherwise;
  const facts = Object.entries(Details).map(([name, value]): [string, unknown] => [
    name,
    typeof value === "string" ? (WORDS[name]?.(value) ?? value) : value,
  ]);
  return say(words, Object.fromEntries(facts));
}

const OUTCOMES: Record<string, Message> = {
  Denied: "not allowed",
  Busy: "something else was under way",
  WrongState: "not possible in that state",
  Refused: "refused",
  NotSupported: "not supported",
  Unreachable: "could not be reached",
  OutcomeUnknown: "nobody knows whether it was done",
  BackendFailed: "failed",
  TimedOut: "timed out",
  InvalidRequest: "the request was not valid",
  InvalidOptions: "the request was not valid",
  NotFound: "not there",
  failed: "failed",
  "asker left": "nobody waited for its end",
};

export const outcomeWords = (outcome: string) => named(OUTCOMES, outcome);

export const isDone = ({ Outcome }: { Outcome: string | null }) => Outcome === null || DONE.includes(Outcome);

/** Who did it, where the sentence does not say so itself; and the sentence. */
export function sentenceOf(entry: Happening): { who: string; what: string } {
  const told = entry.Oem.Lightsout;
  if (told.Source === "audit") return { who: told.Account ?? "", what: askedWords(entry) };
  return {
    who: "",
    what: eventWords({
      Message: entry.Message,
      ...(entry.MessageId !== undefined && { MessageId: entry.MessageId }),
      Oem: { Lightsout: { Node: nodeOf(entry), Account: told.Account, Details: told.Details } },
    }),
  };
}

const nodeOf = (entry: Happening) => decodeURIComponent(entry["@odata.id"].split("/")[4] ?? "");

interface PowerChange {
  change: Happening;
  /** Who asked for it, if anybody did. */
  asked: Happening | undefined;
}

const isChange = ({ Oem: { Lightsout: told } }: Happening) =>
  told.What === "power.changed" && (told.Details.to === "On" || told.Details.to === "Off");

const isRequest = ({ Oem: { Lightsout: told } }: Happening) =>
  isDone(told) && (told.What === "power" || (told.What === "power.action" && told.Outcome === "started"));

/** The last time that it came on or went off, of entries that are newest first. */
function lastChange(entries: Happening[]): PowerChange | undefined {
  const at = entries.findIndex(isChange);
  const change = entries[at];
  if (change === undefined) return undefined;
  const earlier = entries.slice(at + 1);
  // A cycle is asked for once and changes the state twice.
  const next = change.Oem.Lightsout.Details.cause === "command" ? -1 : earlier.findIndex(isChange);
  return { change, asked: (next === -1 ? earlier : earlier.slice(0, next)).find(isRequest) };
}

/** How a change came about. */
function howWords({ change, asked }: PowerChange): string {
  const cause = change.Oem.Lightsout.Details.cause;
  const seen = typeof cause === "string" ? causeWords(cause) : "";
  if (asked === undefined) return seen === "" ? t("as observed") : seen;
  const { Account, Details } = asked.Oem.Lightsout;
  const action = actionWords(String(Details.action)).label;
  const words = t("{{action}} by {{account}}", { action, account: Account ?? "" });
  const way = wayWords(asked.Oem.Lightsout);
  return way === "" ? words : t("{{words}}, {{way}}", { words, way });
}

export interface LastChange {
  state: string;
  /** A moment of RFC 3339. */
  since: string;
  how: string;
}

/** Since when the power is what it is, and how that came about, as far as it is known. */
export function lastChangeWords(system: System, entries: Happening[]): LastChange | undefined {
  const found = lastChange(entries);
  if (found !== undefined) {
    const { Created, Oem } = found.change;
    return { state: powerWords(String(Oem.Lightsout.Details.to)).label, since: Created, how: howWords(found) };
  }
  const { PowerSince, PowerCause } = system.Oem.Lightsout;
  if (PowerSince === null) return undefined;
  const cause = causeWords(PowerCause);
  const how =
    cause === ""
      ? t("nothing that changed it is among what is looked at")
      : t("{{cause}}; nothing more is among what is looked at", { cause });
  return { state: powerWords(system.PowerState).label, since: PowerSince, how };
}
