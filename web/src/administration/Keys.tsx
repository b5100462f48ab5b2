import { Button, FormGroup, TextArea } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useState } from "react";
import { useChange, useMembers, type Account, type SshKey } from "../api/administration";
import { post, remove } from "../api/http";
import { PATHS } from "../api/paths";
import { useSession } from "../api/session";
import { Help } from "../shell/Help";
import { OrderDialog } from "../shell/OrderDialog";
import { Choice, Field } from "../shell/fields";
import { t } from "../words/i18n";
import { Section, Shown } from "./parts";

/** Keys by which an account signs in at the SSH door. */
export default function Keys() {
  const accounts = useMembers<Account>(PATHS.accounts);
  const me = useSession().data?.account ?? "";
  const [chosen, setChosen] = useState(me);
  const account = accounts.data?.find(({ Id }) => Id === chosen) ?? accounts.data?.[0];
  const keys = useMembers<SshKey>(account?.Keys?.["@odata.id"]);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<SshKey>();
  return (
    <Section
      title={t("SSH keys")}
      about={t("Whoever holds a key opens serial consoles by SSH as its account, without a password.")}
      actions={account && <Button onClick={() => setAdding(true)}>{t("Add a key…")}</Button>}
    >
      {(accounts.data?.length ?? 0) > 1 && (
        <div className="lo-fields">
          <Choice
            id="keys-account"
            label={t("Account")}
            value={account?.Id ?? ""}
            onChange={setChosen}
            options={(accounts.data ?? []).map(({ Id }) => ({ value: Id, label: Id }))}
          />
        </div>
      )}
      <Shown
        of={account === undefined ? { ...accounts, data: accounts.data && [] } : keys}
        failed={t("Keys cannot be shown")}
        empty={t("{{account}} has no keys", { account: account?.Id ?? "" })}
        remedy={t("Add a public key, as a .pub file holds it. Until then it signs in by SSH with its password.")}
      >
        {(all) => (
          <Table aria-label={t("SSH keys")} variant="compact" gridBreakPoint="grid-lg">
            <Thead>
              <Tr>
                <Th>{t("Name")}</Th>
                <Th>{t("Kind")}</Th>
                <Th>{t("Fingerprint")}</Th>
                <Th screenReaderText={t("Actions")} />
              </Tr>
            </Thead>
            <Tbody>
              {all.map((key) => (
                <Tr key={key.Id}>
                  <Td dataLabel={t("Name")}>{[key.UserDescription, key.SSH.Comment].find(Boolean) ?? "–"}</Td>
                  <Td dataLabel={t("Kind")}>{key.KeyString?.split(" ")[0]}</Td>
                  <Td dataLabel={t("Fingerprint")} modifier="breakWord">
                    <code>{key.SSH.Fingerprint}</code>
                  </Td>
                  <Td isActionCell>
                    <Button variant="link" isDanger isInline onClick={() => setRemoving(key)}>
                      {t("Remove…")}
                    </Button>
                  </Td>
                </Tr>
              ))}
            </Tbody>
          </Table>
        )}
      </Shown>
      {adding && account && <AddDialog account={account} onClose={() => setAdding(false)} />}
      {removing && <RemoveDialog sshKey={removing} onClose={() => setRemoving(undefined)} />}
    </Section>
  );
}

function AddDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const [text, setText] = useState("");
  const [name, setName] = useState("");
  const order = useChange(() =>
    post(account.Keys?.["@odata.id"] ?? "", { KeyType: "SSH", KeyString: text.trim(), UserDescription: name }),
  );
  return (
    <OrderDialog
      kind="key"
      title={t("Add an SSH key of {{account}}", { account: account.Id })}
      action={t("Add it")}
      refused={t("The key was not added")}
      isReady={text.trim() !== ""}
      order={order}
      onSubmit={() => order.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <FormGroup label={t("Public key")} fieldId="key-text" isRequired>
        <TextArea
          id="key-text"
          className="lo-mono"
          rows={4}
          spellCheck={false}
          resizeOrientation="vertical"
          placeholder="ssh-ed25519 AAAA… you@example"
          value={text}
          onChange={(_event, value) => setText(value)}
        />
        <Help id="key-help">{t("The line of a .pub file; never the private key.")}</Help>
      </FormGroup>
      <Field id="key-name" label={t("Name")} value={name} onChange={setName} />
    </OrderDialog>
  );
}

function RemoveDialog({ sshKey, onClose }: { sshKey: SshKey; onClose: () => void }) {
  const order = useChange(() => remove(sshKey["@odata.id"]));
  return (
    <OrderDialog
      kind="remove"
      title={t("Remove this SSH key?")}
      description={t("{{fingerprint}} signs in no more, and the account’s SSH sessions end.", {
        fingerprint: sshKey.SSH.Fingerprint,
      })}
      action={t("Remove it")}
      refused={t("The key was not removed")}
      isDanger
      order={order}
      onSubmit={() => order.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
