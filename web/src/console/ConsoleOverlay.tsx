import { Button, Spinner } from "@patternfly/react-core";
import type { System } from "../api/types";
import { t, type Message } from "../words/i18n";
import type { LinkState } from "./link";
import { consoleWords } from "./words";
import "./console.css";

interface ConsoleOverlayProps {
  system: System;
  state: LinkState;
  reconnect: () => void;
}

/** What lies over a console that shows nothing, and why. */
export function ConsoleOverlay({ system, state, reconnect }: ConsoleOverlayProps) {
  return (
    <div role="status" aria-live="polite" data-testid="console-state" data-phase={state.phase}>
      {state.phase === "open" && system.PowerState === "Off" && (
        <div className="lo-console-note">
          {t("{{node}} is off. This is what it printed last.", { node: system.Name })}
        </div>
      )}
      {state.phase !== "open" && (
        <div className="lo-overlay">
          <Words system={system} state={state} reconnect={reconnect} />
        </div>
      )}
    </div>
  );
}

const ASK: Partial<Record<LinkState["phase"], Message>> = { refused: "Try again", lost: "Reconnect now" };

function Words({ system, state, reconnect }: ConsoleOverlayProps) {
  const { title, text } = consoleWords(system, state);
  const ask = ASK[state.phase];
  const waits = state.phase === "lost" ? t("Reconnecting") : t("Connecting");
  return (
    <>
      {(state.phase === "lost" || state.phase === "connecting") && (
        <Spinner size="lg" aria-label={waits} aria-valuetext={waits} />
      )}
      <strong>{title}</strong>
      {text !== "" && <span>{text}</span>}
      {ask !== undefined && (
        <Button variant="secondary" onClick={reconnect}>
          {t(ask)}
        </Button>
      )}
    </>
  );
}
