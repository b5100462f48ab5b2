import "@xterm/xterm/css/xterm.css";
import { useCallback, useEffect, useRef, useState } from "react";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { ConsoleOverlay } from "../console/ConsoleOverlay";
import { WhoTypes } from "../console/WhoTypes";
import { useConsoleLink } from "../console/useConsoleLink";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";
import { SerialToolbar } from "./SerialToolbar";
import { useTerminal } from "./useTerminal";

const encoder = new TextEncoder();

/** The node's serial console, beginning with what was printed before one came. */
export default function SerialConsole({ system }: { system: System }) {
  const { done, failed } = useNotices();
  const frame = useRef<HTMLDivElement>(null);
  const socketNow = useRef<WebSocket | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const [fit, setFit] = useState(true);

  const send = useCallback((data: Uint8Array<ArrayBuffer>) => {
    if (socketNow.current?.readyState === WebSocket.OPEN) socketNow.current.send(data);
  }, []);
  const mayType = useMayOperate();
  const hasKeyboard = useRef(false);
  const type = useCallback((text: string) => hasKeyboard.current && send(encoder.encode(text)), [send]);
  const terminal = useTerminal(place, fit, type);

  const attach = useCallback(
    (socket: WebSocket, ready: () => void) => {
      let history = true;
      socketNow.current = socket;
      socket.onopen = () => {
        terminal.restart();
        ready();
      };
      socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
        terminal.print(new Uint8Array(data), history);
        history = false;
      };
      return () => {
        socket.onmessage = null;
        socketNow.current = null;
      };
    },
    [terminal],
  );
  const uri = system.SerialConsole?.WebSocket.ConsoleURI;
  const { state, reconnect, audience, types, say } = useConsoleLink({ system, uri, viewOnly: !mayType, attach });
  useEffect(() => {
    hasKeyboard.current = types;
  }, [types]);

  const copy = () =>
    navigator.clipboard.writeText(terminal.text()).then(
      () => done(t("Copied")),
      (error: unknown) => failed(t("Not copied"), error instanceof Error ? error : new Error(String(error))),
    );
  return (
    <div ref={frame} className="lo-console">
      <SerialToolbar
        live={state.phase === "open"}
        mayType={mayType}
        types={types}
        who={<WhoTypes audience={audience} onTake={() => say("take")} />}
        fit={fit}
        onFit={setFit}
        onType={(text) => {
          type(text);
          terminal.focus();
        }}
        onBreak={() => say("break")}
        onCopy={() => void copy()}
        onClear={() => terminal.clear()}
        onFullscreen={() =>
          void (document.fullscreenElement ? document.exitFullscreen() : frame.current?.requestFullscreen())
        }
      />
      <div className="lo-terminal-place">
        <div ref={place} className={fit ? "lo-terminal" : "lo-terminal lo-native"} data-testid="serial" />
        <ConsoleOverlay system={system} state={state} reconnect={reconnect} />
      </div>
    </div>
  );
}
