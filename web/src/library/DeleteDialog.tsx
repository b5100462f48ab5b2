import { Content } from "@patternfly/react-core";
import type { ReactNode } from "react";
import { useDelete, type LibraryItem } from "../api/library";
import { OrderDialog } from "../shell/OrderDialog";
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
    <OrderDialog
      kind="delete"
      title={t("Delete {{name}}?", { name: item.Id })}
      action={t("Delete")}
      refused={t("It was not deleted")}
      isDanger
      order={removal}
      onSubmit={() => removal.mutate(item, { onSuccess: onClose })}
      onClose={onClose}
    >
      {children && <Content component="p">{children}</Content>}
      <Content component="p">
        {t("Its {{size}} are gone from the library. There is no way back.", { size: bytes(item.SizeBytes) })}
      </Content>
    </OrderDialog>
  );
}
