import { Button, Content, Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core";
import type { PowerState, System } from "../api/types";
import { SenseList } from "./SenseList";

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
        <Content component="p">
          Look at the server itself, or have somebody look: are its fans and its power light on? Then say what was seen.
          Lightsout acts on that word until the server is next moved.
        </Content>
        <SenseList system={system} />
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
