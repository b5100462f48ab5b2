/** How a text is typed on the keyboard of some country. Keys are told by their place, and the node's own system gives them a meaning: it is the layout that is set there which counts. */
import type { Message } from "../words/i18n";
import type { Stroke } from "./keys";
import table from "./layouts.json";

export type Layout = keyof typeof table;

/** Each key's characters: alone, with Shift, with AltGr, with both. A combining character is a dead key. */
const TABLE: Record<Layout, Record<string, string[]>> = table;

export const LAYOUT_NAMES: Record<Layout, Message> = {
  us: "English (US)",
  gb: "English (UK)",
  de: "German",
  fr: "French",
  es: "Spanish",
  it: "Italian",
  se: "Swedish",
  ch: "Swiss (German)",
  "ch-fr": "Swiss (French)",
  jp: "Japanese",
  be: "Belgian",
  br: "Portuguese (Brazil)",
  dk: "Danish",
  fi: "Finnish",
  no: "Norwegian",
  pt: "Portuguese",
};

const CHOICE = "lightsout-keyboard";

/** What was chosen last in this browser. */
export function chosenLayout(): Layout {
  const chosen = localStorage.getItem(CHOICE) ?? "";
  return chosen in TABLE ? (chosen as Layout) : "us";
}

export const chooseLayout = (layout: Layout) => localStorage.setItem(CHOICE, layout);

/** In the order of their X11 keysyms. */
const DEAD = Array.from("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328");
const DEAD_GRAVE = 0xfe50;
/** What a dead key types with the space bar in every system. */
const ALONE: Record<string, string> = { "`": "\u0300", "^": "\u0302", "~": "\u0303" };

function keysymOf(character: string): number {
  const dead = DEAD.indexOf(character);
  if (dead >= 0) return DEAD_GRAVE + dead;
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? code : 0x1000000 + code;
}

const key = (keysym: number, code: string): Stroke => ({ keysym, code, shift: false, altGr: false });
const SPACE = key(0x20, "Space");

/** With as few modifiers as can be; the key beside the left Shift comes after those that every keyboard has. */
function rank(code: string, level: number): number {
  return (level >= 2 ? 8 : 0) + (code === "IntlBackslash" ? 4 : 0) + level;
}

function strokesOf(layout: Layout): Map<string, Stroke> {
  const found = new Map<string, Stroke>([
    ["\n", key(0xff0d, "Enter")],
    ["\t", key(0xff09, "Tab")],
    [" ", SPACE],
  ]);
  const ranks = new Map<string, number>();
  for (const [code, characters] of Object.entries(TABLE[layout]))
    for (const [level, character] of characters.entries()) {
      const now = rank(code, level);
      if (character === "" || (found.has(character) && now >= (ranks.get(character) ?? 0))) continue;
      ranks.set(character, now);
      found.set(character, { keysym: keysymOf(character), code, shift: level % 2 === 1, altGr: level >= 2 });
    }
  return found;
}

const made = new Map<Layout, Map<string, Stroke>>();

function known(layout: Layout): Map<string, Stroke> {
  const strokes = made.get(layout) ?? strokesOf(layout);
  made.set(layout, strokes);
  return strokes;
}

function typedAs(character: string, strokes: Map<string, Stroke>): Stroke[] | undefined {
  const whole = strokes.get(character);
  if (whole !== undefined) return [whole];
  const [letter = "", accent, ...more] =
    ALONE[character] === undefined ? character.normalize("NFD") : [" ", ALONE[character]];
  const [first, second] = [strokes.get(accent ?? ""), strokes.get(letter)];
  return first === undefined || second === undefined || more.length > 0 ? undefined : [first, second];
}

export interface Typing {
  strokes: Stroke[];
  /** Characters that the keyboard does not have, each once. */
  untypable: string[];
}

export function typing(text: string, layout: Layout): Typing {
  const table = known(layout);
  const untypable = new Set<string>();
  const strokes: Stroke[] = [];
  for (const character of text.replace(/\r\n?/g, "\n").normalize("NFC")) {
    const typed = typedAs(character, table);
    if (typed === undefined) untypable.add(character);
    else strokes.push(...typed);
  }
  return { strokes, untypable: [...untypable] };
}
