import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import type { Stagger } from "../api/bulk";
import { Help } from "../shell/Help";
import { duration } from "../words/format";
import { t, type Message } from "../words/i18n";
import { read, readStagger, type StaggerText } from "./stagger";

interface StaggerFieldsProps {
  value: StaggerText;
  number: number;
  onChange: (value: StaggerText) => void;
}

/** How many at a time, and how long between: a rack's breaker does not hold if all start at once. */
export function StaggerFields({ value, number, onChange }: StaggerFieldsProps) {
  const stagger = readStagger(value);
  const batches = stagger === null ? 0 : Math.ceil(number / stagger.size);
  const least = stagger === null ? 0 : (batches - 1) * stagger.seconds;
  return (
    <div className="lo-stagger">
      <Field
        what="size"
        label="How many at a time"
        wrong="A whole number is needed, 1 or more."
        value={value.size}
        onChange={(size) => onChange({ ...value, size })}
      />
      <Field
        what="seconds"
        label="Seconds between"
        wrong="A whole number is needed, from 0 to 86400 (a day)."
        value={value.seconds}
        onChange={(seconds) => onChange({ ...value, seconds })}
      />
      <Help>
        {stagger === null
          ? t("How many batches that makes is told once both are numbers.")
          : least > 0
            ? t("In {{batches}} batches; takes at least {{time}}.", { batches, time: duration(1000 * least) })
            : t("In {{batches}} batches.", { batches })}
      </Help>
    </div>
  );
}

interface FieldProps {
  what: keyof Stagger;
  label: Message;
  wrong: Message;
  value: string;
  onChange: (value: string) => void;
}

/** Judged when it is left: a number that is being typed is wrong in between. */
function Field({ what, label, wrong, value, onChange }: FieldProps) {
  const [judged, setJudged] = useState(false);
  const isWrong = judged && read(what, value) === null;
  const id = `bulk-${what}`;
  return (
    <FormGroup label={t(label)} fieldId={id}>
      <TextInput
        id={id}
        inputMode="numeric"
        autoComplete="off"
        value={value}
        validated={isWrong ? "error" : "default"}
        aria-describedby={`${id}-wrong`}
        onChange={(_event, text) => {
          setJudged(false);
          onChange(text);
        }}
        onBlur={() => setJudged(true)}
      />
      <FormHelperText>
        <HelperText id={`${id}-wrong`} isLiveRegion>
          {isWrong && <HelperTextItem variant="error">{t(wrong)}</HelperTextItem>}
        </HelperText>
      </FormHelperText>
    </FormGroup>
  );
}
