import { Divider, Dropdown, DropdownGroup, DropdownItem, DropdownList, MenuToggle } from "@patternfly/react-core";
import { useState } from "react";
import { useSession } from "../api/session";
import { lazyDialog } from "../shell/lazyDialog";
import { t } from "../words/i18n";
import type { FleetControl } from "./address";
import { SORTS } from "./filter";
import { useSavedViews } from "./savedViews";
import { sortWords } from "./words";

const SavedViewsDialog = lazyDialog(() => import("./SavedViewsDialog"));

interface ViewMenuProps {
  control: FleetControl;
  /** The families of tags by which a grid can be grouped, and the one that it is grouped by. */
  families: string[];
  group: string;
}

/** In which order, grouped by what; and the views that were given a name. */
export function ViewMenu({ control, families, group }: ViewMenuProps) {
  const [open, setOpen] = useState(false);
  const [saving, setSaving] = useState(false);
  const saved = useSavedViews(useSession().data?.account ?? "");
  const { sort, layout } = control.address;
  return (
    <>
      <Dropdown
        isOpen={open}
        onOpenChange={setOpen}
        onSelect={() => setOpen(false)}
        isScrollable
        maxMenuHeight="min(32rem, 70dvh)"
        popperProps={{ position: "right" }}
        toggle={(ref) => (
          <MenuToggle ref={ref} isExpanded={open} onClick={() => setOpen(!open)} data-testid="view">
            {t("View")}
          </MenuToggle>
        )}
      >
        <DropdownGroup label={t("Saved views")}>
          <DropdownList>
            {saved.views.map(({ name, query }) => (
              <DropdownItem key={name} isSelected={query === control.query} onClick={() => control.apply(query)}>
                {name}
              </DropdownItem>
            ))}
            <DropdownItem key="save" onClick={() => setSaving(true)} data-testid="save-view">
              {t("Save or remove a view…")}
            </DropdownItem>
          </DropdownList>
        </DropdownGroup>
        <Divider />
        <DropdownGroup label={t("Sort by")}>
          <DropdownList>
            {SORTS.map((by) => (
              <DropdownItem
                key={by}
                isSelected={sort.by === by}
                onClick={() => control.setSort({ by, down: sort.by === by && !sort.down })}
                data-testid={`sort-${by}`}
              >
                {sortWords(by)}
                {sort.by === by && (sort.down ? " ↓" : " ↑")}
              </DropdownItem>
            ))}
          </DropdownList>
        </DropdownGroup>
        {layout === "grid" && families.length > 0 && (
          <>
            <Divider />
            <DropdownGroup label={t("Group by")}>
              <DropdownList>
                {["", ...families].map((family) => (
                  <DropdownItem
                    key={family}
                    isSelected={family === group}
                    onClick={() => control.set("group", family === "" ? "none" : family)}
                  >
                    {family === "" ? t("Nothing") : family}
                  </DropdownItem>
                ))}
              </DropdownList>
            </DropdownGroup>
          </>
        )}
      </Dropdown>
      {saving && <SavedViewsDialog saved={saved} query={control.query} onClose={() => setSaving(false)} />}
    </>
  );
}
