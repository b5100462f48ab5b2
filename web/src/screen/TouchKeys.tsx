import { Button } from "@patternfly/react-core";
import KeyboardIcon from "@patternfly/react-icons/dist/esm/icons/keyboard-icon";
import { useEffect, useRef, useState, type InputEvent } from "react";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";
import { ALT, CTRL, press, SHIFT, strike, SUPER, type Key, type SendKey } from "./keys";
import { chosenLayout, typing } from "./layouts";
import { difference, PAD } from "./touch";

const HELD: [string, Key][] = [
  ["Ctrl", CTRL],
  ["Alt", ALT],
  ["Shift", SHIFT],
  ["Super", SUPER],
];
const BACKSPACE: Key = { keysym: 0xff08, code: "Backspace" };
const PRESSED: [string, Key][] = [
  ["Esc", { keysym: 0xff1b, code: "Escape" }],
  ["Tab", { keysym: 0xff09, code: "Tab" }],
  ["Enter", { keysym: 0xff0d, code: "Enter" }],
  ["←", { keysym: 0xff51, code: "ArrowLeft" }],
  ["↑", { keysym: 0xff52, code: "ArrowUp" }],
  ["↓", { keysym: 0xff54, code: "ArrowDown" }],
  ["→", { keysym: 0xff53, code: "ArrowRight" }],
];

interface TouchKeysProps {
  node: string;
  isDisabled: boolean;
  send: SendKey;
}

/** For a screen without a keyboard: the device's own on its glass, and the keys which that lacks. Ctrl, Alt and the like stay down until the next key. */
export function TouchKeys({ node, isDisabled, send }: TouchKeysProps) {
  const { failed } = useNotices();
  const field = useRef<HTMLTextAreaElement>(null);
  const before = useRef(PAD);
  const [held, setHeld] = useState<Key[]>([]);
  // On another line to the node no key is down yet.
  const [line, setLine] = useState(() => send);
  if (line !== send) {
    setLine(() => send);
    setHeld([]);
  }
  const down = useRef(held);
  useEffect(() => {
    down.current = held;
  }, [held]);
  // Nothing stays down when the keys go.
  useEffect(() => () => down.current.forEach(({ keysym, code }) => send(keysym, code, false)), [send]);

  const release = () => {
    for (const { keysym, code } of held) send(keysym, code, false);
    setHeld([]);
  };
  const hold = (key: Key) => {
    const isHeld = held.includes(key);
    send(key.keysym, key.code, !isHeld);
    setHeld(isHeld ? held.filter((each) => each !== key) : [...held, key]);
    field.current?.focus();
  };
  const pressOne = (key: Key) => {
    press(send, [key]);
    release();
  };
  const onInput = ({ currentTarget }: InputEvent<HTMLTextAreaElement>) => {
    const { erased, added } = difference(before.current, currentTarget.value);
    before.current = currentTarget.value;
    for (let count = 0; count < erased; count += 1) press(send, [BACKSPACE]);
    const { strokes, untypable } = typing(added, chosenLayout());
    for (const stroke of strokes) strike(send, stroke);
    if (untypable.length > 0)
      failed(
        t("{{node}}: not done", { node }),
        new Error(t("This keyboard cannot type: {{characters}}", { characters: untypable.join(" ") })),
      );
    if (erased > 0 || strokes.length > 0) release();
    if (currentTarget.value.length < PAD.length / 2 || currentTarget.value.length > 4 * PAD.length) refill();
  };
  const refill = () => {
    if (field.current === null) return;
    field.current.value = PAD;
    before.current = PAD;
    field.current.setSelectionRange(PAD.length, PAD.length);
  };
  return (
    <div className="lo-touch" role="toolbar" aria-label={t("Keys")}>
      <textarea
        ref={field}
        className="lo-touch-field"
        aria-label={t("Type to {{node}}", { node })}
        data-testid="touch-field"
        autoCapitalize="off"
        autoComplete="off"
        autoCorrect="off"
        spellCheck={false}
        tabIndex={-1}
        defaultValue={PAD}
        disabled={isDisabled}
        onFocus={refill}
        onInput={onInput}
      />
      <Button
        size="sm"
        variant="secondary"
        icon={<KeyboardIcon />}
        isDisabled={isDisabled}
        onClick={() => field.current?.focus()}
      >
        {t("Keyboard")}
      </Button>
      {HELD.map(([label, key]) => (
        <Button
          key={label}
          size="sm"
          variant={held.includes(key) ? "primary" : "secondary"}
          aria-pressed={held.includes(key)}
          isDisabled={isDisabled}
          onClick={() => hold(key)}
        >
          {label}
        </Button>
      ))}
      {PRESSED.map(([label, key]) => (
        <Button key={label} size="sm" variant="secondary" isDisabled={isDisabled} onClick={() => pressOne(key)}>
          {label}
        </Button>
      ))}
    </div>
  );
}
