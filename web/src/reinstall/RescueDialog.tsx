import { Content, FormGroup, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import { useRescue } from "../api/systems";
import { t } from "../words/i18n";
import { Help } from "../shell/Help";
import { KeysField, type JobDialogProps } from "./fields";
import { keyLines } from "./order";
import { OrderDialog } from "../shell/OrderDialog";

export default function RescueDialog({ system, onClose, onStarted }: JobDialogProps) {
  const rescue = useRescue(system);
  const [keys, setKeys] = useState("");
  const [minutes, setMinutes] = useState("60");

  const submit = () => {
    rescue.mutate({ SSHKeys: keyLines(keys), TimeoutMinutes: Number(minutes) }, { onSuccess: onStarted });
  };
  return (
    <OrderDialog
      kind="rescue"
      title={t("Rescue {{node}}", { node: system.Name })}
      description={t("Boots a small system with a root shell, by SSH and on the consoles. No disk is touched.")}
      action={t("Power off and rescue {{node}}", { node: system.Name })}
      refused={t("The rescue was not started")}
      isReady={keyLines(keys).length > 0}
      order={rescue}
      onSubmit={submit}
      onClose={onClose}
    >
      <KeysField value={keys} onChange={setKeys} isRequired />
      <FormGroup label={t("Minutes")} fieldId="rescue-minutes" isRequired>
        <TextInput
          id="rescue-minutes"
          type="number"
          isRequired
          value={minutes}
          onChange={(_event, value) => setMinutes(value)}
        />
        <Help>{t("After that it ends by itself.")}</Help>
      </FormGroup>
      <Content component="p">
        {t("The node is powered off at once, and it is off again when the rescue has ended.")}
      </Content>
    </OrderDialog>
  );
}
