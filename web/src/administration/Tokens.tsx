import { Button, ClipboardCopy, Label, ModalBody, ModalFooter } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useState } from "react";
import { useChange, useMembers, type ApiToken } from "../api/administration";
import { post, remarks, remove } from "../api/http";
import { PATHS } from "../api/paths";
import { useSession } from "../api/session";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { OrderDialog } from "../shell/OrderDialog";
import { Choice, Field } from "../shell/fields";
import { Ago } from "../words/Ago";
import { now } from "../words/clock";
import { moment } from "../words/format";
import { t } from "../words/i18n";
import { useNow } from "../words/useNow";
import { Section, Shown } from "./parts";
import { ScopeRemarks } from "./ScopeRemarks";
import { RoleChoice, ScopeFields, scopeOf, scopeText } from "./rights";
import { roleWords, scopeWords } from "./words";

const AGAIN_MS = 10_000;
const DAY_MS = 86_400_000;

/** Secrets by which programs act for an account. */
export default function Tokens() {
  const tokens = useMembers<ApiToken>(PATHS.tokens, AGAIN_MS);
  const present = useNow(30_000);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<ApiToken>();
  const [revoking, setRevoking] = useState<ApiToken>();
  return (
    <Section
      title={t("API tokens")}
      about={t("A program signs in with a token instead of a password. It may do what its account may do, or less.")}
      actions={<Button onClick={() => setMaking(true)}>{t("Make a token…")}</Button>}
    >
      <Shown
        of={tokens}
        failed={t("Tokens cannot be shown")}
        empty={t("No tokens")}
        remedy={t("Make one for each program, so that one can be revoked without the others.")}
      >
        {(all) => (
          <Table aria-label={t("API tokens")} variant="compact" gridBreakPoint="grid-xl">
            <Thead>
              <Tr>
                <Th>{t("Name")}</Th>
                <Th>{t("Account")}</Th>
                <Th>{t("Role")}</Th>
                <Th>{t("Servers")}</Th>
                <Th>{t("Expires")}</Th>
                <Th>{t("Last use")}</Th>
                <Th screenReaderText={t("Actions")} />
              </Tr>
            </Thead>
            <Tbody>
              {all.map((token) => (
                <Tr key={token.Id} data-testid={`token-${token.Name}`}>
                  <Td dataLabel={t("Name")} modifier="breakWord">
                    {token.Name}
                  </Td>
                  <Td dataLabel={t("Account")}>{token.Account}</Td>
                  <Td dataLabel={t("Role")}>{roleWords(token.RoleId)}</Td>
                  <Td dataLabel={t("Servers")} modifier="breakWord">
                    {scopeWords(token.Scope)}
                  </Td>
                  <Td dataLabel={t("Expires")}>
                    {token.Expires === null ? (
                      t("never")
                    ) : new Date(token.Expires).getTime() <= present ? (
                      <Label status="warning">{t("expired")}</Label>
                    ) : (
                      moment(token.Expires)
                    )}
                  </Td>
                  <Td dataLabel={t("Last use")} modifier="breakWord">
                    {token.LastUsed === null ? (
                      t("never")
                    ) : (
                      <>
                        <Ago iso={token.LastUsed} />
                        <div className="lo-muted">{t("from {{address}}", { address: token.LastAddress ?? "–" })}</div>
                      </>
                    )}
                  </Td>
                  <Td isActionCell>
                    <Button variant="link" isDanger isInline onClick={() => setRevoking(token)}>
                      {t("Revoke…")}
                    </Button>
                  </Td>
                </Tr>
              ))}
            </Tbody>
          </Table>
        )}
      </Shown>
      {making && (
        <MakeDialog
          onClose={() => setMaking(false)}
          onMade={(token) => {
            setMaking(false);
            setMade(token);
          }}
        />
      )}
      {made && <MadeDialog token={made} onClose={() => setMade(undefined)} />}
      {revoking && <RevokeDialog token={revoking} onClose={() => setRevoking(undefined)} />}
    </Section>
  );
}

function MakeDialog({ onClose, onMade }: { onClose: () => void; onMade: (token: ApiToken) => void }) {
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
function MadeDialog({ token, onClose }: { token: ApiToken; onClose: () => void }) {
  return (
    <Dialog variant="medium" onClose={onClose} aria-labelledby="made-title">
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

function RevokeDialog({ token, onClose }: { token: ApiToken; onClose: () => void }) {
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
