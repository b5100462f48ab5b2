import { Button, Label } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useState } from "react";
import { useMembers, type ApiToken } from "../api/administration";
import { PATHS } from "../api/paths";
import { Ago } from "../words/Ago";
import { moment } from "../words/format";
import { t } from "../words/i18n";
import { useNow } from "../words/useNow";
import { Section, Shown } from "./parts";
import { MadeDialog, MakeDialog, RevokeDialog } from "./tokenDialogs";
import { roleWords, scopeWords } from "./words";

const AGAIN_MS = 10_000;

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
