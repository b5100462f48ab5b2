import { Dropdown, DropdownItem, DropdownList, MenuToggle } from "@patternfly/react-core";
import EllipsisIcon from "@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon";
import { useState, type ReactNode } from "react";
import { t } from "../words/i18n";
import { openWindow } from "./windows";

interface MoreMenuProps {
  node: string;
  console: "screen" | "serial";
  /** DropdownItems that only this console has. */
  children?: ReactNode;
}

/** What is seldom wanted of a console. */
export function MoreMenu({ node, console, children }: MoreMenuProps) {
  const [open, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ appendTo: "inline", position: "right" }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plain"
          size="sm"
          isExpanded={open}
          onClick={() => setOpen(!open)}
          aria-label={t("More")}
          icon={<EllipsisIcon />}
        />
      )}
    >
      <DropdownList>
        <DropdownItem onClick={() => openWindow(node, console)}>{t("Open in a window of its own")}</DropdownItem>
        <DropdownItem onClick={() => openWindow(node, "both")}>
          {t("Screen and serial console side by side")}
        </DropdownItem>
        {children}
      </DropdownList>
    </Dropdown>
  );
}
