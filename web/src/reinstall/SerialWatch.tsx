import "@xterm/xterm/css/xterm.css";
import { Terminal } from "@xterm/xterm";
import { useCallback, useEffect, useRef } from "react";
import type { System } from "../api/types";
import { useConsoleLink } from "../console/useConsoleLink";
import { consoleWords } from "../console/words";
import { ONLY_SHOWS } from "../serial/useTerminal";
import { t } from "../words/i18n";

/** The serial line beside something else: nobody types in it, and it takes neither the keyboard nor the focus. */
export default function SerialWatch({ system }: { system: System }) {
  const place = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal | null>(null);
  useEffect(() => {
    if (place.current === null) return;
    const opened = new Terminal({ ...ONLY_SHOWS, scrollback: 2000 });
    opened.open(place.current);
    // It would be one more stop of the Tab key, with nothing to do there.
    opened.textarea?.setAttribute("tabindex", "-1");
    terminal.current = opened;
    return () => {
      terminal.current = null;
      opened.dispose();
    };
  }, []);

  const attach = useCallback((socket: WebSocket, ready: () => void) => {
    let isFirst = true;
    socket.onopen = ready;
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      if (isFirst) terminal.current?.reset();
      isFirst = false;
      terminal.current?.write(new Uint8Array(data));
    };
    return () => {
      socket.onmessage = null;
    };
  }, []);
  const uri = system.SerialConsole?.WebSocket.ConsoleURI;
  const { state } = useConsoleLink({ system, uri, viewOnly: true, attach });
  const { title, text } = consoleWords(system, state);
  return (
    <>
      <div
        ref={place}
        className="lo-watch"
        role="region"
        tabIndex={0}
        aria-label={t("Serial console of {{node}}, only to watch", { node: system.Name })}
        data-testid="job-serial"
        data-phase={state.phase}
      />
      <p className="lo-muted" role="status">
        {state.phase === "open" ? t("Only to watch. The tab Serial is for typing.") : `${title}${text && `: ${text}`}`}
      </p>
    </>
  );
}
