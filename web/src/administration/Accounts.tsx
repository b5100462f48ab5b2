import { Button, Label } from "@patternfly/react-core";
import { ActionsColumn, Table, Tbody, Td, Th, Thead, Tr, type IAction } from "@patternfly/react-table";
import { useState } from "react";
import { ACCOUNTS, useChange, useMembers, type Account } from "../api/administration";
import { patch, post, remove } from "../api/http";
import { useSession } from "../api/session";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";
import { Field, FormDialog, RoleChoice, ScopeFields, scopeOf, scopeText, Section, Shown } from "./parts";
import { roleWords, scopeWords } from "./words";

type Asked = { do: "add" } | { do: "change" | "password" | "delete"; account: Account };

/** Everybody's accounts for who administers the fleet, one's own for others. */
export default function Accounts() {
  const accounts = useMembers<Account>(ACCOUNTS);
  const administers = useSession().data?.role === "Administrator";
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  return (
    <Section
      title={t("Accounts")}
      about={t(
        "They sign in to this console, Redfish, SSH and the command line. The users of a server’s IPMI are others.",
      )}
      actions={administers && <Button onClick={() => setAsked({ do: "add" })}>{t("Add an account…")}</Button>}
    >
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
                <Row key={account.Id} account={account} administers={administers} onAsk={setAsked} />
              ))}
            </Tbody>
          </Table>
        )}
      </Shown>
      {asked?.do === "add" && <AccountDialog onClose={close} />}
      {asked?.do === "change" && <AccountDialog account={asked.account} onClose={close} />}
      {asked?.do === "password" && <PasswordDialog account={asked.account} onClose={close} />}
      {asked?.do === "delete" && <DeleteDialog account={asked.account} onClose={close} />}
    </Section>
  );
}

function Row({
  account,
  administers,
  onAsk,
}: {
  account: Account;
  administers: boolean;
  onAsk: (asked: Asked) => void;
}) {
  const { failed } = useNotices();
  const change = useChange((body: object) => patch(account["@odata.id"], body));
  const set = (body: object) =>
    change.mutate(body, {
      onError: (error) => failed(t("{{account}} was not changed", { account: account.Id }), error),
    });
  const items: IAction[] = [
    { title: t("New password…"), onClick: () => onAsk({ do: "password", account }) },
    ...(administers
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
        <ActionsColumn
          items={items}
          popperProps={{ position: "right" }}
          aria-label={t("Actions on {{account}}", { account: account.Id })}
        />
      </Td>
    </Tr>
  );
}

function AccountDialog({ account, onClose }: { account?: Account; onClose: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState(account?.RoleId ?? "Operator");
  const [scope, setScope] = useState(scopeText(account?.Oem?.Lightsout.Scope));
  const order = useChange(async () => {
    const body = { RoleId: role, Oem: { Lightsout: { Scope: scopeOf(scope) } } };
    if (account) await patch(account["@odata.id"], body);
    else await post(ACCOUNTS, { UserName: name, Password: password, ...body });
  });
  const submit = () => order.mutate(undefined, { onSuccess: onClose });
  return (
    <FormDialog
      kind="account"
      title={account ? t("Role and servers of {{account}}", { account: account.Id }) : t("Add an account")}
      description={account && t("What takes something away ends the account’s sessions.")}
      action={account ? t("Change it") : t("Add it")}
      refused={account ? t("The account was not changed") : t("The account was not added")}
      isReady={account !== undefined || (name !== "" && password !== "")}
      order={order}
      onSubmit={submit}
      onClose={onClose}
    >
      {!account && (
        <>
          <Field id="account-name" label={t("User name")} value={name} onChange={setName} isRequired />
          <Field
            id="account-password"
            label={t("Password")}
            type="password"
            value={password}
            onChange={setPassword}
            isRequired
          />
        </>
      )}
      <RoleChoice id="account-role" value={role} onChange={setRole} />
      <ScopeFields value={scope} onChange={setScope} />
    </FormDialog>
  );
}

function PasswordDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const { done } = useNotices();
  const order = useChange(() => patch(account["@odata.id"], { Password: password }));
  const submit = () =>
    order.mutate(undefined, {
      onSuccess: () => {
        done(t("{{account}} has a new password", { account: account.Id }));
        onClose();
      },
    });
  return (
    <FormDialog
      kind="password"
      title={t("New password of {{account}}", { account: account.Id })}
      description={t("Ends all sessions of the account, also this one if it is yours. API tokens and SSH keys stay.")}
      action={t("Set it")}
      refused={t("The password was not changed")}
      isReady={password !== ""}
      order={order}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field
        id="new-password"
        label={t("New password")}
        type="password"
        value={password}
        onChange={setPassword}
        isRequired
      />
    </FormDialog>
  );
}

function DeleteDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const order = useChange(() => remove(account["@odata.id"]));
  return (
    <FormDialog
      kind="delete"
      title={t("Delete the account {{account}}?", { account: account.Id })}
      description={t("Its sessions, SSH keys, API tokens, IPMI users and hooks go with it.")}
      action={t("Delete {{account}}", { account: account.Id })}
      refused={t("The account was not deleted")}
      isDanger
      order={order}
      onSubmit={() => order.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
