import { Checkbox, FormGroup } from "@patternfly/react-core";
import { useOwnKeys } from "../api/keys";
import { t } from "../words/i18n";
import { Help } from "../shell/Help";
import { keyLines } from "./order";

interface OwnKeysProps {
  /** The field's text, one key a line. */
  value: string;
  onChange: (value: string) => void;
}

/** The keys of who is signed in, to be put into the field or taken out of it. */
export function OwnKeys({ value, onChange }: OwnKeysProps) {
  const keys = useOwnKeys();
  const given = keyLines(value);
  if (keys.isError) return <Help>{t("The keys of your account cannot be shown; paste them above.")}</Help>;
  if (keys.data?.length === 0)
    return <Help>{t("Your account has no SSH keys of its own; those that it has are offered here.")}</Help>;
  const change = (line: string, on: boolean) =>
    onChange((on ? [...given, line] : given.filter((key) => key !== line)).join("\n"));
  return (
    <FormGroup role="group" label={t("Keys of your account")} fieldId="own-keys">
      {keys.data?.map(({ Id, KeyString, UserDescription, SSH }) => (
        <Checkbox
          key={Id}
          id={`own-key-${Id}`}
          label={[UserDescription, SSH.Comment].find(Boolean) ?? Id}
          description={<code className="lo-long">{SSH.Fingerprint ?? Id}</code>}
          isChecked={given.includes(KeyString ?? "")}
          onChange={(_event, on) => change(KeyString ?? "", on)}
        />
      ))}
    </FormGroup>
  );
}
