import { Dropdown, DropdownItem, DropdownList, MenuToggle } from "@patternfly/react-core";
import EllipsisVIcon from "@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon";
import { useState } from "react";
import type { System } from "../api/types";
import { lazyDialog } from "../shell/lazyDialog";
import { t } from "../words/i18n";

const RescueDialog = lazyDialog(() => import("./RescueDialog"));
const EraseDialog = lazyDialog(() => import("./EraseDialog"));

interface RamdiskMenuProps {
  system: System;
  /** Why neither can begin now; empty while both can. */
  bar: string;
  onStarted: () => void;
}

/** What is done to a node less often than reinstalling it, by the same ramdisk. */
export function RamdiskMenu({ system, bar, onStarted }: RamdiskMenuProps) {
  const [open, setOpen] = useState(false);
  const [dialog, setDialog] = useState<"rescue" | "erase" | null>(null);
  const ours = system.Actions?.Oem;
  if (!ours?.["#Lightsout.Rescue"] && !ours?.["#Lightsout.Erase"]) return null;
  const isBarred = bar !== "";
  const Dialog = dialog === "rescue" ? RescueDialog : EraseDialog;
  return (
    <>
      <Dropdown
        isOpen={open}
        onOpenChange={setOpen}
        onSelect={() => setOpen(false)}
        popperProps={{ position: "right", maxWidth: "20rem" }}
        toggle={(ref) => (
          <MenuToggle
            ref={ref}
            variant="plain"
            isExpanded={open}
            onClick={() => setOpen(!open)}
            aria-label={t("Rescue or erase {{node}}", { node: system.Name })}
            icon={<EllipsisVIcon />}
          />
        )}
      >
        <DropdownList>
          <DropdownItem
            isAriaDisabled={isBarred}
            description={isBarred ? bar : t("A root shell by SSH; no disk is touched")}
            onClick={() => setDialog("rescue")}
          >
            {t("Rescue…")}
          </DropdownItem>
          <DropdownItem
            isAriaDisabled={isBarred}
            isDanger={!isBarred}
            description={isBarred ? bar : t("Clear a disk for good")}
            onClick={() => setDialog("erase")}
          >
            {t("Erase…")}
          </DropdownItem>
        </DropdownList>
      </Dropdown>
      {dialog !== null && (
        <Dialog
          system={system}
          onClose={() => setDialog(null)}
          onStarted={() => {
            setDialog(null);
            onStarted();
          }}
        />
      )}
    </>
  );
}
