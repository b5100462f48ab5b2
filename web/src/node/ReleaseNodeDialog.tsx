import { Button, Content, Form, FormGroup, ModalBody, ModalFooter, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import { useRelease } from "../api/systems";
import type { System } from "../api/types";
import { Alert } from "../shell/Alert";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { t } from "../words/i18n";

interface ReleaseNodeDialogProps {
  system: System;
  holder: string;
  onClose: () => void;
}

/** Asks why somebody else's reservation is ended: the note stands in the node's log, for whoever had it. */
export function ReleaseNodeDialog({ system, holder, onClose }: ReleaseNodeDialogProps) {
  const release = useRelease(system);
  const [note, setNote] = useState("");
  return (
    <Dialog variant="small" onClose={onClose} aria-labelledby="release-node-title">
      <DialogHeader title={t("Release {{node}}?", { node: system.Name })} labelId="release-node-title" />
      <ModalBody>
        <Content component="p">
          {t("{{holder}} has reserved this node and may be working at it. Ask first, if you can.", { holder })}
        </Content>
        <Form onSubmit={(event) => event.preventDefault()}>
          <FormGroup label={t("Why")} fieldId="release-node-note" isRequired>
            <TextInput
              id="release-node-note"
              isRequired
              autoFocus
              value={note}
              onChange={(_event, value) => setNote(value)}
            />
          </FormGroup>
        </Form>
        {release.isError && (
          <Alert variant="danger" isInline component="p" title={release.error.message} role="alert" />
        )}
      </ModalBody>
      <ModalFooter>
        <Button
          variant="primary"
          isLoading={release.isPending}
          isDisabled={release.isPending || note.trim() === ""}
          onClick={() => release.mutate(note.trim(), { onSuccess: onClose })}
        >
          {t("Release the node")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
