import { FormGroup, Radio, TextInput } from "@patternfly/react-core";
import type { System } from "../api/types";
import { KeysField } from "../reinstall/fields";
import { Help } from "../shell/Help";
import { t } from "../words/i18n";

const allowed = (system: System) =>
  system.Actions?.Oem["#Lightsout.Reinstall"]?.["Image@Redfish.AllowableValues"] ?? [];

/** The images that every one of them takes. Empty stands for the one that each has now, where all have one. */
export function commonImages(systems: System[]): string[] {
  const [first, ...others] = systems.map(allowed);
  const common = (first ?? []).filter((image) => others.every((images) => images.includes(image)));
  const same = systems.every((system) => allowed(system).includes(system.Oem.Lightsout.InstalledImage ?? ""));
  return same ? ["", ...common] : common;
}

export interface Install {
  image: string;
  keys: string;
  password: string;
}

interface ReinstallFieldsProps {
  systems: System[];
  value: Install;
  onChange: (value: Install) => void;
}

/** The same for all; each keeps its name as its host name. */
export function ReinstallFields({ systems, value, onChange }: ReinstallFieldsProps) {
  const images = commonImages(systems);
  return (
    <>
      <FormGroup role="radiogroup" label={t("Image")} fieldId="bulk-image" isRequired isStack>
        {images.length === 0 && <p role="alert">{t("There is no image that all of them take.")}</p>}
        {images.map((image) => (
          <Radio
            key={image}
            id={`bulk-image-${image}`}
            name="bulk-image"
            label={image === "" ? t("The image that each has now") : image}
            isChecked={value.image === image}
            onChange={() => onChange({ ...value, image })}
          />
        ))}
        <Help>{t("Each node’s host name is its name here.")}</Help>
      </FormGroup>
      <KeysField value={value.keys} onChange={(keys) => onChange({ ...value, keys })} />
      <FormGroup label={t("Root password")} fieldId="bulk-password">
        <TextInput
          id="bulk-password"
          type="password"
          autoComplete="new-password"
          value={value.password}
          onChange={(_event, password) => onChange({ ...value, password })}
        />
        <Help>{t("Optional. Without it, only the SSH keys let anybody in.")}</Help>
      </FormGroup>
    </>
  );
}
