import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { useEffect, useMemo, useRef, type RefObject } from "react";
import { t } from "../words/i18n";

const SCROLLBACK = 20_000;
/** What the far end of a serial line takes for granted: it is never told how large the terminal is. */
const COLUMNS = 80;
const ROWS = 24;
const THEME = { background: "#0d1117", foreground: "#e6edf3", cursor: "#ffd166", selectionBackground: "#35557f" };

export interface SerialTerminal {
  /** Shows bytes. While it shows history, the terminal's own answers to old queries are not sent. */
  print: (data: Uint8Array, history: boolean) => void;
  /** Forget everything: what was printed comes again. */
  restart: () => void;
  clear: () => void;
  focus: () => void;
  /** The selection, or all there is. */
  text: () => string;
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
  fit: boolean,
  onType: (text: string) => void,
): SerialTerminal {
  const current = useRef<Terminal | null>(null);
  const replaying = useRef(0);

  useEffect(() => {
    if (place.current === null) return;
    Terminal.strings.promptLabel = t("Serial console");
    const terminal = new Terminal({
      scrollback: SCROLLBACK,
      fontFamily: '"Red Hat Mono", monospace',
      fontSize: 14,
      cursorBlink: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
      theme: THEME,
      screenReaderMode: false,
    });
    terminal.open(place.current);
    terminal.onData((text) => {
      if (replaying.current === 0) onType(text);
    });
    terminal.focus();
    current.current = terminal;
    return () => {
      current.current = null;
      terminal.dispose();
    };
  }, [place, onType]);

  useEffect(() => {
    const terminal = current.current;
    const box = place.current;
    if (terminal === null || box === null) return;
    if (!fit) {
      terminal.resize(COLUMNS, ROWS);
      return;
    }
    const addon = new FitAddon();
    terminal.loadAddon(addon);
    const observer = new ResizeObserver(() => {
      const room = addon.proposeDimensions();
      if (room !== undefined) terminal.resize(Math.max(COLUMNS, room.cols), room.rows);
    });
    observer.observe(box);
    return () => {
      observer.disconnect();
      addon.dispose();
    };
  }, [place, fit, onType]);

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
      text: () => {
        const terminal = current.current;
        if (terminal === null) return "";
        return terminal.getSelection() || wholeText(terminal);
      },
    }),
    [],
  );
}
