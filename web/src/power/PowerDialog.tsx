import { Button, Content, ModalBody, ModalFooter } from "@patternfly/react-core";
import { isPhysical } from "../api/systems";
import type { System } from "../api/types";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { t } from "../words/i18n";
import { HeldBy } from "./HeldBy";
import { PlanPart } from "./PlanPart";
import { actionWords } from "./words";

interface PowerDialogProps {
  system: System;
  type: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before an action that may lose something, and names the node it is about. */
export default function PowerDialog({ system, type, onConfirm, onClose }: PowerDialogProps) {
  const { label, danger, harsh = false } = actionWords(type);
  return (
    <Dialog
      variant={isPhysical(system) ? "medium" : "small"}
      onClose={onClose}
      aria-labelledby="power-dialog-title"
      aria-describedby="power-dialog-body"
    >
      <DialogHeader
        title={t("{{action}}: {{node}}?", { action: label, node: system.Name })}
        titleIconVariant="warning"
        labelId="power-dialog-title"
      />
      <ModalBody id="power-dialog-body">
        <Content component="p">{danger}</Content>
        <HeldBy system={system} />
        {isPhysical(system) && <PlanPart system={system} type={type} />}
      </ModalBody>
      <ModalFooter>
        <Button variant={harsh ? "danger" : "primary"} onClick={onConfirm} data-testid="confirm-power">
          {t("{{action}} {{node}}", { action: label, node: system.Name })}
        </Button>
        <Button variant="link" onClick={onClose} autoFocus>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
