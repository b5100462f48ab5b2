import { useMemo } from "react";
import type { System } from "../api/types";
import { t } from "../words/i18n";
import type { Group } from "./groups";
import { Tile } from "./Tile";
import { useColumns } from "./useColumns";
import { useLines } from "./useLines";
import type { Select } from "./useSelection";

const TILE_PX = { width: 168, height: 64, heading: 44 };

interface Line {
  key: string;
  heading?: Group;
  tiles: System[];
}

/** Groups cut into what fits beside each other. */
function cut(groups: Group[], columns: number): Line[] {
  return groups.flatMap((group) => {
    const lines: Line[] =
      groups.length > 1 || group.name !== "" ? [{ key: `=${group.name}`, heading: group, tiles: [] }] : [];
    for (let from = 0; from < group.systems.length; from += columns) {
      const tiles = group.systems.slice(from, from + columns);
      lines.push({ key: tiles[0]?.Id ?? "", tiles });
    }
    return lines;
  });
}

interface FleetGridProps {
  groups: Group[];
  chosen: ReadonlySet<string>;
  onSelect: Select | undefined;
}

/** A tile a node, as in a rack: as many as the window has room for. */
export function FleetGrid({ groups, chosen, onSelect }: FleetGridProps) {
  const { box, columns } = useColumns(TILE_PX.width);
  const cuts = useMemo(() => cut(groups, columns), [groups, columns]);
  const { list, lines, measure, before, after } = useLines({
    count: cuts.length,
    height: (index) => (cuts[index]?.heading ? TILE_PX.heading : TILE_PX.height),
    keyOf: (index) => cuts[index]?.key ?? "",
  });
  return (
    <div ref={box}>
      <div ref={list} className="lo-grid" data-testid="grid">
        <div style={{ height: before }} />
        {lines.map(({ index, key }) => {
          const { heading, tiles } = cuts[index] ?? { tiles: [] };
          return (
            <div key={String(key)} ref={measure} data-index={index}>
              {heading && (
                <h2 className="lo-grid-heading">
                  {heading.name === "" ? t("Others") : heading.name}{" "}
                  <span className="lo-muted">{heading.systems.length}</span>
                </h2>
              )}
              {tiles.length > 0 && (
                <div className="lo-grid-line" style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
                  {tiles.map((system) => (
                    <Tile key={system.Id} system={system} isChosen={chosen.has(system.Id)} onSelect={onSelect} />
                  ))}
                </div>
              )}
            </div>
          );
        })}
        <div style={{ height: after }} />
      </div>
    </div>
  );
}
