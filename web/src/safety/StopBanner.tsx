import { Banner, Button } from "@patternfly/react-core";
import BanIcon from "@patternfly/react-icons/dist/esm/icons/ban-icon";
import { useState } from "react";
import { useManager, useManagerActions } from "../api/manager";
import type { EmergencyStop } from "../api/types";
import { moment } from "../words/format";
import { lazyDialog } from "../shell/lazyDialog";
import { t } from "../words/i18n";
import "./safety.css";

const ReleaseDialog = lazyDialog(() => import("./ReleaseDialog"));

/** All hardware is held still: by whom, since when, why; and the way out, for who may take it. */
export function StopBanner() {
  const stop = useManager().data?.Oem?.Lightsout.EmergencyStop;
  return (
    <div role="alert" data-testid="stop-banner">
      {stop?.Pressed === true && <Pressed stop={stop} />}
    </div>
  );
}

function Pressed({ stop }: { stop: EmergencyStop }) {
  const [releasing, setReleasing] = useState(false);
  const mayRelease = useManagerActions()["#Lightsout.ReleaseEmergencyStop"] !== undefined;
  return (
    <Banner status="danger">
      <div className="lo-banner">
        <span>
          <BanIcon /> <strong>{t("Emergency stop: no real hardware moves.")}</strong>{" "}
          {t("{{account}} pressed it at {{time}}: {{reason}}.", {
            account: stop.Account,
            time: moment(stop.Since),
            reason: stop.Reason,
          })}{" "}
          {!mayRelease && t("Only an administrator can release it.")}
        </span>
        {mayRelease && (
          <Button variant="secondary" size="sm" onClick={() => setReleasing(true)} className="lo-on-danger">
            {t("Release…")}
          </Button>
        )}
      </div>
      {releasing && <ReleaseDialog onClose={() => setReleasing(false)} />}
    </Banner>
  );
}
