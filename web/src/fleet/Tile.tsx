import ExclamationCircleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon";
import ExclamationTriangleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon";
import LockIcon from "@patternfly/react-icons/dist/esm/icons/lock-icon";
import MapMarkerIcon from "@patternfly/react-icons/dist/esm/icons/map-marker-alt-icon";
import PauseCircleIcon from "@patternfly/react-icons/dist/esm/icons/pause-circle-icon";
import { memo } from "react";
import { Link } from "react-router";
import { useRunningTask } from "../api/tasks";
import type { System } from "../api/types";
import { nodePath } from "../node/address";
import { powerIcon } from "../power/PowerLabel";
import { healthOf, powerWords, reasonOf } from "../power/words";
import { kindWords } from "../reinstall/words";
import { percent } from "../words/format";
import { t } from "../words/i18n";
import { SelectNode } from "./FleetRow";
import type { Select } from "./useSelection";
import { valueWords } from "./words";

interface TileProps {
  system: System;
  isChosen: boolean;
  onSelect: Select | undefined;
}

/** One node in a grid: power, health and job, each by a shape and a word. Drawn again only when its own node has changed. */
export const Tile = memo(function Tile({ system, isChosen, onSelect }: TileProps) {
  const { label, look } = powerWords(system.PowerState);
  const health = healthOf(system);
  const ours = system.Oem.Lightsout;
  const HealthIcon = health === "Critical" ? ExclamationCircleIcon : ExclamationTriangleIcon;
  return (
    <div
      className="lo-tile"
      data-look={look}
      data-health={health}
      data-chosen={isChosen}
      data-testid={`node-${system.Id}`}
      title={reasonOf(system)}
    >
      {onSelect && <SelectNode system={system} isChosen={isChosen} onSelect={onSelect} />}
      <div className="lo-tile-words">
        <Link to={nodePath(system.Id)} className="lo-node-name">
          {system.Name}
        </Link>
        <div className="lo-tile-state">
          <span data-testid="power-state" data-power={system.PowerState ?? "Unknown"}>
            {powerIcon(look)} {label}
          </span>
          {health !== "OK" && (
            <span className="lo-tile-health" data-testid="health" data-health={health}>
              <HealthIcon /> {valueWords("health", health)}
            </span>
          )}
          {ours.Paused && <PauseCircleIcon role="img" aria-hidden={false} title={t("Paused")} />}
          {system.LocationIndicatorActive === true && (
            <MapMarkerIcon role="img" aria-hidden={false} title={t("Identify light is on")} />
          )}
          {ours.Reservation && !ours.Task && (
            <LockIcon
              role="img"
              aria-hidden={false}
              title={t("{{holder}}: {{reason}}", { holder: ours.Reservation.Holder, reason: ours.Reservation.Reason })}
            />
          )}
          {ours.Task && <TileJob system={system} />}
        </div>
      </div>
    </div>
  );
});

function TileJob({ system }: { system: System }) {
  const task = useRunningTask(system).data;
  const done = task?.PercentComplete ?? 0;
  return (
    <span className="lo-tile-job" style={{ backgroundSize: `${done}% 100%` }}>
      {task && kindWords(task.Oem?.Lightsout.Kind ?? "")} {percent(done)}
    </span>
  );
}
