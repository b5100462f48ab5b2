import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { Link } from "react-router";
import type { System } from "../api/types";
import { HealthLabel } from "../power/HealthLabel";
import { PowerLabel } from "../power/PowerLabel";
import { PowerMenu } from "../power/PowerMenu";
import { usePowerControl } from "../power/usePowerControl";
import { reasonOf } from "../power/words";
import { memory } from "../words/format";
import { t } from "../words/i18n";
import { Activity } from "./Activity";

/** All nodes; on a phone each row is a card. */
export function FleetTable({ systems }: { systems: System[] }) {
  return (
    <Table aria-label={t("Nodes")} variant="compact" gridBreakPoint="grid-lg" className="lo-fleet">
      <Thead>
        <Tr>
          <Th width={20}>{t("Node")}</Th>
          <Th>{t("Power")}</Th>
          <Th width={25}>{t("Health")}</Th>
          <Th>{t("Image")}</Th>
          <Th width={20}>{t("Activity")}</Th>
          <Th>IPMI</Th>
          <Th screenReaderText={t("Power actions")} />
        </Tr>
      </Thead>
      <Tbody>
        {systems.map((system) => (
          <FleetRow key={system.Id} system={system} />
        ))}
      </Tbody>
    </Table>
  );
}

function FleetRow({ system }: { system: System }) {
  const control = usePowerControl(system);
  const ours = system.Oem.Lightsout;
  const reason = reasonOf(system);
  return (
    <Tr data-testid={`node-${system.Id}`}>
      <Td dataLabel={t("Node")} modifier="breakWord">
        <Link to={`/nodes/${encodeURIComponent(system.Id)}`} className="lo-node-name">
          {system.Name}
        </Link>
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
      <Td dataLabel={t("Image")} modifier="nowrap" className={ours.InstalledImage ? "" : "lo-nothing"}>
        <InstalledImage system={system} />
      </Td>
      <Td dataLabel={t("Activity")} modifier="breakWord" className={ours.Task || ours.Reservation ? "" : "lo-nothing"}>
        <Activity system={system} />
      </Td>
      <Td dataLabel="IPMI" modifier="nowrap">
        {ours.IPMI ? (
          <code>
            {ours.IPMI.Host}:{ours.IPMI.Port}
          </code>
        ) : (
          <span className="lo-muted">–</span>
        )}
      </Td>
      <Td isActionCell>
        <PowerMenu system={system} control={control} compact />
        {control.dialogs}
      </Td>
    </Tr>
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
