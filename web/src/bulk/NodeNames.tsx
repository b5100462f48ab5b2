import type { System } from "../api/types";
import { t } from "../words/i18n";

/** All names, in a box that scrolls when there are many. */
export function NodeNames({ systems }: { systems: System[] }) {
  return (
    <ul className="lo-names" aria-label={t("Nodes")} tabIndex={0} data-testid="bulk-names">
      {systems.map(({ Id, Name }) => (
        <li key={Id}>{Name}</li>
      ))}
    </ul>
  );
}
