import { Button, ModalBody, ModalFooter } from "@patternfly/react-core";
import type { ReactNode } from "react";
import { useDelete, type LibraryItem } from "../api/library";
import { Refusal } from "../shell/Refusal";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { bytes } from "../words/format";
import { t } from "../words/i18n";

interface DeleteDialogProps {
  item: LibraryItem;
  onClose: () => void;
  /** Who uses it. */
  children: ReactNode;
}

export default function DeleteDialog({ item, onClose, children }: DeleteDialogProps) {
  const removal = useDelete();
  return (
    <Dialog variant="small" onClose={onClose} aria-labelledby="delete-title" aria-describedby="delete-body">
      <DialogHeader
        title={t("Delete {{name}}?", { name: item.Id })}
        titleIconVariant="warning"
        labelId="delete-title"
      />
      <ModalBody id="delete-body">
        {children && <p>{children}</p>}
        <p>{t("Its {{size}} are gone from the library. There is no way back.", { size: bytes(item.SizeBytes) })}</p>
      </ModalBody>
      {removal.error !== null && <Refusal title={t("It was not deleted")} error={removal.error} />}
      <ModalFooter>
        <Button
          variant="danger"
          isLoading={removal.isPending}
          isDisabled={removal.isPending}
          onClick={() => removal.mutate(item, { onSuccess: onClose })}
        >
          {t("Delete")}
        </Button>
        <Button variant="link" onClick={onClose} autoFocus>
          {t("Keep it")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
