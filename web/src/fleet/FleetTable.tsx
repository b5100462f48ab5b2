import { Table, Tbody, Th, Thead, Tr } from "@patternfly/react-table";
import type { System } from "../api/types";
import { t, type Message } from "../words/i18n";
import { SORTS, type Sort, type SortBy } from "./filter";
import { FleetRow } from "./FleetRow";
import { useLines } from "./useLines";
import type { Select } from "./useSelection";

const ROW_PX = 66;
const COLUMNS: Record<SortBy, Message> = {
  name: "Node",
  power: "Power",
  health: "Health",
  image: "Image",
  use: "Activity",
};

interface FleetTableProps {
  systems: System[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  chosen: ReadonlySet<string>;
  /** None: the account only looks. */
  onSelect: Select | undefined;
}

/** All nodes, of which those in sight are in the document; on a phone each row is a card. */
export function FleetTable({ systems, sort, onSort, chosen, onSelect }: FleetTableProps) {
  const { list, lines, measure, before, after } = useLines({
    count: systems.length,
    height: () => ROW_PX,
    keyOf: (index) => systems[index]?.Id ?? "",
  });
  const sortOf = (by: SortBy) => ({
    columnIndex: SORTS.indexOf(by),
    sortBy: { index: SORTS.indexOf(sort.by), direction: sort.down ? ("desc" as const) : ("asc" as const) },
    onSort: (_event: unknown, _index: number, direction: string) => onSort({ by, down: direction === "desc" }),
  });
  return (
    <Table
      aria-label={t("Nodes")}
      aria-rowcount={systems.length + 1}
      variant="compact"
      gridBreakPoint="grid-lg"
      className="lo-fleet"
    >
      <Thead>
        <Tr>
          {onSelect && <Th screenReaderText={t("Select")} className="lo-select" />}
          {SORTS.map((by) => (
            <Th key={by} sort={sortOf(by)} className={`lo-column-${by}`}>
              {t(COLUMNS[by])}
            </Th>
          ))}
          <Th className="lo-column-ipmi">IPMI</Th>
          <Th screenReaderText={t("Power actions")} className="lo-column-menu" />
        </Tr>
      </Thead>
      <Tbody ref={list}>
        <Space height={before} />
        {lines.map(({ index }) => {
          const system = systems[index];
          return (
            system && (
              <FleetRow
                key={system.Id}
                system={system}
                index={index}
                measure={measure}
                isChosen={chosen.has(system.Id)}
                onSelect={onSelect}
              />
            )
          );
        })}
        <Space height={after} />
      </Tbody>
    </Table>
  );
}

/** As high as the rows that are not in the document. */
function Space({ height }: { height: number }) {
  return height <= 0 ? null : (
    <tr aria-hidden="true">
      <td style={{ height }} />
    </tr>
  );
}
