import { FormGroup, TextInput } from "@patternfly/react-core";
import { Alert } from "../shell/Alert";
import { t } from "../words/i18n";
import { KeysField } from "./fields";
import { Help } from "../shell/Help";
import type { Draft } from "./order";
import { OwnKeys } from "./OwnKeys";

interface SystemFieldsProps {
  /** What the image's system can be told. */
  settings: string[];
  draft: Draft;
  onChange: (news: Partial<Draft>) => void;
}

/** What the new system is called and who gets in. */
export function SystemFields({ settings, draft, onChange }: SystemFieldsProps) {
  if (settings.length === 0)
    return (
      <Alert variant="info" isInline component="p" title={t("This image can be told nothing")}>
        {t("Its system comes up as it was made, with the accounts and the network that it has.")}
      </Alert>
    );
  return (
    <>
      {settings.includes("Hostname") && (
        <FormGroup label={t("Host name")} fieldId="reinstall-hostname" isRequired>
          <TextInput
            id="reinstall-hostname"
            isRequired
            value={draft.hostname}
            spellCheck={false}
            autoCapitalize="none"
            onChange={(_event, hostname) => onChange({ hostname })}
          />
        </FormGroup>
      )}
      {settings.includes("User") && (
        <FormGroup label={t("User")} fieldId="reinstall-user">
          <TextInput
            id="reinstall-user"
            value={draft.user}
            placeholder="root"
            spellCheck={false}
            autoCapitalize="none"
            autoComplete="off"
            onChange={(_event, user) => onChange({ user })}
          />
          <Help>{t("Whose the keys and the password are; may do everything by sudo. Without one it is root.")}</Help>
        </FormGroup>
      )}
      {settings.includes("SSHKeys") && (
        <>
          <KeysField value={draft.keys} onChange={(keys) => onChange({ keys })} />
          <OwnKeys value={draft.keys} onChange={(keys) => onChange({ keys })} />
        </>
      )}
      {settings.includes("Password") && (
        <FormGroup label={t("Password")} fieldId="reinstall-password">
          <TextInput
            id="reinstall-password"
            type="password"
            autoComplete="new-password"
            value={draft.password}
            onChange={(_event, password) => onChange({ password })}
          />
          <Help>{t("For the screen and the serial console. Without it, only the SSH keys let anybody in.")}</Help>
        </FormGroup>
      )}
    </>
  );
}
