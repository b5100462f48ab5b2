import { Dropdown, DropdownGroup, DropdownItem, DropdownList, MenuToggle } from "@patternfly/react-core";
import { useState } from "react";
import { t } from "../words/i18n";
import { COMBINATIONS, type Combination } from "./keys";

interface KeysMenuProps {
  isDisabled: boolean;
  onPress: (combination: Combination) => void;
}

/** Keys that the browser or the operator's own system would take for itself. */
export function KeysMenu({ isDisabled, onPress }: KeysMenuProps) {
  const [open, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      isScrollable
      popperProps={{ appendTo: "inline" }} // in full screen, only what is inside the console is seen
      toggle={(ref) => (
        <MenuToggle ref={ref} size="sm" isExpanded={open} isDisabled={isDisabled} onClick={() => setOpen(!open)}>
          {t("Keys")}
        </MenuToggle>
      )}
    >
      {COMBINATIONS.map(({ group, items }) => (
        <DropdownGroup key={group} label={t(group)}>
          <DropdownList>
            {items.map((combination) => (
              <DropdownItem key={combination.label} onClick={() => onPress(combination)}>
                {combination.does === undefined
                  ? combination.label
                  : t("{{keys}} ({{does}})", { keys: combination.label, does: t(combination.does) })}
              </DropdownItem>
            ))}
          </DropdownList>
        </DropdownGroup>
      ))}
    </Dropdown>
  );
}
