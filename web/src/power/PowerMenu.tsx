import { Divider, Dropdown, DropdownItem, DropdownList, MenuToggle } from "@patternfly/react-core";
import EllipsisVIcon from "@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon";
import { useState } from "react";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { t } from "../words/i18n";
import type { PowerControl } from "./usePowerControl";
import { actionWords, canConfirm, resetTypes } from "./words";

interface PowerMenuProps {
  system: System;
  control: PowerControl;
  /** A row has room for three dots only. */
  compact?: boolean;
}

/** Every power action this kind of node has; those that make no sense now are shown, and disabled. */
export function PowerMenu({ system, control, compact = false }: PowerMenuProps) {
  const [open, setOpen] = useState(false);
  const mayOperate = useMayOperate();
  const resume = mayOperate && system.Oem.Lightsout.Paused && system.Actions?.Oem["#Lightsout.Resume"] !== undefined;
  const confirm = mayOperate && canConfirm(system);
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: "right", maxWidth: "20rem" }}
      isScrollable
      maxMenuHeight="min(30rem, 75dvh)"
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant={compact ? "plain" : "secondary"}
          isExpanded={open}
          onClick={() => setOpen(!open)}
          aria-label={t("Power actions of {{node}}", { node: system.Name })}
          data-testid={`power-menu-${system.Id}`}
          {...(compact && { icon: <EllipsisVIcon /> })}
        >
          {compact ? undefined : t("Power")}
        </MenuToggle>
      )}
    >
      <DropdownList>
        {resume && (
          <DropdownItem key="resume" description={t("Let the paused guest go on")} onClick={control.resume}>
            {t("Resume")}
          </DropdownItem>
        )}
        {confirm && (
          <DropdownItem key="confirm" description={t("Say what you saw at the server")} onClick={control.confirmState}>
            {t("Confirm power state…")}
          </DropdownItem>
        )}
        {(resume || confirm) && <Divider key="divider" component="li" />}
        {resetTypes(system).map(({ type, available }) => {
          const words = actionWords(type);
          return (
            <DropdownItem
              key={type}
              isDisabled={!available}
              isDanger={words.harsh === true && available}
              description={words.hint}
              onClick={() => control.reset(type)}
              data-testid={`power-${type}`}
            >
              {words.label}
              {words.danger === undefined ? "" : "…"}
            </DropdownItem>
          );
        })}
      </DropdownList>
    </Dropdown>
  );
}
