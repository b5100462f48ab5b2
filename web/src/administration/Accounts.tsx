import { Button, Label } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr, type IAction } from "@patternfly/react-table";
import { useState } from "react";
import { useChange, useMembers, type Account } from "../api/administration";
import { patch, remarks } from "../api/http";
import { useGoverns } from "../api/manager";
import { PATHS } from "../api/paths";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";
import { AccountDialog, DeleteDialog, PasswordDialog } from "./accountDialogs";
import { Section, Shown } from "./parts";
import { RowActions } from "./RowActions";
import { ScopeRemarks } from "./ScopeRemarks";
import { roleWords, scopeWords } from "./words";

type Asked = { do: "add" } | { do: "change" | "password" | "delete"; account: Account };

/** Everybody's accounts for who administers the fleet, one's own for others. */
export default function Accounts() {
  const accounts = useMembers<Account>(PATHS.accounts);
  const governs = useGoverns();
  const [asked, setAsked] = useState<Asked>();
  const [saved, setSaved] = useState<Account>();
  const close = () => setAsked(undefined);
  const onSaved = (account: Account) => {
    setSaved(account);
    close();
  };
  return (
    <Section
      title={t("Accounts")}
      about={t(
        "They sign in to this console, Redfish, SSH and the command line. The users of a server’s IPMI are others.",
      )}
      actions={governs && <Button onClick={() => setAsked({ do: "add" })}>{t("Add an account…")}</Button>}
    >
      {saved && <ScopeRemarks remarks={remarks(saved)} name={saved.Id} onClose={() => setSaved(undefined)} />}
      <Shown
        of={accounts}
        failed={t("Accounts cannot be shown")}
        empty={t("No accounts")}
        remedy={t("Add one for each person; programs get API tokens.")}
      >
        {(all) => (
          <Table aria-label={t("Accounts")} variant="compact" gridBreakPoint="grid-lg">
            <Thead>
              <Tr>
                <Th>{t("Account")}</Th>
                <Th>{t("Role")}</Th>
                <Th>{t("Servers")}</Th>
                <Th>{t("State")}</Th>
                <Th screenReaderText={t("Actions")} />
              </Tr>
            </Thead>
            <Tbody>
              {all.map((account) => (
                <Row key={account.Id} account={account} governs={governs} onAsk={setAsked} />
              ))}
            </Tbody>
          </Table>
        )}
      </Shown>
      {asked?.do === "add" && <AccountDialog onSaved={onSaved} onClose={close} />}
      {asked?.do === "change" && <AccountDialog account={asked.account} onSaved={onSaved} onClose={close} />}
      {asked?.do === "password" && <PasswordDialog account={asked.account} onClose={close} />}
      {asked?.do === "delete" && <DeleteDialog account={asked.account} onClose={close} />}
    </Section>
  );
}

function Row({ account, governs, onAsk }: { account: Account; governs: boolean; onAsk: (asked: Asked) => void }) {
  const { failed } = useNotices();
  const change = useChange((body: object) => patch(account["@odata.id"], body));
  const set = (body: object) =>
    change.mutate(body, {
      onError: (error) => failed(t("{{account}} was not changed", { account: account.Id }), error),
    });
  const items: IAction[] = [
    { title: t("New password…"), onClick: () => onAsk({ do: "password", account }) },
    ...(governs
      ? [
          { title: t("Role and servers…"), onClick: () => onAsk({ do: "change", account }) },
          ...(account.Locked ? [{ title: t("Unlock"), onClick: () => set({ Locked: false }) }] : []),
          account.Enabled
            ? { title: t("Disable"), onClick: () => set({ Enabled: false }) }
            : { title: t("Enable"), onClick: () => set({ Enabled: true }) },
          { isSeparator: true },
          { title: t("Delete…"), onClick: () => onAsk({ do: "delete", account }) },
        ]
      : []),
  ];
  return (
    <Tr data-testid={`account-${account.Id}`}>
      <Td dataLabel={t("Account")} modifier="breakWord">
        {account.UserName}
      </Td>
      <Td dataLabel={t("Role")}>{roleWords(account.RoleId)}</Td>
      <Td dataLabel={t("Servers")} modifier="breakWord">
        {scopeWords(account.Oem?.Lightsout.Scope)}
      </Td>
      <Td dataLabel={t("State")}>
        <span className="lo-labels">
          <Label status={account.Enabled ? "success" : "warning"}>
            {account.Enabled ? t("Enabled") : t("Disabled")}
          </Label>
          {account.Locked && <Label status="danger">{t("Locked after wrong passwords")}</Label>}
        </span>
      </Td>
      <Td isActionCell>
        <RowActions label={t("Actions on {{account}}", { account: account.Id })} items={items} />
      </Td>
    </Tr>
  );
}
