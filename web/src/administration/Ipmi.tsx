import { Button, Label } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useState } from "react";
import { useChange, useMembers, useResource, type Account, type Protocols } from "../api/administration";
import { patch } from "../api/http";
import { managerPath } from "../api/paths";
import { useSystems } from "../api/systems";
import type { System } from "../api/types";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { useNotices } from "../shell/Notices";
import { list } from "../words/format";
import { Choice } from "../shell/fields";
import { t } from "../words/i18n";
import { DeleteDialog, UserDialog } from "./ipmiDialogs";
import { Section, Shown } from "./parts";
import { RowActions } from "./RowActions";
import { privilegeWords, roleWords } from "./words";

type Asked = { do: "add" } | { do: "change" | "delete"; user: Account };

/** The numbered IPMI users of one server, and where its IPMI is answered. */
export default function Ipmi() {
  const systems = useSystems();
  const [chosen, setChosen] = useState("");
  const system = systems.data?.find(({ Id }) => Id === chosen) ?? systems.data?.[0];
  const usersPath = system && `${managerPath(system)}/RemoteAccountService/Accounts`;
  const users = useMembers<Account>(usersPath);
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);

  if (!systems.data)
    return systems.error ? (
      <ErrorPanel title={t("The fleet cannot be shown")} error={systems.error} retry={() => void systems.refetch()} />
    ) : (
      <Loading />
    );
  const endpoint = system?.Oem.Lightsout.IPMI;
  return (
    <Section
      title={t("IPMI users")}
      about={t("Each server has its own, with keys of their own: they sign in at that server’s IPMI and nowhere else.")}
      actions={system && <Button onClick={() => setAsked({ do: "add" })}>{t("Add an IPMI user…")}</Button>}
    >
      <div className="lo-fields">
        <Choice
          id="ipmi-server"
          label={t("Server")}
          value={system?.Id ?? ""}
          onChange={setChosen}
          options={systems.data.map(({ Id, Name }) => ({ value: Id, label: Name }))}
        />
        <p data-testid="ipmi-address" className="lo-long">
          {endpoint ? (
            <>
              {t("Answered at")} <code>{`${endpoint.Host}:${endpoint.Port}`}</code>
            </>
          ) : (
            t("The IPMI of this server is closed.")
          )}
        </p>
      </div>
      {system && endpoint && <CipherSuites system={system} />}
      {system && (
        <Shown
          of={users}
          failed={t("IPMI users cannot be shown")}
          empty={t("No IPMI users")}
          remedy={t("Nobody can sign in at the IPMI of {{node}} until one is added.", { node: system.Name })}
        >
          {(all) => <Users users={all} onAsk={setAsked} />}
        </Shown>
      )}
      {usersPath && asked?.do === "add" && <UserDialog path={usersPath} onClose={close} />}
      {usersPath && asked?.do === "change" && <UserDialog path={usersPath} user={asked.user} onClose={close} />}
      {asked?.do === "delete" && <DeleteDialog user={asked.user} onClose={close} />}
    </Section>
  );
}

function CipherSuites({ system }: { system: System }) {
  const protocols = useResource<Protocols>(`${managerPath(system)}/NetworkProtocol`);
  const suites = protocols.data?.Oem?.Lightsout.IPMICipherSuites;
  return (
    <p data-testid="ipmi-suites">
      {t("Its cipher suites, and the most that each allows:")}{" "}
      {protocols.error?.message ??
        suites?.map(({ Id, Algorithms, MaxPrivilege }) => (
          <Label
            key={Id}
            isCompact
            variant="outline"
          >{`${Id} · ${Algorithms} · ${privilegeWords(MaxPrivilege)}`}</Label>
        )) ??
        "…"}
    </p>
  );
}

function Users({ users, onAsk }: { users: Account[]; onAsk: (asked: Asked) => void }) {
  const { failed } = useNotices();
  const change = useChange(({ user, body }: { user: Account; body: object }) => patch(user["@odata.id"], body));
  const set = (user: Account, body: object) =>
    change.mutate(
      { user, body },
      { onError: (error) => failed(t("{{account}} was not changed", { account: user.UserName }), error) },
    );
  return (
    <Table aria-label={t("IPMI users")} variant="compact" gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          <Th>{t("Slot")}</Th>
          <Th>{t("Name")}</Th>
          <Th>{t("Role")}</Th>
          <Th>{t("Signs in at")}</Th>
          <Th>{t("State")}</Th>
          <Th screenReaderText={t("Actions")} />
        </Tr>
      </Thead>
      <Tbody>
        {users.map((user) => (
          <Tr key={user.Id} data-testid={`slot-${user.Id}`}>
            <Td dataLabel={t("Slot")}>{user.Id}</Td>
            <Td dataLabel={t("Name")}>{user.UserName}</Td>
            <Td dataLabel={t("Role")}>{roleWords(user.RoleId)}</Td>
            <Td dataLabel={t("Signs in at")}>{list(user.AccountTypes)}</Td>
            <Td dataLabel={t("State")}>
              <Label status={user.Enabled ? "success" : "warning"}>{user.Enabled ? t("Enabled") : t("Disabled")}</Label>
            </Td>
            <Td isActionCell>
              <RowActions
                label={t("Actions on {{account}}", { account: user.UserName })}
                items={[
                  { title: t("Key and role…"), onClick: () => onAsk({ do: "change", user }) },
                  user.Enabled
                    ? { title: t("Disable"), onClick: () => set(user, { Enabled: false }) }
                    : { title: t("Enable"), onClick: () => set(user, { Enabled: true }) },
                  { isSeparator: true },
                  { title: t("Delete…"), onClick: () => onAsk({ do: "delete", user }) },
                ]}
              />
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
