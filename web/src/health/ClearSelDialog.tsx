import { Button, Content, Form, ModalBody, ModalFooter } from "@patternfly/react-core";
import { useState, type SubmitEvent } from "react";
import { useClearSel } from "../api/sel";
import type { System } from "../api/types";
import { ConfirmName } from "../reinstall/fields";
import { Alert } from "../shell/Alert";
import { Dialog, DialogHeader } from "../shell/Dialog";
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
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    clear.mutate(target, { onSuccess: onClose });
  };
  return (
    <Dialog variant="small" onClose={onClose} aria-labelledby="clear-sel-title">
      <DialogHeader
        title={t("Clear the SEL of {{node}}?", { node: system.Name })}
        titleIconVariant="warning"
        labelId="clear-sel-title"
      />
      <ModalBody>
        <Content component="p">
          {t("All its records are deleted, for IPMI clients too. Export them first if they may be needed.")}
        </Content>
        <Form id="clear-sel-form" onSubmit={submit}>
          <ConfirmName name={system.Name} value={typed} onChange={setTyped} />
        </Form>
        {clear.isError && <Alert variant="danger" isInline component="p" title={clear.error.message} role="alert" />}
      </ModalBody>
      <ModalFooter>
        <Button
          type="submit"
          form="clear-sel-form"
          variant="danger"
          isLoading={clear.isPending}
          isDisabled={clear.isPending || typed.trim() !== system.Name}
        >
          {t("Clear the log")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
