import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { useEffect, useMemo, useRef, type RefObject } from "react";
import { t } from "../words/i18n";

const SCROLLBACK = 20_000;
/** What the far end of a serial line takes for granted: it is never told how large the terminal is. */
const COLUMNS = 80;
const ROWS = 24;
const LOOK = {
  fontFamily: '"Red Hat Mono", monospace',
  theme: {
    background: "#0d1117",
    foreground: "#e6edf3",
    cursor: "#ffd166",
    selectionBackground: "#35557f",
  },
};
/** Of a terminal in which nobody types. */
export const ONLY_SHOWS = { ...LOOK, cols: COLUMNS, rows: ROWS, fontSize: 13, disableStdin: true };

export interface SerialTerminal {
  /** Shows bytes. While it shows history, the terminal's own answers to old queries are not sent. */
  print: (data: Uint8Array, history: boolean) => void;
  /** Forget everything: what was printed comes again. */
  restart: () => void;
  clear: () => void;
  focus: () => void;
  /** Types a text as terminals do: with the marks of a paste, where the far end asked for them. */
  paste: (text: string) => void;
  /** The selection, or all there is. */
  text: () => string;
}

interface TerminalWanted {
  fit: boolean;
  fontSize: number;
  onType: (text: string) => void;
  /** Asked before a text is pasted by key or mouse; false keeps it back. Must keep its identity. */
  onPaste: (text: string) => boolean;
}

function wholeText(terminal: Terminal): string {
  const buffer = terminal.buffer.active;
  const lines = Array.from(
    { length: buffer.length },
    (_none, row) => buffer.getLine(row)?.translateToString(true) ?? "",
  );
  return lines.join("\n").trimEnd();
}

/** An xterm.js terminal in `place`, as large as its place when `fit` (never narrower than 80 columns), and 80 × 24 otherwise. */
export function useTerminal(
  place: RefObject<HTMLDivElement | null>,
  { fit, fontSize, onType, onPaste }: TerminalWanted,
): SerialTerminal {
  const current = useRef<Terminal | null>(null);
  const replaying = useRef(0);

  useEffect(() => {
    if (place.current === null) return;
    Terminal.strings.promptLabel = t("Serial console");
    const terminal = new Terminal({
      ...LOOK,
      scrollback: SCROLLBACK,
      cursorBlink: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
      screenReaderMode: false,
    });
    const box = place.current;
    terminal.open(box);
    const paste = (event: ClipboardEvent) => {
      if (onPaste(event.clipboardData?.getData("text") ?? "")) return;
      event.preventDefault();
      event.stopPropagation();
    };
    box.addEventListener("paste", paste, true);
    terminal.onData((text) => {
      if (replaying.current === 0) onType(text);
    });
    terminal.focus();
    current.current = terminal;
    return () => {
      current.current = null;
      box.removeEventListener("paste", paste, true);
      terminal.dispose();
    };
  }, [place, onType, onPaste]);

  useEffect(() => {
    const terminal = current.current;
    const box = place.current;
    if (terminal === null || box === null) return;
    terminal.options.fontSize = fontSize;
    if (!fit) {
      terminal.resize(COLUMNS, ROWS);
      return;
    }
    const addon = new FitAddon();
    terminal.loadAddon(addon);
    const observer = new ResizeObserver(() => {
      const room = addon.proposeDimensions();
      // What is not in sight has no size.
      if (room === undefined || Number.isNaN(room.cols) || Number.isNaN(room.rows)) return;
      terminal.resize(Math.max(COLUMNS, room.cols), room.rows);
    });
    observer.observe(box);
    return () => {
      observer.disconnect();
      addon.dispose();
    };
  }, [place, fit, fontSize, onType, onPaste]);

  return useMemo(
    () => ({
      print: (data, history) => {
        if (!history) {
          current.current?.write(data);
          return;
        }
        replaying.current += 1;
        current.current?.write(data, () => {
          replaying.current -= 1;
        });
      },
      restart: () => current.current?.reset(),
      clear: () => current.current?.clear(),
      focus: () => current.current?.focus(),
      paste: (text) => current.current?.paste(text),
      text: () => {
        const terminal = current.current;
        if (terminal === null) return "";
        return terminal.getSelection() || wholeText(terminal);
      },
    }),
    [],
  );
}
