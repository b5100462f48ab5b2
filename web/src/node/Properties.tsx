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
import { causeWords } from "../power/words";
import { Ago } from "../words/Ago";
import { memory } from "../words/format";
import { named, t, type Message } from "../words/i18n";

const KINDS: Record<string, Message> = {
  qemu: "Virtual, by QEMU",
  libvirt: "Virtual, by libvirt",
  hardware: "Physical",
  ipmi: "Physical, with a BMC that speaks IPMI",
  redfish: "Physical, with a BMC that speaks Redfish",
};

export function Properties({ system }: { system: System }) {
  const ours = system.Oem.Lightsout;
  const gibibytes = system.MemorySummary?.TotalSystemMemoryGiB;
  const since = ours.PowerSince ? <Ago iso={ours.PowerSince} /> : null;
  const cause = causeWords(ours.PowerCause);
  const kind = [system.SystemType, ours.Driver].filter(Boolean).join(", ");
  const rows: [string, React.ReactNode][] = [
    [
      t("In this state since"),
      since && (
        <>
          {since}
          {cause === "" ? "" : ` (${cause})`}
        </>
      ),
    ],
    [t("Installed image"), ours.InstalledImage],
    [t("Maker and model"), [system.Manufacturer, system.Model].filter(Boolean).join(" ")],
    [t("Kind"), named(KINDS, ours.Driver, kind)],
    [t("Processors"), system.ProcessorSummary?.CoreCount],
    [t("Memory"), gibibytes ? memory(gibibytes) : null],
    [t("Firmware"), ours.Firmware],
    [t("Accelerator"), ours.Accelerator],
    [t("Serial number"), system.SerialNumber && <code>{system.SerialNumber}</code>],
    ["UUID", system.UUID && <code>{system.UUID}</code>],
    [t("Tags"), ours.Tags.join(", ")],
  ];
  return (
    <Card>
      <CardTitle component="h2">{t("Server")}</CardTitle>
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
