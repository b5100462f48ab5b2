import { FormGroup, TextInput } from "@patternfly/react-core";
import type { Stagger } from "../api/bulk";
import { Help } from "../shell/Help";
import { duration } from "../words/format";
import { t } from "../words/i18n";

interface StaggerFieldsProps {
  stagger: Stagger;
  number: number;
  onChange: (stagger: Stagger) => void;
}

const whole = (text: string, least: number, most: number) =>
  Math.min(most, Math.max(least, Math.round(Number(text)) || least));

/** How many at a time, and how long between: a rack's breaker does not hold if all start at once. */
export function StaggerFields({ stagger, number, onChange }: StaggerFieldsProps) {
  const batches = Math.ceil(number / stagger.size);
  const least = (batches - 1) * stagger.seconds;
  return (
    <div className="lo-stagger">
      <FormGroup label={t("How many at a time")} fieldId="bulk-size">
        <TextInput
          id="bulk-size"
          type="number"
          min={1}
          max={number}
          value={stagger.size}
          onChange={(_event, value) => onChange({ ...stagger, size: whole(value, 1, 10_000) })}
        />
      </FormGroup>
      <FormGroup label={t("Seconds between")} fieldId="bulk-seconds">
        <TextInput
          id="bulk-seconds"
          type="number"
          min={0}
          value={stagger.seconds}
          onChange={(_event, value) => onChange({ ...stagger, seconds: whole(value, 0, 86_400) })}
        />
      </FormGroup>
      <Help>
        {least > 0
          ? t("In {{batches}} batches; takes at least {{time}}.", { batches, time: duration(1000 * least) })
          : t("In {{batches}} batches.", { batches })}
      </Help>
    </div>
  );
}
