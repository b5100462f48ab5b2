import type { System } from "../api/types";
import { useColumns } from "../fleet/useColumns";
import { useLines } from "../fleet/useLines";
import { t } from "../words/i18n";

const NAME_PX = { width: 128, height: 24 };

/** All names, in a box that scrolls when there are many. */
export function NodeNames({ systems }: { systems: System[] }) {
  const { box, columns } = useColumns(NAME_PX.width);
  const { list, lines, measure, before, after } = useLines({
    count: Math.ceil(systems.length / columns),
    height: () => NAME_PX.height,
    keyOf: (index) => `${columns} ${index}`,
  });
  return (
    <div ref={box} role="group" aria-label={t("Nodes")} tabIndex={0} className="lo-names" data-testid="bulk-names">
      <div ref={list} role="list">
        <div role="none" style={{ height: before }} />
        {lines.map(({ index, key }) => (
          <div
            key={String(key)}
            ref={measure}
            data-index={index}
            role="none"
            className="lo-names-line"
            style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
          >
            {systems.slice(index * columns, (index + 1) * columns).map(({ Id, Name }, place) => (
              <span key={Id} role="listitem" aria-setsize={systems.length} aria-posinset={index * columns + place + 1}>
                {Name}
              </span>
            ))}
          </div>
        ))}
        <div role="none" style={{ height: after }} />
      </div>
    </div>
  );
}
