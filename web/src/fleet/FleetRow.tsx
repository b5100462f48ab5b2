import { Checkbox } from "@patternfly/react-core";
import SearchLocationIcon from "@patternfly/react-icons/dist/esm/icons/map-marker-alt-icon";
import { Td, Tr } from "@patternfly/react-table";
import { memo, type MouseEvent } from "react";
import { Link } from "react-router";
import type { System } from "../api/types";
import { nodePath } from "../node/address";
import { HealthLabel } from "../power/HealthLabel";
import { PowerLabel } from "../power/PowerLabel";
import { reasonOf } from "../power/words";
import { memory } from "../words/format";
import { t } from "../words/i18n";
import { Activity } from "./Activity";
import { RowPower } from "./RowPower";
import type { Select } from "./useSelection";

interface FleetRowProps {
  system: System;
  index: number;
  measure: (row: HTMLElement | null) => void;
  isChosen: boolean;
  onSelect: Select | undefined;
}

/** Drawn again only when its own node has changed. */
export const FleetRow = memo(function FleetRow({ system, index, measure, isChosen, onSelect }: FleetRowProps) {
  const ours = system.Oem.Lightsout;
  const reason = reasonOf(system);
  return (
    <Tr ref={measure} data-index={index} aria-rowindex={index + 2} data-testid={`node-${system.Id}`}>
      {onSelect && (
        <Td className="lo-select">
          <SelectNode system={system} isChosen={isChosen} onSelect={onSelect} />
        </Td>
      )}
      <Td dataLabel={t("Node")} modifier="breakWord">
        <div>
          <Link to={nodePath(system.Id)} className="lo-node-name">
            {system.Name}
          </Link>
          {system.LocationIndicatorActive === true && (
            <SearchLocationIcon
              className="lo-identify"
              role="img"
              aria-hidden={false}
              title={t("Identify light is on")}
            />
          )}
        </div>
        <div className="lo-muted">{describe(system)}</div>
      </Td>
      <Td dataLabel={t("Power")}>
        <span className="lo-labels">
          <PowerLabel system={system} />
        </span>
      </Td>
      <Td dataLabel={t("Health")} modifier="breakWord">
        <span className="lo-labels">
          <HealthLabel system={system} />
        </span>
        {reason !== "" && <div className="lo-reason">{reason}</div>}
      </Td>
      <Td dataLabel={t("Image")} modifier="breakWord" className={ours.InstalledImage ? "" : "lo-nothing"}>
        <InstalledImage system={system} />
      </Td>
      <Td dataLabel={t("Activity")} modifier="breakWord" className={ours.Task || ours.Reservation ? "" : "lo-nothing"}>
        <Activity system={system} />
      </Td>
      <Td dataLabel="IPMI" modifier="breakWord">
        {ours.IPMI ? (
          <code>
            {ours.IPMI.Host}:{ours.IPMI.Port}
          </code>
        ) : (
          <span className="lo-muted">–</span>
        )}
      </Td>
      <Td isActionCell>
        <RowPower system={system} />
      </Td>
    </Tr>
  );
});

interface SelectNodeProps {
  system: System;
  isChosen: boolean;
  onSelect: Select;
}

export function SelectNode({ system, isChosen, onSelect }: SelectNodeProps) {
  return (
    <Checkbox
      id={`select-${system.Id}`}
      aria-label={t("Select {{node}}", { node: system.Name })}
      isChecked={isChosen}
      // Only a click tells of Shift; the change comes with it, from the keyboard as well.
      onClick={(event: MouseEvent<HTMLInputElement>) => onSelect(system.Id, !isChosen, event.shiftKey)}
      onChange={() => undefined}
    />
  );
}

function InstalledImage({ system }: { system: System }) {
  const image = system.Oem.Lightsout.InstalledImage ?? "";
  return image === "" ? <span className="lo-muted">{t("none known")}</span> : image;
}

/** What kind of machine it is, in a few words. */
function describe(system: System): string {
  const cpus = system.ProcessorSummary?.CoreCount;
  const gibibytes = system.MemorySummary?.TotalSystemMemoryGiB;
  return [
    system.SystemType === "Virtual" ? t("Virtual") : (system.Model ?? system.SystemType),
    cpus ? t("{{count}} CPUs", { count: cpus }) : "",
    gibibytes ? memory(gibibytes) : "",
    ...system.Oem.Lightsout.Tags,
  ]
    .filter(Boolean)
    .join(" · ");
}
