import { Button } from "@patternfly/react-core";
import HandPaperIcon from "@patternfly/react-icons/dist/esm/icons/hand-paper-icon";
import { useEffect, useState } from "react";
import { useManager, useManagerActions } from "../api/manager";
import { lazyDialog } from "../shell/lazyDialog";
import { t } from "../words/i18n";
import "./safety.css";

const load = () => import("./StopDialog");
const StopDialog = lazyDialog(load);

/** Presses the emergency stop, for who may; gone while it is pressed, which a banner tells. */
export function StopButton() {
  const offered = useManagerActions()["#Lightsout.EmergencyStop"] !== undefined;
  const pressed = useManager().data?.Oem?.Lightsout.EmergencyStop.Pressed === true;
  return offered && !pressed ? <Unpressed /> : null;
}

function Unpressed() {
  const [asking, setAsking] = useState(false);
  // It must be there when it is wanted.
  useEffect(() => void load().catch(() => undefined), []);
  return (
    <>
      <Button
        variant="danger"
        icon={<HandPaperIcon />}
        onClick={() => setAsking(true)}
        className="lo-stop"
        aria-label={t("Emergency stop")}
        data-testid="emergency-stop"
      >
        <span className="lo-wide">{t("Emergency stop")}</span>
        <span className="lo-narrow">{t("Stop")}</span>
      </Button>
      {asking && <StopDialog onClose={() => setAsking(false)} />}
    </>
  );
}
