import RFB from "@novnc/novnc";
import { useCallback, useEffect, useRef, useState } from "react";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { ConsoleOverlay } from "../console/ConsoleOverlay";
import { WhoTypes } from "../console/WhoTypes";
import { useConsoleLink } from "../console/useConsoleLink";
import { t } from "../words/i18n";
import { press, type Key } from "./keys";
import { PasteDialog } from "./PasteDialog";
import { ScreenToolbar } from "./ScreenToolbar";

function download(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

function view(rfb: RFB, fit: boolean, viewOnly: boolean): void {
  rfb.scaleViewport = fit;
  rfb.viewOnly = viewOnly;
}

/** The node's screen, keyboard and mouse. */
export default function ScreenConsole({ system }: { system: System }) {
  const frame = useRef<HTMLDivElement>(null);
  const glass = useRef<HTMLDivElement>(null);
  const [rfb, setRfb] = useState<RFB | null>(null);
  const [fit, setFit] = useState(true);
  const mayOperate = useMayOperate();
  const [wantsToLook, setWantsToLook] = useState(false);
  const viewOnly = wantsToLook || !mayOperate;
  const [pasting, setPasting] = useState(false);

  const attach = useCallback((socket: WebSocket, ready: () => void) => {
    if (glass.current === null) return () => undefined;
    const opened = new RFB(glass.current, socket, { shared: true });
    let over = false;
    opened.background = "transparent";
    opened.addEventListener("connect", () => {
      setRfb(opened);
      ready();
      opened.focus({ preventScroll: true });
    });
    opened.addEventListener("disconnect", () => {
      over = true;
    });
    return () => {
      setRfb(null);
      if (!over) opened.disconnect();
    };
  }, []);

  const uri = system.Oem.Lightsout.ScreenURI ?? `/console/${encodeURIComponent(system.Id)}/screen`;
  const { state, reconnect, audience, types, say } = useConsoleLink({
    system,
    uri: system.PowerState === "Off" ? undefined : uri,
    viewOnly,
    protocol: "binary",
    attach,
  });

  useEffect(() => {
    if (rfb !== null) view(rfb, fit, !types);
  }, [rfb, fit, types]);

  const send = useCallback((keysym: number, code: string, down: boolean) => rfb?.sendKey(keysym, code, down), [rfb]);
  const onPress = (keys: Key[]) => {
    press(send, keys);
    rfb?.focus();
  };
  return (
    <div ref={frame} className="lo-console">
      <ScreenToolbar
        live={rfb !== null}
        fit={fit}
        onFit={setFit}
        viewOnly={viewOnly}
        types={types}
        who={<WhoTypes audience={audience} onTake={() => say("take")} />}
        onViewOnly={mayOperate ? setWantsToLook : undefined}
        onPress={onPress}
        onPaste={() => setPasting(true)}
        onScreenshot={() =>
          rfb?.toBlob(
            (blob) => blob && download(blob, `${system.Name}-${new Date().toISOString().replaceAll(":", "")}.png`),
          )
        }
        onFullscreen={() =>
          void (document.fullscreenElement ? document.exitFullscreen() : frame.current?.requestFullscreen())
        }
      />
      <div className="lo-glass-place">
        <div
          ref={glass}
          className={fit ? "lo-glass" : "lo-glass lo-native"}
          data-testid="screen"
          aria-label={t("Screen of {{node}}", { node: system.Name })}
          role="application"
        />
        <ConsoleOverlay system={system} state={state} reconnect={reconnect} />
      </div>
      {pasting && (
        <PasteDialog
          name={system.Name}
          send={send}
          appendTo={() => frame.current ?? document.body}
          onClose={() => setPasting(false)}
        />
      )}
    </div>
  );
}
