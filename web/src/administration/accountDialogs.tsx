/** What can be done about an account. */
import { useState } from "react";
import { useChange, type Account } from "../api/administration";
import { patch, post, remove } from "../api/http";
import { PATHS } from "../api/paths";
import { useNotices } from "../shell/Notices";
import { OrderDialog } from "../shell/OrderDialog";
import { Field } from "../shell/fields";
import { t } from "../words/i18n";
import { RoleChoice, ScopeFields, scopeOf, scopeText } from "./rights";

interface AccountDialogProps {
  account?: Account;
  /** Gets the account as it is now, with what the service remarks on it. */
  onSaved: (account: Account) => void;
  onClose: () => void;
}

export function AccountDialog({ account, onSaved, onClose }: AccountDialogProps) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState(account?.RoleId ?? "Operator");
  const [scope, setScope] = useState(scopeText(account?.Oem?.Lightsout.Scope));
  const order = useChange(async () => {
    const body = { RoleId: role, Oem: { Lightsout: { Scope: scopeOf(scope) } } };
    if (account) return patch<Account>(account["@odata.id"], body);
    return (await post<Account>(PATHS.accounts, { UserName: name, Password: password, ...body })).body;
  });
  const submit = () => order.mutate(undefined, { onSuccess: onSaved });
  return (
    <OrderDialog
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
    </OrderDialog>
  );
}

export function PasswordDialog({ account, onClose }: { account: Account; onClose: () => void }) {
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
    <OrderDialog
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
    </OrderDialog>
  );
}

export function DeleteDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const order = useChange(() => remove(account["@odata.id"]));
  return (
    <OrderDialog
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
