import RFB from "@novnc/novnc";
import { useCallback, useEffect, useRef, useState } from "react";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { ConsoleOverlay } from "../console/ConsoleOverlay";
import { download, stamped } from "../console/files";
import { toggleFullScreen } from "../console/fullScreen";
import { WhoTypes } from "../console/WhoTypes";
import { useLeaveKey } from "../console/leave";
import { LeaveHint } from "../console/LeaveHint";
import { useConsoleLink } from "../console/useConsoleLink";
import { whyMute } from "../console/words";
import { lazyDialog } from "../shell/lazyDialog";
import { useNotices } from "../shell/Notices";
import { bytes } from "../words/format";
import { t } from "../words/i18n";
import { ConfirmKeysDialog } from "./ConfirmKeysDialog";
import { press, type Combination } from "./keys";
import { PasteDialog } from "./PasteDialog";
import { MOST_BYTES } from "./recorder";
import { ScreenToolbar } from "./ScreenToolbar";
import { TouchKeys } from "./TouchKeys";
import { useRecording } from "./useRecording";
import "./screen.css";

const RecordingDialog = lazyDialog(() => import("./RecordingDialog"));

/** A device that is held in the hand has no keys of its own. */
const byTouch = () => window.matchMedia("(any-pointer: coarse)").matches;

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
  const [asked, setAsked] = useState<Combination | null>(null);
  /** Which recording is being looked at: the one just made, or one in a file. */
  const [opening, setOpening] = useState<"film" | "file" | null>(null);
  const canvas = useCallback(() => glass.current?.querySelector("canvas") ?? null, []);
  const { done } = useNotices();
  const onFull = useCallback(
    () =>
      done(t("The recording has ended at {{size}}. The button that began it shows it.", { size: bytes(MOST_BYTES) })),
    [done],
  );
  const recording = useRecording(system.Name, canvas, onFull);
  const record = () => {
    if (recording.since === null && recording.film === null) {
      recording.start();
      return;
    }
    recording.stop();
    setOpening("film");
  };

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
  useLeaveKey(frame);
  const pressAll = ({ keys }: Combination) => {
    press(send, keys);
    rfb?.focus();
  };
  const onPress = (combination: Combination) =>
    combination.loses === undefined ? pressAll(combination) : setAsked(combination);
  return (
    <div ref={frame} className="lo-console">
      <ScreenToolbar
        node={system.Id}
        live={rfb !== null}
        fit={fit}
        onFit={setFit}
        viewOnly={viewOnly}
        types={types}
        who={<WhoTypes audience={audience} onTake={() => say("take")} />}
        onViewOnly={mayOperate ? setWantsToLook : undefined}
        onPress={onPress}
        onPaste={() => setPasting(true)}
        onScreenshot={() => rfb?.toBlob((blob) => blob && download(blob, stamped(system.Name, "png")))}
        recording={recording.since}
        hasFilm={recording.film !== null}
        onRecord={record}
        onOpenRecording={() => setOpening("file")}
        onFullscreen={() => toggleFullScreen(frame.current)}
      />
      {mayOperate && byTouch() && <TouchKeys node={system.Name} isDisabled={rfb === null || !types} send={send} />}
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
      <LeaveHint />
      {pasting && (
        <PasteDialog name={system.Name} send={send} mute={whyMute(state, types)} onClose={() => setPasting(false)} />
      )}
      {asked !== null && (
        <ConfirmKeysDialog
          system={system}
          combination={asked}
          onSend={() => {
            pressAll(asked);
            setAsked(null);
          }}
          onClose={() => setAsked(null)}
        />
      )}
      {(opening === "file" || (opening === "film" && recording.film !== null)) && (
        <RecordingDialog
          recorded={opening === "film" ? recording.film : null}
          isSaved={recording.isSaved}
          onSave={recording.save}
          onDone={() => opening === "film" && recording.forget()}
          onClose={() => setOpening(null)}
        />
      )}
    </div>
  );
}
