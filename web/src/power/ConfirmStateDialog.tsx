import { Button, Content, ModalBody, ModalFooter } from "@patternfly/react-core";
import type { PowerState, System } from "../api/types";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { t } from "../words/i18n";
import { SenseList } from "./SenseList";

interface ConfirmStateDialogProps {
  system: System;
  onConfirm: (state: PowerState) => void;
  onClose: () => void;
}

/** Nobody but a person who has looked can clear an unknown power state. */
export default function ConfirmStateDialog({ system, onConfirm, onClose }: ConfirmStateDialogProps) {
  return (
    <Dialog
      variant="small"
      onClose={onClose}
      aria-labelledby="confirm-state-title"
      aria-describedby="confirm-state-body"
    >
      <DialogHeader title={t("Is {{node}} on or off?", { node: system.Name })} labelId="confirm-state-title" />
      <ModalBody id="confirm-state-body">
        <Content component="p">
          {t("Look at the server itself, or have somebody look: are its fans and its power light on?")}{" "}
          {t("Then say what was seen. Lightsout acts on that word until the server is next moved.")}
        </Content>
        <SenseList system={system} />
      </ModalBody>
      <ModalFooter>
        <Button variant="secondary" onClick={() => onConfirm("On")}>
          {t("It is on")}
        </Button>
        <Button variant="secondary" onClick={() => onConfirm("Off")}>
          {t("It is off")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
