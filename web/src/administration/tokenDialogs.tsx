/** What can be done about API tokens. */
import { Button, ClipboardCopy, ModalBody, ModalFooter } from "@patternfly/react-core";
import { useState } from "react";
import { useChange, type ApiToken } from "../api/administration";
import { post, remarks, remove } from "../api/http";
import { PATHS } from "../api/paths";
import { useSession } from "../api/session";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { OrderDialog } from "../shell/OrderDialog";
import { Choice, Field } from "../shell/fields";
import { now } from "../words/clock";
import { t } from "../words/i18n";
import { RoleChoice, ScopeFields, scopeOf, scopeText } from "./rights";
import { ScopeRemarks } from "./ScopeRemarks";

const DAY_MS = 86_400_000;

export function MakeDialog({ onClose, onMade }: { onClose: () => void; onMade: (token: ApiToken) => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState(useSession().data?.role ?? "ReadOnly");
  const [scope, setScope] = useState(scopeText(undefined));
  const [days, setDays] = useState("90");
  const order = useChange(async () => {
    const expires = days === "" ? null : new Date(now() + Number(days) * DAY_MS).toISOString();
    return (await post<ApiToken>(PATHS.tokens, { Name: name, RoleId: role, Scope: scopeOf(scope), Expires: expires }))
      .body;
  });
  return (
    <OrderDialog
      kind="token"
      title={t("Make an API token")}
      description={t("It acts for your account. Give it no more than the program needs.")}
      action={t("Make it")}
      refused={t("The token was not made")}
      isReady={name.trim() !== ""}
      order={order}
      onSubmit={() => order.mutate(undefined, { onSuccess: onMade })}
      onClose={onClose}
    >
      <Field
        id="token-name"
        label={t("Name")}
        help={t("What it is for; the audit names it.")}
        value={name}
        onChange={setName}
        isRequired
      />
      <Choice
        id="token-days"
        label={t("Expires")}
        value={days}
        onChange={setDays}
        options={[
          ...[7, 30, 90, 365].map((number) => ({ value: String(number), label: t("in {{number}} days", { number }) })),
          { value: "", label: t("never") },
        ]}
      />
      <RoleChoice id="token-role" value={role} onChange={setRole} />
      <ScopeFields value={scope} onChange={setScope} />
    </OrderDialog>
  );
}

/** The one time that its secret is shown. */
export function MadeDialog({ token, onClose }: { token: ApiToken; onClose: () => void }) {
  return (
    <Dialog variant="medium" aria-labelledby="made-title">
      <DialogHeader
        title={t("The token {{name}} is made", { name: token.Name })}
        labelId="made-title"
        description={t("Copy it now: it is not shown again. Send it as “Authorization: Bearer …” or X-Auth-Token.")}
      />
      <ModalBody>
        <ClipboardCopy
          isReadOnly
          hoverTip={t("Copy")}
          clickTip={t("Copied")}
          textAriaLabel={t("API token")}
          className="lo-mono"
        >
          {token.Token ?? ""}
        </ClipboardCopy>
        <ScopeRemarks remarks={remarks(token)} name={token.Name} />
      </ModalBody>
      <ModalFooter>
        <Button onClick={onClose}>{t("I have it")}</Button>
      </ModalFooter>
    </Dialog>
  );
}

export function RevokeDialog({ token, onClose }: { token: ApiToken; onClose: () => void }) {
  const order = useChange(() => remove(token["@odata.id"]));
  return (
    <OrderDialog
      kind="revoke"
      title={t("Revoke the token {{name}}?", { name: token.Name })}
      description={t("It signs in no more, and what it has opened ends.")}
      action={t("Revoke it")}
      refused={t("The token was not revoked")}
      isDanger
      order={order}
      onSubmit={() => order.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
