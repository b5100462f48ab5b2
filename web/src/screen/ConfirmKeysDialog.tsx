import { Button, Content, ModalBody, ModalFooter } from "@patternfly/react-core";
import type { System } from "../api/types";
import { HeldBy } from "../power/HeldBy";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { t } from "../words/i18n";
import type { Combination } from "./keys";

interface ConfirmKeysDialogProps {
  system: System;
  combination: Combination;
  onSend: () => void;
  onClose: () => void;
}

/** Asks before keys by which something may be lost. */
export function ConfirmKeysDialog({ system, combination, onSend, onClose }: ConfirmKeysDialogProps) {
  return (
    <Dialog variant="small" onClose={onClose} aria-labelledby="confirm-keys-title">
      <DialogHeader
        title={t("Send {{keys}} to {{node}}?", { keys: combination.label, node: system.Name })}
        titleIconVariant="warning"
        labelId="confirm-keys-title"
      />
      <ModalBody>
        <Content component="p">{combination.loses && t(combination.loses)}</Content>
        <HeldBy system={system} />
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" onClick={onSend} data-testid="confirm-keys">
          {t("Send {{keys}}", { keys: combination.label })}
        </Button>
        <Button variant="link" onClick={onClose} autoFocus>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
