import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from "@patternfly/react-core";
import type { System } from "../api/types";
import { Ago } from "../words/Ago";
import { memory } from "../words/format";

const CAUSES: Record<string, string> = {
  command: "by command",
  "guest-shutdown": "the guest shut down",
  "guest-reset": "the guest restarted",
  "host-reset": "it was reset",
  "guest-panic": "the guest panicked",
  "disk-error": "a disk error",
  "process-died": "its process died",
  watchdog: "the watchdog",
  "mains-lost": "the host lost its power or was restarted",
  "restore-policy": "its power restore policy",
};

const KINDS: Record<string, string> = {
  qemu: "Virtual, by QEMU",
  libvirt: "Virtual, by libvirt",
  hardware: "Physical",
  ipmi: "Physical, with a BMC that speaks IPMI",
  redfish: "Physical, with a BMC that speaks Redfish",
};

export function Properties({ system }: { system: System }) {
  const ours = system.Oem?.Lightsout;
  const gibibytes = system.MemorySummary?.TotalSystemMemoryGiB;
  const since = ours?.PowerSince ? <Ago iso={ours.PowerSince} /> : null;
  const cause = CAUSES[ours?.PowerCause ?? ""];
  const rows: [string, React.ReactNode][] = [
    [
      "In this state since",
      since && (
        <>
          {since}
          {cause === undefined ? "" : ` (${cause})`}
        </>
      ),
    ],
    ["Installed image", ours?.InstalledImage],
    ["Maker and model", [system.Manufacturer, system.Model].filter(Boolean).join(" ")],
    ["Kind", KINDS[ours?.Driver ?? ""] ?? [system.SystemType, ours?.Driver].filter(Boolean).join(", ")],
    ["Processors", system.ProcessorSummary?.CoreCount],
    ["Memory", gibibytes ? memory(gibibytes) : null],
    ["Firmware", ours?.Firmware],
    ["Accelerator", ours?.Accelerator],
    ["Serial number", system.SerialNumber],
    ["UUID", system.UUID && <code>{system.UUID}</code>],
    ["Tags", ours?.Tags?.join(", ")],
  ];
  return (
    <Card>
      <CardTitle component="h2">Server</CardTitle>
      <CardBody>
        <DescriptionList isCompact isHorizontal isAutoColumnWidths={false}>
          {rows
            .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== 0)
            .map(([term, value]) => (
              <DescriptionListGroup key={term}>
                <DescriptionListTerm>{term}</DescriptionListTerm>
                <DescriptionListDescription>{value}</DescriptionListDescription>
              </DescriptionListGroup>
            ))}
        </DescriptionList>
      </CardBody>
    </Card>
  );
}
