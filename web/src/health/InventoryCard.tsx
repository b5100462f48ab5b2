import { Card, CardBody, CardTitle, DescriptionList, Skeleton } from "@patternfly/react-core";
import { useInventory, type Inventory } from "../api/inventory";
import type { System } from "../api/types";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Stale } from "../shell/Stale";
import { Fact } from "../words/Facts";
import { bytes } from "../words/format";
import { named, t, type Message } from "../words/i18n";

const MIB = 1024 ** 2;
const LINKS: Record<string, Message> = { LinkUp: "link up", LinkDown: "link down" };

/** What is to be read, and what is to be compared letter by letter. */
type Part = [text: string, code?: string | null];

/** What the node consists of. */
export function InventoryCard({ system }: { system: System }) {
  const inventory = useInventory(system);
  return (
    <Card>
      <CardTitle component="h2">{t("Inventory")}</CardTitle>
      <CardBody>
        {inventory.isPending && <Skeleton height="8rem" screenreaderText={t("Loading")} />}
        {inventory.isError && !inventory.data && (
          <ErrorPanel
            title={t("The inventory cannot be shown")}
            error={inventory.error}
            retry={() => void inventory.refetch()}
          />
        )}
        <Stale of={inventory} />
        {inventory.data && <Parts system={system} parts={inventory.data} />}
      </CardBody>
    </Card>
  );
}

function Parts({ system, parts }: { system: System; parts: Inventory }) {
  const { BiosVersion, AssetTag, PartNumber } = system;
  const rows: [string, Part[]][] = [
    [t("Processors"), parts.processors.map((each) => [words(each.InstructionSet, cores(each.TotalCores))])],
    [t("Memory"), parts.memory.map((each) => [words(each.CapacityMiB && bytes(each.CapacityMiB * MIB))])],
    [
      t("Drives"),
      parts.drives.map((each) => [
        words(each.Id, each.CapacityBytes && bytes(each.CapacityBytes), each.MediaType, each.Protocol),
        each.SerialNumber,
      ]),
    ],
    [
      t("Network interfaces"),
      parts.interfaces.map((each) => [words(each.Id, named(LINKS, each.LinkStatus ?? "", "")), each.MACAddress]),
    ],
    [t("Firmware"), BiosVersion ? [["", BiosVersion]] : []],
    [t("Part number"), PartNumber ? [["", PartNumber]] : []],
    [t("Asset tag"), AssetTag ? [["", AssetTag]] : []],
  ];
  const told = rows.filter(([, values]) => values.length > 0);
  if (told.length === 0) return <p>{t("Nobody has said what this node consists of.")}</p>;
  return (
    <DescriptionList isCompact isHorizontal>
      {told.map(([term, values]) => (
        <Fact key={term} term={term}>
          <ul>
            {values.map(([text, code], index) => (
              <li key={index}>
                {text} {code && <code>{code}</code>}
              </li>
            ))}
          </ul>
        </Fact>
      ))}
    </DescriptionList>
  );
}

const cores = (count: number | null | undefined) => count && t("{{count}} cores", { count });

const words = (...parts: unknown[]) =>
  parts.filter((part): part is string => typeof part === "string" && part !== "").join(", ");
