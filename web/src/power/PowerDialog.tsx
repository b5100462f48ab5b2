import { Button, Content, Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core";
import { isPhysical } from "../api/systems";
import type { System } from "../api/types";
import { PlanPart } from "./PlanPart";
import { actionWords } from "./words";

interface PowerDialogProps {
  system: System;
  type: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before an action that may lose something, and names the node it is about. */
export function PowerDialog({ system, type, onConfirm, onClose }: PowerDialogProps) {
  const { label, danger, harsh = false } = actionWords(type);
  const reservation = system.Oem?.Lightsout?.Reservation;
  return (
    <Modal
      isOpen
      variant={isPhysical(system) ? "medium" : "small"}
      onClose={onClose}
      aria-labelledby="power-dialog-title"
      aria-describedby="power-dialog-body"
    >
      <ModalHeader title={`${label}: ${system.Name}?`} titleIconVariant="warning" labelId="power-dialog-title" />
      <ModalBody id="power-dialog-body">
        <Content component="p">{danger}</Content>
        {reservation && (
          <Content component="p">
            {reservation.Holder} holds this node: {reservation.Reason}
          </Content>
        )}
        {isPhysical(system) && <PlanPart system={system} type={type} />}
      </ModalBody>
      <ModalFooter>
        <Button variant={harsh ? "danger" : "primary"} onClick={onConfirm} data-testid="confirm-power">
          {label} {system.Name}
        </Button>
        <Button variant="link" onClick={onClose} autoFocus>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
