import { FormGroup, Radio, Skeleton, TextInput } from "@patternfly/react-core";
import { useDrives } from "../api/parts";
import type { Drive } from "../api/redfish";
import type { System } from "../api/types";
import { Unread } from "../shell/Unread";
import { bytes } from "../words/format";
import { t, type Message } from "../words/i18n";
import type { DiskRule } from "./order";

const PICKS: [pick: string, label: Message][] = [
  ["smallest", "The smallest"],
  ["largest", "The largest"],
];

interface DiskChoiceProps {
  system: System;
  value: DiskRule;
  onChange: (value: DiskRule) => void;
}

/** Which disk is erased: one of those that the service knows of, by its serial number; or by what is said of it. */
export function DiskChoice({ system, value, onChange }: DiskChoiceProps) {
  const drives = useDrives(system);
  const known = (drives.data ?? []).filter((drive) => drive.SerialNumber);
  const serial = value.by === "serial" ? value.serial : "";
  const isOther = value.by === "serial" && !known.some((drive) => drive.SerialNumber === serial);
  return (
    <FormGroup role="radiogroup" label={t("Disk that is erased")} fieldId="disk" isRequired>
      {drives.isPending && <Skeleton screenreaderText={t("Loading disks")} />}
      {drives.isError && <Unread of={drives} />}
      <div className="lo-choices">
        {known.map((drive) => (
          <Radio
            key={drive.Id}
            id={`disk-${drive.Id}`}
            name="disk"
            label={driveWords(drive)}
            isChecked={serial === drive.SerialNumber}
            onChange={() => onChange({ by: "serial", serial: drive.SerialNumber ?? "" })}
          />
        ))}
        <Radio
          id="disk-only"
          name="disk"
          label={t("The only disk that the server has")}
          description={t("Nothing is erased if it has several.")}
          isChecked={value.by === "only"}
          onChange={() => onChange({ by: "only" })}
        />
        {PICKS.map(([pick, label]) => (
          <Radio
            key={pick}
            id={`disk-${pick}`}
            name="disk"
            label={t(label)}
            isChecked={value.by === "pick" && value.pick === pick}
            onChange={() => onChange({ by: "pick", pick })}
          />
        ))}
        <Radio
          id="disk-serial"
          name="disk"
          label={t("Another, by its serial number")}
          isChecked={isOther}
          onChange={() => onChange({ by: "serial", serial: "" })}
          body={
            isOther && (
              <TextInput
                id="disk-serial-number"
                aria-label={t("Serial number of the disk")}
                value={serial}
                spellCheck={false}
                onChange={(_event, text) => onChange({ by: "serial", serial: text })}
              />
            )
          }
        />
      </div>
    </FormGroup>
  );
}

const driveWords = ({ Id, CapacityBytes, SerialNumber }: Drive) =>
  t("{{name}}: {{size}}, serial number {{serial}}", {
    name: Id,
    size: bytes(CapacityBytes ?? 0),
    serial: SerialNumber,
  });

/** The chosen disk in one line, for a last look before it is erased. */
export function useDiskWords(system: System): (disk: DiskRule) => string {
  const drives = useDrives(system).data ?? [];
  return (disk) => {
    if (disk.by === "only") return t("The only disk that the server has");
    if (disk.by === "pick") return t(PICKS.find(([pick]) => pick === disk.pick)?.[1] ?? "The largest");
    const drive = drives.find(({ SerialNumber }) => SerialNumber === disk.serial);
    return drive ? driveWords(drive) : t("Serial number {{serial}}", { serial: disk.serial });
  };
}
