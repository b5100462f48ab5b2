/** What can be done about the IPMI users of a server. */
import { useState } from "react";
import { useChange, type Account } from "../api/administration";
import { patch, post, remove } from "../api/http";
import { OrderDialog } from "../shell/OrderDialog";
import { Field } from "../shell/fields";
import { t } from "../words/i18n";
import { RoleChoice } from "./rights";

export function UserDialog({ path, user, onClose }: { path: string; user?: Account; onClose: () => void }) {
  const [name, setName] = useState(user?.UserName ?? "");
  const [key, setKey] = useState("");
  const [role, setRole] = useState(user?.RoleId ?? "Operator");
  const order = useChange(async () => {
    if (user) await patch(user["@odata.id"], { RoleId: role, ...(key === "" ? {} : { Password: key }) });
    else await post(path, { UserName: name, Password: key, RoleId: role });
  });
  return (
    <OrderDialog
      kind="ipmi"
      title={user ? t("Key and role of {{account}}", { account: user.UserName }) : t("Add an IPMI user")}
      description={t("Never a password that is used elsewhere: who knows a user’s name can try its key at leisure.")}
      action={user ? t("Change it") : t("Add it")}
      refused={user ? t("The IPMI user was not changed") : t("The IPMI user was not added")}
      isReady={user !== undefined || (name !== "" && key !== "")}
      order={order}
      onSubmit={() => order.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      {!user && <Field id="ipmi-name" label={t("Name")} value={name} onChange={setName} isRequired />}
      <Field
        id="ipmi-key"
        label={t("Key")}
        help={user ? t("Empty: it keeps the one it has.") : t("At most 20 bytes; long and random is best.")}
        type="password"
        value={key}
        onChange={setKey}
        isRequired={!user}
      />
      <RoleChoice id="ipmi-role" value={role} onChange={setRole} />
    </OrderDialog>
  );
}

export function DeleteDialog({ user, onClose }: { user: Account; onClose: () => void }) {
  const order = useChange(() => remove(user["@odata.id"]));
  return (
    <OrderDialog
      kind="delete"
      title={t("Delete the IPMI user {{account}}?", { account: user.UserName })}
      description={t("Its sessions end, and its slot is free.")}
      action={t("Delete {{account}}", { account: user.UserName })}
      refused={t("The IPMI user was not deleted")}
      isDanger
      order={order}
      onSubmit={() => order.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
