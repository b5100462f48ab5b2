import { Dropdown, DropdownGroup, DropdownItem, DropdownList, MenuToggle } from "@patternfly/react-core";
import UserIcon from "@patternfly/react-icons/dist/esm/icons/user-icon";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useSession, useSignOut } from "../api/session";
import { named, t, type Message } from "../words/i18n";
import { LanguageItems } from "./Languages";

const ROLES: Record<string, Message> = {
  Administrator: "Administrator",
  Operator: "Operator",
  ReadOnly: "Read only",
};

export function AccountMenu() {
  const [open, setOpen] = useState(false);
  const session = useSession().data;
  const signOut = useSignOut();
  const navigate = useNavigate();
  if (!session) return null;
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: "right" }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plainText"
          icon={<UserIcon />}
          isExpanded={open}
          onClick={() => setOpen(!open)}
          aria-label={t("Account {{account}}", { account: session.account })}
          data-testid="account-menu"
        >
          <span className="lo-wide">{session.account}</span>
        </MenuToggle>
      )}
    >
      <LanguageItems />
      <DropdownGroup label={t("{{account}}, {{role}}", { account: session.account, role: named(ROLES, session.role) })}>
        <DropdownList>
          <DropdownItem key="account" onClick={() => void navigate("/administration")}>
            {t("Account, keys and sessions")}
          </DropdownItem>
          <DropdownItem key="licences" to="/licences.txt" target="_blank" rel="noreferrer">
            {t("Licences")}
          </DropdownItem>
          <DropdownItem key="sign-out" onClick={() => signOut.mutate()}>
            {t("Sign out")}
          </DropdownItem>
        </DropdownList>
      </DropdownGroup>
    </Dropdown>
  );
}
