import "@xterm/xterm/css/xterm.css";
import { useCallback, useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { ConsoleOverlay } from "../console/ConsoleOverlay";
import { copyText } from "../console/files";
import { toggleFullScreen } from "../console/fullScreen";
import { WhoTypes } from "../console/WhoTypes";
import { useLeaveKey } from "../console/leave";
import { LeaveHint } from "../console/LeaveHint";
import { useConsoleLink } from "../console/useConsoleLink";
import { whyMute } from "../console/words";
import { lazyDialog } from "../shell/lazyDialog";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";
import { linesOf } from "./lines";
import { PasteLinesDialog } from "./PasteLinesDialog";
import { SerialToolbar } from "./SerialToolbar";
import { useTerminal } from "./useTerminal";

const SerialLogDialog = lazyDialog(() => import("./log/SerialLogDialog"));

const FONT = "lightsout-terminal-font";
const FONT_SIZES = { least: 8, usual: 14, most: 32 };

/** What was chosen last in this browser. */
function chosenFontSize(): number {
  const { least, usual, most } = FONT_SIZES;
  return Math.min(most, Math.max(least, Number(localStorage.getItem(FONT)) || usual));
}

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
  const [fontSize, setFontSize] = useState(chosenFontSize);
  /** Null while nothing is being pasted. */
  const [pasting, setPasting] = useState<string | null>(null);
  // The timeline leads to a moment of the log.
  const [search, setSearch] = useSearchParams();
  const at = search.get("at");
  const [looksBack, setLooksBack] = useState(at !== null);
  const onPaste = useCallback((text: string) => {
    const isFew = linesOf(text) === 1;
    if (!isFew) setPasting(text);
    return isFew;
  }, []);
  const terminal = useTerminal(place, { fit, fontSize, onType: type, onPaste });

  const attach = useCallback(
    (socket: WebSocket, ready: () => void) => {
      let history = true;
      socketNow.current = socket;
      socket.onopen = ready;
      socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
        if (history) terminal.restart();
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

  useLeaveKey(frame);
  const copy = () =>
    copyText(terminal.text()).then(
      () => done(t("Copied")),
      (error: unknown) => failed(t("Not copied"), error instanceof Error ? error : new Error(String(error))),
    );
  return (
    <div ref={frame} className="lo-console">
      <SerialToolbar
        node={system.Id}
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
        onFont={(by) => {
          const size = Math.min(FONT_SIZES.most, Math.max(FONT_SIZES.least, fontSize + by));
          localStorage.setItem(FONT, String(size));
          setFontSize(size);
        }}
        onPaste={() => setPasting("")}
        onLog={() => setLooksBack(true)}
        onBreak={() => say("break")}
        onCopy={() => void copy()}
        onClear={() => terminal.clear()}
        onFullscreen={() => toggleFullScreen(frame.current)}
      />
      <div className="lo-terminal-place">
        <div ref={place} className={fit ? "lo-terminal" : "lo-terminal lo-native"} data-testid="serial" />
        <ConsoleOverlay system={system} state={state} reconnect={reconnect} />
      </div>
      <LeaveHint />
      {pasting !== null && (
        <PasteLinesDialog
          node={system.Name}
          pasted={pasting}
          mute={whyMute(state, types)}
          onPaste={(text) => {
            setPasting(null);
            terminal.paste(text);
            terminal.focus();
          }}
          onClose={() => setPasting(null)}
        />
      )}
      {looksBack && (
        <SerialLogDialog
          system={system}
          upTo={at}
          onClose={() => {
            setLooksBack(false);
            if (at !== null) setSearch({}, { replace: true });
          }}
        />
      )}
    </div>
  );
}
