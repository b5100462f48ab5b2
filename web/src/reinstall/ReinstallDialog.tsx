import { Alert, FormGroup, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import { useReinstall } from "../api/systems";
import { ConfirmName, Help, KeysField } from "./fields";
import { ImageChoice } from "./ImageChoice";
import { JobDialog, type JobDialogProps } from "./JobDialog";
import { toRequest } from "./order";

/** Asks for everything a reinstall needs, and for the node's name, since there is no way back. */
export default function ReinstallDialog({ system, onClose, onStarted }: JobDialogProps) {
  const reinstall = useReinstall(system);
  const allowed = system.Actions?.Oem?.["#Lightsout.Reinstall"]?.["Image@Redfish.AllowableValues"];
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
      title={`Reinstall ${system.Name}`}
      description="Writes an operating-system image to the node’s disk and checks that the new system boots."
      action={`Erase and reinstall ${system.Name}`}
      isDanger
      isReady={image !== "" && typed.trim() === system.Name}
      order={reinstall}
      onSubmit={submit}
      onClose={onClose}
    >
      <ImageChoice allowed={allowed} value={image} onChange={setImage} />
      <FormGroup label="Host name" fieldId="reinstall-hostname" isRequired>
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
      <FormGroup label="Root password" fieldId="reinstall-password">
        <TextInput
          id="reinstall-password"
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={(_event, value) => setPassword(value)}
        />
        <Help>Optional. Without it, only the SSH keys let anybody in.</Help>
      </FormGroup>
      <Alert variant="danger" isInline component="p" title={`Everything on ${system.Name}’s disk is erased`}>
        The node is powered off at once and its disk is overwritten. There is no way back.
      </Alert>
      <ConfirmName name={system.Name} value={typed} onChange={setTyped} />
    </JobDialog>
  );
}
