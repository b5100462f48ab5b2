import { Content, FormGroup, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import { useRescue } from "../api/systems";
import { Help, KeysField } from "./fields";
import { keyLines } from "./order";
import { JobDialog, type JobDialogProps } from "./JobDialog";

export default function RescueDialog({ system, onClose, onStarted }: JobDialogProps) {
  const rescue = useRescue(system);
  const [keys, setKeys] = useState("");
  const [minutes, setMinutes] = useState("60");

  const submit = () => {
    rescue.mutate({ SSHKeys: keyLines(keys), TimeoutMinutes: Number(minutes) }, { onSuccess: onStarted });
  };
  return (
    <JobDialog
      kind="rescue"
      title={`Rescue ${system.Name}`}
      description="Boots a small system with a root shell, by SSH and on the consoles. No disk is touched."
      action={`Power off and rescue ${system.Name}`}

      isReady={keyLines(keys).length > 0}
      order={rescue}
      onSubmit={submit}
      onClose={onClose}
    >
      <KeysField value={keys} onChange={setKeys} isRequired />
      <FormGroup label="Minutes" fieldId="rescue-minutes" isRequired>
        <TextInput
          id="rescue-minutes"
          type="number"
          isRequired
          value={minutes}
          onChange={(_event, value) => setMinutes(value)}
        />
        <Help>After that it ends by itself.</Help>
      </FormGroup>
      <Content component="p">The node is powered off at once, and it is off again when the rescue has ended.</Content>
    </JobDialog>
  );
}
