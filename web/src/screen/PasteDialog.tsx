import {
  Button,
  Form,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  ModalBody,
  ModalFooter,
  Progress,
  TextArea,
} from "@patternfly/react-core";
import { useEffect, useRef, useState } from "react";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { Help } from "../shell/Help";
import { t, type Message } from "../words/i18n";
import { type, type SendKey } from "./keys";
import { chooseLayout, chosenLayout, LAYOUT_NAMES, typing, type Layout } from "./layouts";

/** Milliseconds after each key. The first is slow enough for a firmware's keyboard driver and a guest's 16-byte buffer. */
const DELAYS: [number, Message][] = [
  [12, "Fast"],
  [40, "Medium"],
  [150, "Slow: for firmware and hardware that lose keys"],
];

interface PasteDialogProps {
  name: string;
  send: SendKey;
  /** Why nothing can be typed now; "" while it can. */
  mute: string;
  onClose: () => void;
}

/** Types a text into the node, key by key. */
export function PasteDialog({ name, send, mute, onClose }: PasteDialogProps) {
  const [text, setText] = useState("");
  const [layout, setLayout] = useState(chosenLayout);
  const [delay, setDelay] = useState(DELAYS[0]?.[0] ?? 0);
  const [typed, setTyped] = useState<number | null>(null);
  /** Why the typing ended before its end. */
  const [stopped, setStopped] = useState("");
  const close = useRef<HTMLButtonElement>(null);
  const begun = typed !== null;
  // The button that began it is gone, and the focus with it.
  useEffect(() => {
    if (begun) close.current?.focus();
  }, [begun]);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  useEffect(() => {
    if (mute !== "") abort.current?.abort(mute);
  }, [mute]);

  const { strokes, untypable } = typing(text, layout);
  const start = async () => {
    const controller = new AbortController();
    abort.current = controller;
    setTyped(0);
    await type(send, strokes, delay, controller.signal, setTyped);
    if (controller.signal.aborted) setStopped(String(controller.signal.reason));
    else onClose();
  };
  const progress = t("{{done}} of {{total}}", { done: typed ?? 0, total: strokes.length });
  return (
    <Dialog variant="medium" onClose={onClose} aria-labelledby="paste-title">
      <DialogHeader
        title={t("Type text into {{node}}", { node: name })}
        labelId="paste-title"
        description={t("The text is sent as key strokes, as if somebody typed it at the server.")}
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
              isDisabled={begun}
              value={text}
              onChange={(_event, value) => setText(value)}
            />
            {untypable.length > 0 && (
              <FormHelperText>
                <HelperText isLiveRegion>
                  <HelperTextItem variant="warning">
                    {t("This keyboard cannot type: {{characters}}", { characters: untypable.join(" ") })}
                  </HelperTextItem>
                </HelperText>
              </FormHelperText>
            )}
          </FormGroup>
          <div className="lo-paste-how">
            <FormGroup label={t("Keyboard layout of the server")} fieldId="paste-layout">
              <FormSelect
                id="paste-layout"
                value={layout}
                isDisabled={begun}
                onChange={(_event, value) => {
                  setLayout(value as Layout);
                  chooseLayout(value as Layout);
                }}
              >
                {Object.entries(LAYOUT_NAMES).map(([value, label]) => (
                  <FormSelectOption key={value} value={value} label={t(label)} />
                ))}
              </FormSelect>
            </FormGroup>
            <FormGroup label={t("Speed")} fieldId="paste-delay">
              <FormSelect
                id="paste-delay"
                value={delay}
                isDisabled={begun}
                onChange={(_event, value) => setDelay(Number(value))}
              >
                {DELAYS.map(([value, label]) => (
                  <FormSelectOption key={value} value={value} label={t(label)} />
                ))}
              </FormSelect>
            </FormGroup>
          </div>
        </Form>
        {begun && (
          <Progress
            className="lo-after"
            value={strokes.length === 0 ? 100 : (100 * typed) / strokes.length}
            title={stopped === "" ? t("Typing") : t("Stopped. {{reason}}", { reason: stopped })}
            {...(stopped !== "" && { variant: "warning" as const })}
            valueText={progress}
            label={progress}
          />
        )}
        {!begun && mute !== "" && <Help>{mute}</Help>}
      </ModalBody>
      <ModalFooter>
        <Button onClick={() => void start()} isDisabled={begun || strokes.length === 0 || mute !== ""}>
          {untypable.length > 0 ? t("Type the rest") : t("Type it")}
        </Button>
        <Button ref={close} variant="link" onClick={onClose}>
          {begun && stopped === "" ? t("Stop typing") : t("Close")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
