import { Button, Spinner } from "@patternfly/react-core";
import type { System } from "../api/types";
import { t } from "../words/i18n";
import type { LinkState } from "./link";
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

function Words({ system, state, reconnect }: ConsoleOverlayProps) {
  switch (state.phase) {
    case "off":
      return (
        <>
          <strong>{system.PowerState === "Off" ? t("{{node}} is off", { node: system.Name }) : t("No signal")}</strong>
          <span>{t("The console comes back by itself when the node is powered on.")}</span>
        </>
      );
    case "refused":
      return (
        <>
          <strong>{t("This console cannot be opened")}</strong>
          <span>{state.reason}</span>
          <Button variant="secondary" onClick={reconnect}>
            {t("Try again")}
          </Button>
        </>
      );
    case "lost":
      return (
        <>
          <Spinner size="lg" aria-label={t("Reconnecting")} aria-valuetext={t("Reconnecting")} />
          <strong>{t("Connection lost. Reconnecting…")}</strong>
          <Button variant="secondary" onClick={reconnect}>
            {t("Reconnect now")}
          </Button>
        </>
      );
    default:
      return (
        <>
          <Spinner size="lg" aria-label={t("Connecting")} aria-valuetext={t("Connecting")} />
          <strong>{t("Connecting…")}</strong>
        </>
      );
  }
}
