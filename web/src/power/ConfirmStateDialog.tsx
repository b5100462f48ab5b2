import { Button, Content, Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core";
import type { PowerState, System } from "../api/types";
import { reasonOf } from "./words";

interface ConfirmStateDialogProps {
  system: System;
  onConfirm: (state: PowerState) => void;
  onClose: () => void;
}

/** Nobody but a person who has looked can clear an unknown power state. */
export function ConfirmStateDialog({ system, onConfirm, onClose }: ConfirmStateDialogProps) {
  return (
    <Modal
      isOpen
      variant="small"
      onClose={onClose}
      aria-labelledby="confirm-state-title"
      aria-describedby="confirm-state-body"
    >
      <ModalHeader title={`Is ${system.Name} on or off?`} labelId="confirm-state-title" />
      <ModalBody id="confirm-state-body">
        <Content component="p">{reasonOf(system)}</Content>
        <Content component="p">Look at the server itself, then say what you saw. Lightsout acts on your word.</Content>
      </ModalBody>
      <ModalFooter>
        <Button variant="secondary" onClick={() => onConfirm("On")}>
          It is on
        </Button>
        <Button variant="secondary" onClick={() => onConfirm("Off")}>
          It is off
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
