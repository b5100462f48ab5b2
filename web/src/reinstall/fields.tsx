/** What the dialogues of reinstall, rescue and erase have in common. */
import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextArea, TextInput } from "@patternfly/react-core";
import { Alert } from "../shell/Alert";
import { t } from "../words/i18n";

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

export function Refusal({ title, error }: { title: string; error: Error }) {
  return (
    <Alert variant="danger" isInline className="lo-dialog-error" component="p" title={title} role="alert">
      {error.message}
    </Alert>
  );
}

export function Help({ children }: { children: string }) {
  return (
    <FormHelperText>
      <HelperText>
        <HelperTextItem>{children}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}
