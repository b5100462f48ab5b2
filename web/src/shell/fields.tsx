/** One field of a form, with its label. */
import { FormGroup, FormSelect, FormSelectOption, TextInput } from "@patternfly/react-core";
import { Help } from "./Help";

interface FieldProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: string;
  example?: string;
  type?: "text" | "password" | "url" | "datetime-local";
  isRequired?: boolean;
  isReadOnly?: boolean;
}

export function Field({
  id,
  label,
  value,
  onChange,
  help,
  example,
  type = "text",
  isRequired = false,
  ...more
}: FieldProps) {
  return (
    <FormGroup label={label} fieldId={id} isRequired={isRequired}>
      <TextInput
        id={id}
        type={type}
        value={value}
        isRequired={isRequired}
        {...(example !== undefined && { placeholder: example })}
        autoComplete={type === "password" ? "new-password" : "off"}
        autoCapitalize="none"
        spellCheck={false}
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        onChange={(_event, text) => onChange(text)}
        {...(more.isReadOnly ? { readOnlyVariant: "default" as const } : {})}
      />
      {help !== undefined && <Help id={`${id}-help`}>{help}</Help>}
    </FormGroup>
  );
}

export interface ChoiceProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: { value: string; label: string }[];
}

export function Choice({ id, label, value, onChange, options }: ChoiceProps) {
  return (
    <FormGroup label={label} fieldId={id}>
      <FormSelect id={id} value={value} aria-label={label} onChange={(_event, chosen) => onChange(chosen)}>
        {options.map((option) => (
          <FormSelectOption key={option.value} value={option.value} label={option.label} />
        ))}
      </FormSelect>
    </FormGroup>
  );
}
