import { FormGroup, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import { useReinstall } from "../api/systems";
import { Alert } from "../shell/Alert";
import { t } from "../words/i18n";
import { ConfirmName, Help, KeysField } from "./fields";
import { ImageChoice } from "./ImageChoice";
import { JobDialog, type JobDialogProps } from "./JobDialog";
import { toRequest } from "./order";

/** Asks for everything a reinstall needs, and for the node's name, since there is no way back. */
export default function ReinstallDialog({ system, onClose, onStarted }: JobDialogProps) {
  const reinstall = useReinstall(system);
  const allowed = system.Actions?.Oem["#Lightsout.Reinstall"]?.["Image@Redfish.AllowableValues"];
  const [image, setImage] = useState(allowed?.[0] ?? "");
  const [hostname, setHostname] = useState(system.Name);
  const [keys, setKeys] = useState("");
  const [password, setPassword] = useState("");
  const [typed, setTyped] = useState("");

  const submit = () => {
    reinstall.mutate(toRequest({ image, hostname, keys, password }), { onSuccess: onStarted });
  };
  return (
    <JobDialog
      kind="reinstall"
      title={t("Reinstall {{node}}", { node: system.Name })}
      description={t("Writes an operating-system image to the node’s disk and checks that the new system boots.")}
      action={t("Erase and reinstall {{node}}", { node: system.Name })}
      refused={t("The reinstall was not started")}
      isDanger
      isReady={image !== "" && typed.trim() === system.Name}
      order={reinstall}
      onSubmit={submit}
      onClose={onClose}
    >
      <ImageChoice allowed={allowed} value={image} onChange={setImage} />
      <FormGroup label={t("Host name")} fieldId="reinstall-hostname" isRequired>
        <TextInput
          id="reinstall-hostname"
          isRequired
          value={hostname}
          spellCheck={false}
          autoCapitalize="none"
          onChange={(_event, value) => setHostname(value)}
        />
      </FormGroup>
      <KeysField value={keys} onChange={setKeys} />
      <FormGroup label={t("Root password")} fieldId="reinstall-password">
        <TextInput
          id="reinstall-password"
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={(_event, value) => setPassword(value)}
        />
        <Help>{t("Optional. Without it, only the SSH keys let anybody in.")}</Help>
      </FormGroup>
      <Alert
        variant="danger"
        isInline
        component="p"
        title={t("Everything on {{node}}’s disk is erased", { node: system.Name })}
      >
        {t("The node is powered off at once and its disk is overwritten. There is no way back.")}
      </Alert>
      <ConfirmName name={system.Name} value={typed} onChange={setTyped} />
    </JobDialog>
  );
}
