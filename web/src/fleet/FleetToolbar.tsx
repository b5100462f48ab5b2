import { ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import ListIcon from "@patternfly/react-icons/dist/esm/icons/list-icon";
import ThIcon from "@patternfly/react-icons/dist/esm/icons/th-icon";
import type { ReactNode } from "react";
import type { System } from "../api/types";
import { t, type Message } from "../words/i18n";
import { LAYOUTS, type FleetControl, type Layout } from "./address";
import { countViews } from "./filter";
import { FilterMenu } from "./FilterMenu";
import { FleetSearch } from "./FleetSearch";
import { FleetSummary } from "./FleetSummary";
import { ViewMenu } from "./ViewMenu";

const LOOKS: Record<Layout, { label: Message; icon: ReactNode }> = {
  table: { label: "Table", icon: <ListIcon /> },
  grid: { label: "Grid", icon: <ThIcon /> },
};

interface FleetToolbarProps {
  systems: System[];
  control: FleetControl;
  families: string[];
  group: string;
}

/** What of the fleet is shown, and how. */
export function FleetToolbar({ systems, control, families, group }: FleetToolbarProps) {
  const { address, set } = control;
  return (
    <div className="lo-fleet-toolbar">
      <FleetSummary counts={countViews(systems)} view={address.view} onView={(view) => set("state", view, "all")} />
      <FleetSearch text={address.text} onChange={(text) => set("q", text)} />
      <div className="lo-fleet-menus">
        <FilterMenu systems={systems} control={control} />
        <ToggleGroup aria-label={t("Layout")}>
          {LAYOUTS.map((layout) => (
            <ToggleGroupItem
              key={layout}
              buttonId={`layout-${layout}`}
              icon={LOOKS[layout].icon}
              aria-label={t(LOOKS[layout].label)}
              isSelected={address.layout === layout}
              onChange={() => set("show", layout, "table")}
            />
          ))}
        </ToggleGroup>
        <ViewMenu control={control} families={families} group={group} />
      </div>
    </div>
  );
}
