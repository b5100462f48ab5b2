import { Content, FormGroup, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import { useRelease } from "../api/systems";
import type { System } from "../api/types";
import { OrderDialog } from "../shell/OrderDialog";
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
    <OrderDialog
      kind="release-node"
      title={t("Release {{node}}?", { node: system.Name })}
      action={t("Release the node")}
      refused={t("{{node}}: not released", { node: system.Name })}
      isReady={note.trim() !== ""}
      order={release}
      onSubmit={() => release.mutate(note.trim(), { onSuccess: onClose })}
      onClose={onClose}
    >
      <Content component="p">
        {t("{{holder}} has reserved this node and may be working at it. Ask first, if you can.", { holder })}
      </Content>
      <FormGroup label={t("Why")} fieldId="release-node-note" isRequired>
        <TextInput
          id="release-node-note"
          isRequired
          autoFocus
          value={note}
          onChange={(_event, value) => setNote(value)}
        />
      </FormGroup>
    </OrderDialog>
  );
}
