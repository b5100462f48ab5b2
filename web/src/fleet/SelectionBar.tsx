import { Checkbox } from "@patternfly/react-core";
import { useMemo } from "react";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { BulkMenu } from "../bulk/BulkMenu";
import { t } from "../words/i18n";
import { ActiveFilters } from "./ActiveFilters";
import type { FleetControl } from "./address";

interface SelectionBarProps {
  all: System[];
  shown: System[];
  chosen: ReadonlySet<string>;
  control: FleetControl;
  mark: (ids: string[], on: boolean) => void;
  clear: () => void;
}

/** How many nodes there are, are shown, and are chosen; and what can be done to those. */
export function SelectionBar({ all, shown, chosen, control, mark, clear }: SelectionBarProps) {
  const mayOperate = useMayOperate();
  const systems = useMemo(() => all.filter(({ Id }) => chosen.has(Id)), [all, chosen]);
  const inSight = useMemo(() => shown.filter(({ Id }) => chosen.has(Id)).length, [shown, chosen]);
  const every = shown.length > 0 && inSight === shown.length;
  const hidden = systems.length - inSight;
  return (
    <div className="lo-selection">
      {mayOperate && (
        <Checkbox
          id="select-all"
          aria-label={t("Select all nodes that are shown")}
          isChecked={every ? true : inSight > 0 ? null : false}
          isDisabled={shown.length === 0}
          onChange={() =>
            mark(
              shown.map(({ Id }) => Id),
              !every,
            )
          }
        />
      )}
      <span aria-live="polite" data-testid="shown">
        {t("{{shown}} of {{count}} nodes shown", { shown: shown.length, count: all.length })}
        {systems.length > 0 && ` · ${t("{{number}} selected", { number: systems.length })}`}
        {hidden > 0 && ` ${t("({{number}} of them not shown)", { number: hidden })}`}
      </span>
      <ActiveFilters control={control} />
      {mayOperate && <BulkMenu systems={systems} onClear={clear} />}
    </div>
  );
}
