import { Badge, Dropdown, DropdownGroup, DropdownItem, DropdownList, MenuToggle } from "@patternfly/react-core";
import FilterIcon from "@patternfly/react-icons/dist/esm/icons/filter-icon";
import { useState } from "react";
import type { System } from "../api/types";
import { t } from "../words/i18n";
import type { FleetControl } from "./address";
import { choicesOf, FACETS } from "./filter";
import { facetWords, valueWords } from "./words";

interface FilterMenuProps {
  systems: System[];
  control: FleetControl;
}

/** What one can filter by, with how many nodes there are of each. It stays open: one often wants several. */
export function FilterMenu({ systems, control }: FilterMenuProps) {
  const [open, setOpen] = useState(false);
  const { facets } = control.address;
  const active = FACETS.reduce((sum, facet) => sum + facets[facet].length, 0);
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      isScrollable
      maxMenuHeight="min(32rem, 70dvh)"
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          icon={<FilterIcon />}
          isExpanded={open}
          onClick={() => setOpen(!open)}
          data-testid="filters"
          {...(active > 0 && { badge: <Badge isRead>{active}</Badge> })}
        >
          {t("Filters")}
        </MenuToggle>
      )}
    >
      {open &&
        FACETS.map((facet) => ({ facet, choices: choicesOf(systems, facet) }))
          .filter(({ choices }) => choices.length > 0)
          .map(({ facet, choices }) => (
            <DropdownGroup key={facet} label={facetWords(facet)}>
              <DropdownList>
                {choices.map(([value, count]) => (
                  <DropdownItem
                    key={value}
                    hasCheckbox
                    isSelected={facets[facet].includes(value)}
                    onClick={() => control.toggle(facet, value)}
                    data-testid={`filter-${facet}-${value}`}
                  >
                    {valueWords(facet, value)} <span className="lo-muted">{count}</span>
                  </DropdownItem>
                ))}
              </DropdownList>
            </DropdownGroup>
          ))}
    </Dropdown>
  );
}
