import { FormGroup, TextArea } from "@patternfly/react-core";
import { useState } from "react";
import { bytes } from "../words/format";
import { t } from "../words/i18n";
import { Help } from "../shell/Help";

interface UserDataFieldProps {
  /** Bytes that the image takes at most; null when nobody has said. */
  most: number | null;
  value: string;
  onChange: (value: string) => void;
}

/** What cloud-init is given beside: typed here, or read from a file. */
export function UserDataField({ most, value, onChange }: UserDataFieldProps) {
  const [tooLong, setTooLong] = useState(false);
  const size = new TextEncoder().encode(value).length;
  const read = (file: File) => {
    const fits = most === null || file.size <= most;
    setTooLong(!fits);
    if (fits) void file.text().then(onChange);
  };
  return (
    <FormGroup label={t("User data for cloud-init")} fieldId="reinstall-user-data">
      <TextArea
        id="reinstall-user-data"
        className="lo-mono"
        rows={10}
        resizeOrientation="vertical"
        spellCheck={false}
        placeholder="#cloud-config"
        value={value}
        onChange={(_event, text) => onChange(text)}
      />
      <input
        type="file"
        className="lo-file"
        aria-label={t("User data from a file")}
        onChange={({ target }) => target.files?.[0] && read(target.files[0])}
      />
      <Help>
        {most === null
          ? t("#cloud-config in YAML, or a script.")
          : t("#cloud-config in YAML, or a script. {{size}} of {{most}}.", { size: bytes(size), most: bytes(most) })}
      </Help>
      {tooLong && <p role="alert">{t("The file is longer than {{most}}.", { most: bytes(most ?? 0) })}</p>}
    </FormGroup>
  );
}
