import { Button, Form, FormGroup, ModalBody, ModalFooter, TextArea } from "@patternfly/react-core";
import { useEffect, useState } from "react";
import { Alert } from "../shell/Alert";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { Help } from "../shell/Help";
import { t } from "../words/i18n";
import { linesOf } from "./lines";

interface PasteLinesDialogProps {
  node: string;
  /** What was pasted already; "" when it is still to be. */
  pasted: string;
  /** Why nothing can be typed now; "" while it can. */
  mute: string;
  onPaste: (text: string) => void;
  onClose: () => void;
}

/** Asks before many lines are pasted: a shell carries out each as it comes. */
export function PasteLinesDialog({ node, pasted, mute, onPaste, onClose }: PasteLinesDialogProps) {
  const [text, setText] = useState(pasted);
  useEffect(() => {
    if (pasted !== "") return;
    // Where the browser gives it; otherwise one pastes into the field.
    const clipboard = navigator.clipboard as Clipboard | undefined;
    clipboard?.readText().then(
      (found) => setText((now) => (now === "" ? found : now)),
      () => undefined,
    );
  }, [pasted]);
  const count = linesOf(text);
  return (
    <Dialog variant="medium" onClose={onClose} aria-labelledby="paste-lines-title">
      <DialogHeader title={t("Paste into {{node}}", { node })} labelId="paste-lines-title" />
      <ModalBody>
        {count > 1 && (
          <Alert
            variant="warning"
            isInline
            className="lo-now"
            title={t("{{count}} lines: a shell carries out each as it comes.", { count })}
          />
        )}
        <Form>
          <FormGroup label={t("Text")} fieldId="paste-lines">
            <TextArea
              id="paste-lines"
              className="lo-mono"
              rows={10}
              autoFocus
              spellCheck={false}
              value={text}
              onChange={(_event, value) => setText(value)}
            />
            {mute !== "" && <Help>{mute}</Help>}
          </FormGroup>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button isDisabled={text === "" || mute !== ""} onClick={() => onPaste(text)}>
          {t("Paste it")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
