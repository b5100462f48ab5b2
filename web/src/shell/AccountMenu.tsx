import { Dropdown, DropdownGroup, DropdownItem, DropdownList, MenuToggle } from "@patternfly/react-core";
import UserIcon from "@patternfly/react-icons/dist/esm/icons/user-icon";
import { useState } from "react";
import { useSession, useSignOut } from "../api/session";

export function AccountMenu() {
  const [open, setOpen] = useState(false);
  const session = useSession().data;
  const signOut = useSignOut();
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
          aria-label={`Account ${session.account}`}
          data-testid="account-menu"
        >
          <span className="lo-wide">{session.account}</span>
        </MenuToggle>
      )}
    >
      <DropdownGroup label={`${session.account}, ${session.role}`}>
        <DropdownList>
          <DropdownItem key="licences" to="/licences.txt" target="_blank" rel="noreferrer">
            Licences
          </DropdownItem>
          <DropdownItem key="sign-out" onClick={() => signOut.mutate()}>
            Sign out
          </DropdownItem>
        </DropdownList>
      </DropdownGroup>
    </Dropdown>
  );
}
