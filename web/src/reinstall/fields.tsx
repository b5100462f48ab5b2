/** What the dialogues of reinstall, rescue and erase have in common. */
import { FormGroup, TextArea, TextInput } from "@patternfly/react-core";
import type { System } from "../api/types";
import { Help } from "../shell/Help";
import { t } from "../words/i18n";

export interface JobDialogProps {
  system: System;
  onClose: () => void;
  onStarted: () => void;
}

interface FieldProps {
  value: string;
  onChange: (value: string) => void;
}

export function KeysField({ value, onChange, isRequired = false }: FieldProps & { isRequired?: boolean }) {
  return (
    <FormGroup label={t("SSH keys")} fieldId="reinstall-keys" isRequired={isRequired}>
      <TextArea
        id="reinstall-keys"
        className="lo-mono"
        rows={3}
        resizeOrientation="vertical"
        spellCheck={false}
        isRequired={isRequired}
        placeholder="ssh-ed25519 AAAA… you@example"
        value={value}
        onChange={(_event, text) => onChange(text)}
      />
      <Help>{t("Public keys that may log in, one a line.")}</Help>
    </FormGroup>
  );
}

/** Where there is no way back, the node's name is typed. */
export function ConfirmName({ name, value, onChange }: FieldProps & { name: string }) {
  return (
    <FormGroup label={t("Type {{node}} to confirm", { node: name })} fieldId="reinstall-confirm" isRequired>
      <TextInput
        id="reinstall-confirm"
        isRequired
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={value}
        onChange={(_event, text) => onChange(text)}
      />
    </FormGroup>
  );
}
