import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Skeleton,
} from "@patternfly/react-core";
import type { ReactNode } from "react";
import { useInventory, type Inventory } from "../api/inventory";
import type { System } from "../api/types";
import { ErrorPanel } from "../shell/ErrorPanel";
import { bytes } from "../words/format";
import { t } from "../words/i18n";

const MIB = 1024 ** 2;

/** What the node consists of. */
export function InventoryCard({ system }: { system: System }) {
  const inventory = useInventory(system);
  return (
    <Card>
      <CardTitle component="h2">{t("Inventory")}</CardTitle>
      <CardBody>
        {inventory.isPending && <Skeleton height="8rem" screenreaderText={t("Loading")} />}
        {inventory.isError && (
          <ErrorPanel
            title={t("The inventory cannot be shown")}
            error={inventory.error}
            retry={() => void inventory.refetch()}
          />
        )}
        {inventory.data && <Parts system={system} parts={inventory.data} />}
      </CardBody>
    </Card>
  );
}

function Parts({ system, parts }: { system: System; parts: Inventory }) {
  const {
    BiosVersion,
    AssetTag,
    PartNumber,
  }: { BiosVersion?: string; AssetTag?: string; PartNumber?: string } & System = system;
  const rows: [string, ReactNode[]][] = [
    [t("Processors"), parts.processors.map((each) => words(each.Model, each.InstructionSet, cores(each.TotalCores)))],
    [
      t("Memory"),
      parts.memory.map((each) =>
        words(each.CapacityMiB && bytes(each.CapacityMiB * MIB), each.MemoryDeviceType, each.Manufacturer),
      ),
    ],
    [
      t("Drives"),
      parts.drives.map((each) =>
        words(
          each.Model ?? each.Name,
          each.CapacityBytes && bytes(each.CapacityBytes),
          each.MediaType,
          each.Protocol,
          each.SerialNumber && t("serial number {{serial}}", { serial: each.SerialNumber }),
        ),
      ),
    ],
    [
      t("Network interfaces"),
      parts.interfaces.map((each) =>
        words(
          each.Id,
          each.MACAddress,
          each.SpeedMbps && `${each.SpeedMbps} Mb/s`,
          each.LinkStatus === "LinkUp" ? t("link up") : each.LinkStatus === "LinkDown" ? t("link down") : null,
        ),
      ),
    ],
    [t("Firmware"), BiosVersion ? [BiosVersion] : []],
    [t("Part number"), PartNumber ? [PartNumber] : []],
    [t("Asset tag"), AssetTag ? [AssetTag] : []],
  ];
  const told = rows.filter(([, values]) => values.length > 0);
  if (told.length === 0) return <p>{t("Nobody has said what this node consists of.")}</p>;
  return (
    <DescriptionList isCompact>
      {told.map(([term, values]) => (
        <DescriptionListGroup key={term}>
          <DescriptionListTerm>{term}</DescriptionListTerm>
          <DescriptionListDescription>
            <ul className="lo-plain-list">
              {values.map((value, index) => (
                <li key={index}>{value}</li>
              ))}
            </ul>
          </DescriptionListDescription>
        </DescriptionListGroup>
      ))}
    </DescriptionList>
  );
}

const cores = (count: number | null | undefined) => count && t("{{count}} cores", { count });

const words = (...parts: unknown[]) =>
  parts.filter((part): part is string => typeof part === "string" && part !== "").join(", ");
