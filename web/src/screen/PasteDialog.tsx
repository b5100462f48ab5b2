import {
  Button,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  ModalBody,
  ModalFooter,
  Progress,
  TextArea,
} from "@patternfly/react-core";
import { useEffect, useRef, useState } from "react";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { t } from "../words/i18n";
import { type, typing, type SendKey } from "./keys";

interface PasteDialogProps {
  name: string;
  send: SendKey;
  /** In full screen, only what is inside the console is seen. */
  appendTo: () => HTMLElement;
  onClose: () => void;
}

/** Types a text into the node, key by key. */
export function PasteDialog({ name, send, appendTo, onClose }: PasteDialogProps) {
  const [text, setText] = useState("");
  const [typed, setTyped] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const { strokes, untypable } = typing(text);
  const start = async () => {
    const controller = new AbortController();
    abort.current = controller;
    setTyped(0);
    await type(send, strokes, controller.signal, setTyped);
    if (!controller.signal.aborted) onClose();
  };
  return (
    <Dialog variant="medium" appendTo={appendTo} onClose={onClose} aria-labelledby="paste-title">
      <DialogHeader
        title={t("Type text into {{node}}", { node: name })}
        labelId="paste-title"
        description={t("The text is sent as key strokes of a US keyboard.")}
      />
      <ModalBody>
        <Form>
          <FormGroup label={t("Text")} fieldId="paste-text">
            <TextArea
              id="paste-text"
              className="lo-mono"
              rows={6}
              autoFocus
              spellCheck={false}
              isDisabled={typed !== null}
              value={text}
              onChange={(_event, value) => setText(value)}
            />
            {untypable.length > 0 && (
              <FormHelperText>
                <HelperText>
                  <HelperTextItem variant="warning">
                    {t("A US keyboard cannot type these; they are left out: {{characters}}", {
                      characters: untypable.join(" "),
                    })}
                  </HelperTextItem>
                </HelperText>
              </FormHelperText>
            )}
          </FormGroup>
        </Form>
        {typed !== null && (
          <Progress
            value={strokes.length === 0 ? 100 : (100 * typed) / strokes.length}
            title={t("Typing")}
            valueText={t("{{done}} of {{total}}", { done: typed, total: strokes.length })}
            label={t("{{done}} of {{total}}", { done: typed, total: strokes.length })}
          />
        )}
      </ModalBody>
      <ModalFooter>
        <Button onClick={() => void start()} isDisabled={typed !== null || strokes.length === 0}>
          {t("Type it")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {typed === null ? t("Close") : t("Stop typing")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
