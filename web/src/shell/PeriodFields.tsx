import { FormSelect, FormSelectOption, TextInput } from "@patternfly/react-core";
import { BETWEEN, type Period } from "../api/query";
import { t, type Message } from "../words/i18n";

const CHOICES: [within: string, label: Message][] = [
  ["", "At any time"],
  ["1", "In the last hour"],
  ["24", "In the last day"],
  ["168", "In the last week"],
  [BETWEEN, "Between…"],
];

interface PeriodFieldsProps {
  id: string;
  value: Period;
  onChange: (period: Period) => void;
}

/** When something must have happened to be shown. Moments are those of the viewer's zone. */
export function PeriodFields({ id, value, onChange }: PeriodFieldsProps) {
  const field = (name: "from" | "to", label: string) => (
    <TextInput
      type="datetime-local"
      aria-label={label}
      value={value[name]}
      onChange={(_event, text) => onChange({ ...value, [name]: text })}
    />
  );
  return (
    <>
      <FormSelect
        id={id}
        aria-label={t("When")}
        value={value.within}
        onChange={(_event, within) => onChange({ ...value, within })}
      >
        {CHOICES.map(([within, label]) => (
          <FormSelectOption key={within} value={within} label={t(label)} />
        ))}
      </FormSelect>
      {value.within === BETWEEN && (
        <>
          {field("from", t("From"))}
          {field("to", t("To"))}
        </>
      )}
    </>
  );
}
