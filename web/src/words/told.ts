/** What the service says, in the viewer's language as far as there are words for it. */
import i18next from "i18next";
import { t, type Message } from "./i18n";

/** Which texts and values come together, only the service knows. */
const say = t as (key: string, values: Record<string, unknown>) => string;

/** Texts of the service, and the page's own for each, which take the groups of the former by name. */
export type Sentences = [told: RegExp, as: Message][];

/** What it says without a MessageId. */
const SENTENCES: Sentences = [
  [/^the user name or the password is wrong$/i, "The user name or the password is wrong."],
  [
    /^too many failed sign-ins; try again in (?<seconds>\d+) seconds$/,
    "Too many failed sign-ins; try again in {{seconds}} seconds.",
  ],
  [
    /^The session does not exist or has ended; sign in again\.$/,
    "The session does not exist or has ended; sign in again.",
  ],
  [
    /^Look at the server, then confirm its power state with the ConfirmPower action\.$/,
    "Look at the server, then confirm its power state with the ConfirmPower action.",
  ],
  [
    /^Mend what the message names, then change the node, which opens it again\.$/,
    "Mend what the message names, then change the node, which opens it again.",
  ],
  [/^Kept, but no server is called (?<name>\S+) yet\.$/, "Kept, but no server is called {{name}} yet."],
  [/^Kept, but no server has the tag (?<tag>.+) yet\.$/, "Kept, but no server has the tag {{tag}} yet."],
];

/** By the first that fits; a text that none fits stays as it is. */
export function inWords(text: string, sentences: Sentences): string {
  for (const [told, as] of sentences) {
    const found = told.exec(text);
    if (found !== null) return say(as, { ...found.groups });
  }
  return text;
}

export const sentence = (text: string) => inWords(text, SENTENCES);

/** "Base.1.22.PropertyUnknown" is "Base.PropertyUnknown" in the catalogue: registries only ever add. */
const keyOf = (messageId: string) => messageId.replace(/\.\d+\.\d+(\.\d+)?\./, ".");

/** A message, a condition, or an entry of a log. */
interface Told {
  Message: string | null;
  MessageId?: string;
  MessageArgs?: string[];
}

/**
 * One message. What is said so that there are words for it as it is has these. Else a catalogue has words for a
 * MessageId if English ones are not wanted; they take the message's arguments as {{1}}, {{2}}…, the `facts` of an event
 * by name, and the service's own words as {{message}}.
 */
export function told(info: Told, facts: Record<string, unknown> = {}): string {
  const key = keyOf(info.MessageId ?? "");
  const message = sentence(info.Message ?? "");
  if (message !== info.Message || !i18next.exists(key, facts)) return message;
  const numbered = Object.fromEntries((info.MessageArgs ?? []).map((argument, index) => [index + 1, argument]));
  return say(key, { ...facts, ...numbered, message });
}
