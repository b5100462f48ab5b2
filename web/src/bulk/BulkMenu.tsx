import { Divider, Dropdown, DropdownGroup, DropdownItem, DropdownList, MenuToggle } from "@patternfly/react-core";
import { useState } from "react";
import { offered } from "../api/bulk";
import type { System } from "../api/types";
import { actionWords, resetTypes } from "../power/words";
import { lazyDialog } from "../shell/lazyDialog";
import { t } from "../words/i18n";
import { choiceWords, type Choice } from "./words";

const BulkDialog = lazyDialog(() => import("./BulkDialog"));
const HELD: Choice[] = [{ kind: "reserve" }, { kind: "release" }];
const LIGHTS: Choice[] = [
  { kind: "identify", on: true },
  { kind: "identify", on: false },
];

/** The power actions that every one of them has, and on how many each makes sense now. */
function commonResets(systems: System[]): { type: string; now: number }[] {
  const [first, ...others] = systems.map(resetTypes);
  const each = [first ?? [], ...others];
  return (first ?? [])
    .filter(({ type }) => others.every((types) => types.some((other) => other.type === type)))
    .map(({ type }) => ({
      type,
      now: each.filter((types) => types.some((one) => one.type === type && one.available)).length,
    }));
}

interface BulkMenuProps {
  systems: System[];
  onClear: () => void;
}

/** What can be done to all nodes that are selected. */
export function BulkMenu({ systems, onClear }: BulkMenuProps) {
  const [open, setOpen] = useState(false);
  const [choice, setChoice] = useState<Choice | null>(null);
  const number = systems.length;
  return (
    <>
      <Dropdown
        isOpen={open}
        onOpenChange={setOpen}
        onSelect={() => setOpen(false)}
        isScrollable
        maxMenuHeight="min(34rem, 75dvh)"
        popperProps={{ position: "right", maxWidth: "22rem" }}
        toggle={(ref) => (
          <MenuToggle
            ref={ref}
            variant="primary"
            isExpanded={open}
            isDisabled={number === 0}
            onClick={() => setOpen(!open)}
            data-testid="bulk"
          >
            {t("Act on selected")}
          </MenuToggle>
        )}
      >
        {open && <BulkItems systems={systems} onChoose={setChoice} onClear={onClear} />}
      </Dropdown>
      {choice && <BulkDialog choice={choice} systems={systems} onClose={() => setChoice(null)} />}
    </>
  );
}

interface BulkItemsProps {
  systems: System[];
  onChoose: (choice: Choice) => void;
  onClear: () => void;
}

function BulkItems({ systems, onChoose, onClear }: BulkItemsProps) {
  const number = systems.length;
  const resets = commonResets(systems);
  const canReinstall = systems.every((system) => offered(system, "Reinstall"));
  return (
    <>
      <DropdownGroup label={t("Power")}>
        <DropdownList>
          {resets.length === 0 && (
            <DropdownItem isDisabled>{t("No power action is offered by all of them")}</DropdownItem>
          )}
          {resets.map(({ type, now }) => (
            <DropdownItem
              key={type}
              isDisabled={now === 0}
              isDanger={actionWords(type).harsh === true && now > 0}
              description={now < number ? t("possible now on {{now}} of {{number}}", { now, number }) : undefined}
              onClick={() => onChoose({ kind: "power", type })}
              data-testid={`bulk-${type}`}
            >
              {actionWords(type).label}…
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
      <Divider />
      <DropdownList>
        {[...LIGHTS, ...HELD].map((each) => (
          <DropdownItem
            key={choiceWords(each)}
            onClick={() => onChoose(each)}
            data-testid={`bulk-${each.kind}${"on" in each && !each.on ? "-off" : ""}`}
          >
            {choiceWords(each)}…
          </DropdownItem>
        ))}
        <DropdownItem
          isDanger={canReinstall}
          isDisabled={!canReinstall}
          description={canReinstall ? undefined : t("Not all of them can be reinstalled")}
          onClick={() => onChoose({ kind: "reinstall" })}
          data-testid="bulk-reinstall"
        >
          {choiceWords({ kind: "reinstall" })}…
        </DropdownItem>
      </DropdownList>
      <Divider />
      <DropdownList>
        <DropdownItem onClick={onClear}>{t("Select none")}</DropdownItem>
      </DropdownList>
    </>
  );
}
