import { Button, Content, ModalBody, ModalFooter } from "@patternfly/react-core";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { t } from "../words/i18n";

interface CancelDialogProps {
  title: string;
  onConfirm: () => void;
  onClose: () => void;
}

export function CancelDialog({ title, onConfirm, onClose }: CancelDialogProps) {
  return (
    <Dialog variant="small" onClose={onClose} aria-labelledby="cancel-title" aria-describedby="cancel-body">
      <DialogHeader title={t("Cancel “{{job}}”?", { job: title })} titleIconVariant="warning" labelId="cancel-title" />
      <ModalBody id="cancel-body">
        <Content component="p">
          {t("If the disk has been written to already, the node may not boot until it is reinstalled.")}
        </Content>
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" onClick={onConfirm}>
          {t("Cancel the job")}
        </Button>
        <Button variant="link" onClick={onClose} autoFocus>
          {t("Let it run")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
