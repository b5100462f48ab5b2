/** Key strokes for a screen, and the combinations that a browser keeps to itself. */
import { pause } from "../api/pause";
import type { Message } from "../words/i18n";

/** An X11 keysym with the physical key, as KeyboardEvent.code names it. */
export interface Key {
  keysym: number;
  code: string;
}

export interface Stroke extends Key {
  shift: boolean;
  altGr: boolean;
}

export const SHIFT: Key = { keysym: 0xffe1, code: "ShiftLeft" };
const ALTGR: Key = { keysym: 0xfe03, code: "AltRight" };

export const CTRL: Key = { keysym: 0xffe3, code: "ControlLeft" };
export const ALT: Key = { keysym: 0xffe9, code: "AltLeft" };
export const SUPER: Key = { keysym: 0xffeb, code: "MetaLeft" };
const SYSRQ: Key = { keysym: 0xff61, code: "PrintScreen" };

const functionKey = (number: number): Key => ({ keysym: 0xffbd + number, code: `F${number}` });
const letter = (name: string): Key => ({ keysym: name.charCodeAt(0), code: `Key${name.toUpperCase()}` });

export interface Combination {
  /** The keys’ own names. */
  label: string;
  /** What comes of it, where the names do not tell. */
  does?: Message;
  /** What is lost by it: it is asked about before. */
  loses?: Message;
  keys: Key[];
}

export const CTRL_ALT_DEL: Combination = {
  label: "Ctrl-Alt-Del",
  loses: "Most systems restart at once, and what was not saved is lost. Windows shows its sign-in screen.",
  keys: [CTRL, ALT, { keysym: 0xffff, code: "Delete" }],
};

/** Pressed in order, released in reverse. */
export const COMBINATIONS: { group: Message; items: Combination[] }[] = [
  {
    group: "Combinations",
    items: [
      CTRL_ALT_DEL,
      { label: "Ctrl-C", keys: [CTRL, letter("c")] },
      { label: "Ctrl-D", keys: [CTRL, letter("d")] },
      { label: "Alt-Tab", keys: [ALT, { keysym: 0xff09, code: "Tab" }] },
      { label: "Alt-F4", keys: [ALT, functionKey(4)] },
      ...[1, 2, 3, 4, 5, 6, 7].map((number) => ({
        label: `Ctrl-Alt-F${number}`,
        keys: [CTRL, ALT, functionKey(number)],
      })),
      { label: "SysRq-S", does: "sync", keys: [ALT, SYSRQ, letter("s")] },
      { label: "SysRq-U", does: "disks read-only", keys: [ALT, SYSRQ, letter("u")] },
      {
        label: "SysRq-B",
        does: "reboot now",
        loses: "Linux restarts at once, without writing to the disks what is in memory. Send SysRq-S first.",
        keys: [ALT, SYSRQ, letter("b")],
      },
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
      { label: "Super", keys: [SUPER] },
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

/** Modifiers are pressed for their own sake, since guests lose implied ones. */
export const strike = (send: SendKey, stroke: Stroke) =>
  press(send, [...(stroke.shift ? [SHIFT] : []), ...(stroke.altGr ? [ALTGR] : []), stroke]);

/** Types strokes one by one. */
export async function type(
  send: SendKey,
  strokes: Stroke[],
  delayMs: number,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<void> {
  for (const [index, stroke] of strokes.entries()) {
    if (signal.aborted) return;
    strike(send, stroke);
    onProgress(index + 1);
    await pause(delayMs, signal);
  }
}
