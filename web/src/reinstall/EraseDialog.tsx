import { FormGroup, Radio } from "@patternfly/react-core";
import { useState } from "react";
import { useErase } from "../api/systems";
import { Alert } from "../shell/Alert";
import { named, t, type Message } from "../words/i18n";
import { DiskChoice } from "./DiskChoice";
import { ConfirmName, type JobDialogProps } from "./fields";
import { OrderDialog } from "../shell/OrderDialog";
import { toDisk, type DiskRule } from "./order";
import { methodWords } from "./words";
import "./reinstall.css";

const MEANS: Record<string, Message> = {
  Metadata: "Clears partition tables and what makes file systems known. Quick; the files themselves stay on the disk.",
  Full: "Writes zeros over the whole disk.",
  Discard: "Has the disk forget everything. Quick; not every disk can.",
};

export default function EraseDialog({ system, onClose, onStarted }: JobDialogProps) {
  const erase = useErase(system);
  const methods = system.Actions?.Oem["#Lightsout.Erase"]?.["Method@Redfish.AllowableValues"] ?? [];
  const [method, setMethod] = useState("");
  const [disk, setDisk] = useState<DiskRule>({ by: "only" });
  const [typed, setTyped] = useState("");

  const submit = () => {
    const rule = toDisk(disk);
    erase.mutate({ Method: method, ...(rule && { Disk: rule }) }, { onSuccess: onStarted });
  };
  return (
    <OrderDialog
      kind="erase"
      title={t("Erase a disk of {{node}}", { node: system.Name })}
      description={t("Erases one disk, reads back from it, and keeps a record of what was done.")}
      action={t("Erase the disk of {{node}}", { node: system.Name })}
      refused={t("The erase was not started")}
      isDanger
      isReady={method !== "" && typed.trim() === system.Name}
      order={erase}
      onSubmit={submit}
      onClose={onClose}
    >
      <FormGroup role="radiogroup" label={t("Method")} fieldId="erase-method" isRequired>
        {methods.map((name) => (
          <Radio
            key={name}
            id={`erase-${name}`}
            name="erase-method"
            label={methodWords(name)}
            description={named(MEANS, name, "")}
            isChecked={method === name}
            onChange={() => setMethod(name)}
          />
        ))}
      </FormGroup>
      <DiskChoice system={system} value={disk} onChange={setDisk} />
      <Alert variant="danger" isInline component="p" title={t("What is on the disk is gone for good")}>
        {t("The node is powered off at once and its disk is erased. There is no way back.")}
      </Alert>
      <ConfirmName name={system.Name} value={typed} onChange={setTyped} />
    </OrderDialog>
  );
}
