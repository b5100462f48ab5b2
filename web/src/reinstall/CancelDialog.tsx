import { Button, Content, Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core";

interface CancelDialogProps {
  title: string;
  onConfirm: () => void;
  onClose: () => void;
}

export function CancelDialog({ title, onConfirm, onClose }: CancelDialogProps) {
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="cancel-title" aria-describedby="cancel-body">
      <ModalHeader title={`Cancel “${title}”?`} titleIconVariant="warning" labelId="cancel-title" />
      <ModalBody id="cancel-body">
        <Content component="p">
          If the disk has been written to already, the node may not boot until it is reinstalled.
        </Content>
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" onClick={onConfirm}>
          Cancel the job
        </Button>
        <Button variant="link" onClick={onClose} autoFocus>
          Let it run
        </Button>
      </ModalFooter>
    </Modal>
  );
}
