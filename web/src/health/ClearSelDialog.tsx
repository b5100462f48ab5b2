import { Content } from "@patternfly/react-core";
import { useState } from "react";
import { useClearSel } from "../api/sel";
import type { System } from "../api/types";
import { ConfirmName } from "../reinstall/fields";
import { OrderDialog } from "../shell/OrderDialog";
import { t } from "../words/i18n";

interface ClearSelDialogProps {
  system: System;
  target: string;
  onClose: () => void;
}

/** Records that are cleared are gone: it takes the node's name. */
export function ClearSelDialog({ system, target, onClose }: ClearSelDialogProps) {
  const clear = useClearSel(system.Id);
  const [typed, setTyped] = useState("");
  return (
    <OrderDialog
      kind="clear-sel"
      title={t("Clear the SEL of {{node}}?", { node: system.Name })}
      action={t("Clear the log")}
      refused={t("The log was not cleared")}
      isDanger
      isReady={typed.trim() === system.Name}
      order={clear}
      onSubmit={() => clear.mutate(target, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Content component="p">
        {t("All its records are deleted, for IPMI clients too. Export them first if they may be needed.")}
      </Content>
      <ConfirmName name={system.Name} value={typed} onChange={setTyped} />
    </OrderDialog>
  );
}
