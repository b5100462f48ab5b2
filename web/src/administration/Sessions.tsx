import { Button, Label } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useState } from "react";
import { useChange, useMembers, type OpenSession } from "../api/administration";
import { ApiError, remove } from "../api/http";
import { PATHS } from "../api/paths";
import { useSession } from "../api/session";
import { useNotices } from "../shell/Notices";
import { OrderDialog } from "../shell/OrderDialog";
import { Ago } from "../words/Ago";
import { t } from "../words/i18n";
import { Section, Shown } from "./parts";
import { doorWords } from "./words";

const AGAIN_MS = 10_000;

/** Ends sessions; one that has ended by itself meanwhile is as good. */
const end = (sessions: OpenSession[]) =>
  Promise.all(
    sessions.map((session) =>
      remove(session["@odata.id"]).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      }),
    ),
  );

/** Who is signed in, from where and by which door. */
export default function Sessions() {
  const sessions = useMembers<OpenSession>(PATHS.sessions, AGAIN_MS);
  const own = useSession().data?.session;
  const others = (sessions.data ?? []).filter(({ Id }) => Id !== own);
  const [endingAll, setEndingAll] = useState(false);
  const { failed } = useNotices();
  const ending = useChange((session: OpenSession) => end([session]));
  const endOne = (session: OpenSession) =>
    ending.mutate(session, { onError: (error) => failed(t("The session was not ended"), error) });
  return (
    <Section
      title={t("Sessions")}
      about={t("What a session has opened (consoles, this page) ends with it.")}
      actions={
        <Button variant="secondary" isDanger isDisabled={others.length === 0} onClick={() => setEndingAll(true)}>
          {t("End all others…")}
        </Button>
      }
    >
      <Shown
        of={sessions}
        failed={t("Sessions cannot be shown")}
        empty={t("No sessions")}
        remedy={t("Nobody is signed in but with a password in each request.")}
      >
        {(all) => (
          <Table aria-label={t("Sessions")} variant="compact" gridBreakPoint="grid-lg">
            <Thead>
              <Tr>
                <Th>{t("Account")}</Th>
                <Th>{t("By")}</Th>
                <Th>{t("From")}</Th>
                <Th>{t("Signed in")}</Th>
                <Th>{t("Last use")}</Th>
                <Th screenReaderText={t("Actions")} />
              </Tr>
            </Thead>
            <Tbody>
              {all.map((session) => (
                <Tr key={session.Id} data-testid={`session-${session.Id}`}>
                  <Td dataLabel={t("Account")} modifier="breakWord">
                    <span className="lo-labels">
                      {session.UserName}
                      {session.Id === own && (
                        <Label isCompact color="blue">
                          {t("this one")}
                        </Label>
                      )}
                    </span>
                  </Td>
                  <Td dataLabel={t("By")}>{doorWords(session.Oem.Lightsout.Door)}</Td>
                  <Td dataLabel={t("From")}>{session.ClientOriginIPAddress}</Td>
                  <Td dataLabel={t("Signed in")}>{session.CreatedTime && <Ago iso={session.CreatedTime} />}</Td>
                  <Td dataLabel={t("Last use")}>
                    <Ago iso={session.Oem.Lightsout.LastUsed} />
                  </Td>
                  <Td isActionCell>
                    <Button variant="link" isDanger isInline onClick={() => endOne(session)}>
                      {t("End it")}
                    </Button>
                  </Td>
                </Tr>
              ))}
            </Tbody>
          </Table>
        )}
      </Shown>
      {endingAll && <EndAllDialog sessions={others} onClose={() => setEndingAll(false)} />}
    </Section>
  );
}

function EndAllDialog({ sessions, onClose }: { sessions: OpenSession[]; onClose: () => void }) {
  const order = useChange(() => end(sessions));
  return (
    <OrderDialog
      kind="end"
      title={t("End {{count}} sessions?", { count: sessions.length })}
      description={t("All that you see but this one. Their consoles close; passwords and tokens still sign in.")}
      action={t("End them")}
      refused={t("Not all sessions were ended")}
      isDanger
      order={order}
      onSubmit={() => order.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
