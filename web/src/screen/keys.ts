/** Key strokes for a screen: how text is typed on a US keyboard, and the combinations a browser keeps to itself. */
import { type Message } from "../words/i18n";

/** An X11 keysym with the physical key, as KeyboardEvent.code names it. */
export interface Key {
  keysym: number;
  code: string;
}

export interface Stroke extends Key {
  shift: boolean;
}

export const SHIFT: Key = { keysym: 0xffe1, code: "ShiftLeft" };

/** Physical key → what it types without and with Shift (US layout). */
const PRINTABLE: Record<string, string> = {
  Backquote: "`~",
  Digit1: "1!",
  Digit2: "2@",
  Digit3: "3#",
  Digit4: "4$",
  Digit5: "5%",
  Digit6: "6^",
  Digit7: "7&",
  Digit8: "8*",
  Digit9: "9(",
  Digit0: "0)",
  Minus: "-_",
  Equal: "=+",
  BracketLeft: "[{",
  BracketRight: "]}",
  Backslash: "\\|",
  Semicolon: ";:",
  Quote: "'\"",
  Comma: ",<",
  Period: ".>",
  Slash: "/?",
  Space: "  ",
};

const STROKES = new Map<string, Stroke>();
for (const letter of "abcdefghijklmnopqrstuvwxyz")
  PRINTABLE[`Key${letter.toUpperCase()}`] = letter + letter.toUpperCase();
for (const [code, characters] of Object.entries(PRINTABLE)) {
  const [plain = "", shifted = ""] = characters;
  STROKES.set(shifted, { keysym: shifted.charCodeAt(0), code, shift: true });
  STROKES.set(plain, { keysym: plain.charCodeAt(0), code, shift: false });
}
STROKES.set("\n", { keysym: 0xff0d, code: "Enter", shift: false });
STROKES.set("\t", { keysym: 0xff09, code: "Tab", shift: false });

export interface Typing {
  strokes: Stroke[];
  /** Characters that a US keyboard does not have, each once. */
  untypable: string[];
}

export function typing(text: string): Typing {
  const untypable = new Set<string>();
  const strokes: Stroke[] = [];
  for (const character of text.replace(/\r\n?/g, "\n")) {
    const stroke = STROKES.get(character);
    if (stroke === undefined) untypable.add(character);
    else strokes.push(stroke);
  }
  return { strokes, untypable: [...untypable] };
}

const CTRL: Key = { keysym: 0xffe3, code: "ControlLeft" };
const ALT: Key = { keysym: 0xffe9, code: "AltLeft" };
const SYSRQ: Key = { keysym: 0xff61, code: "PrintScreen" };

const functionKey = (number: number): Key => ({ keysym: 0xffbd + number, code: `F${number}` });
const character = (text: string): Key => STROKES.get(text) ?? SHIFT;

export interface Combination {
  /** The keys’ own names. */
  label: string;
  /** What comes of it, where the names do not tell. */
  does?: Message;
  keys: Key[];
}

/** Pressed in order, released in reverse. */
export const COMBINATIONS: { group: Message; items: Combination[] }[] = [
  {
    group: "Combinations",
    items: [
      { label: "Ctrl-Alt-Del", keys: [CTRL, ALT, { keysym: 0xffff, code: "Delete" }] },
      { label: "Ctrl-C", keys: [CTRL, character("c")] },
      { label: "Ctrl-D", keys: [CTRL, character("d")] },
      { label: "Alt-Tab", keys: [ALT, { keysym: 0xff09, code: "Tab" }] },
      { label: "Alt-F4", keys: [ALT, functionKey(4)] },
      ...[1, 2, 3, 7].map((number) => ({ label: `Ctrl-Alt-F${number}`, keys: [CTRL, ALT, functionKey(number)] })),
      { label: "SysRq-S", does: "sync", keys: [ALT, SYSRQ, character("s")] },
      { label: "SysRq-B", does: "reboot now", keys: [ALT, SYSRQ, character("b")] },
    ],
  },
  {
    group: "Keys",
    items: [
      { label: "Esc", keys: [{ keysym: 0xff1b, code: "Escape" }] },
      { label: "Tab", keys: [{ keysym: 0xff09, code: "Tab" }] },
      { label: "Enter", keys: [{ keysym: 0xff0d, code: "Enter" }] },
      { label: "Del", keys: [{ keysym: 0xffff, code: "Delete" }] },
      { label: "↑", keys: [{ keysym: 0xff52, code: "ArrowUp" }] },
      { label: "↓", keys: [{ keysym: 0xff54, code: "ArrowDown" }] },
      { label: "Super", keys: [{ keysym: 0xffeb, code: "MetaLeft" }] },
    ],
  },
  {
    group: "Function keys",
    items: Array.from({ length: 12 }, (_none, index) => ({ label: `F${index + 1}`, keys: [functionKey(index + 1)] })),
  },
];

export type SendKey = (keysym: number, code: string, down: boolean) => void;

export function press(send: SendKey, keys: Key[]): void {
  for (const { keysym, code } of keys) send(keysym, code, true);
  for (const { keysym, code } of [...keys].reverse()) send(keysym, code, false);
}

/** Slow enough for a firmware's keyboard driver and a guest's 16-byte buffer. */
const KEY_MS = 12;

/** Types strokes one by one; Shift is always pressed for its own sake, since guests lose an implied one. */
export async function type(
  send: SendKey,
  strokes: Stroke[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<void> {
  for (const [index, stroke] of strokes.entries()) {
    if (signal.aborted) return;
    press(send, stroke.shift ? [SHIFT, stroke] : [stroke]);
    onProgress(index + 1);
    await new Promise((resolve) => setTimeout(resolve, KEY_MS));
  }
}
