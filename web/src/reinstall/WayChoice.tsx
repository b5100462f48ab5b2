import { FormGroup, Radio } from "@patternfly/react-core";
import { named, t, type Message } from "../words/i18n";

const WAYS: Record<string, Message> = {
  VirtualMedia: "A virtual drive",
  Network: "Its network",
};

export const wayWords = (way: string) => named(WAYS, way);

interface WayChoiceProps {
  ways: string[];
  /** "" for what the service takes of itself: the first. */
  value: string;
  onChange: (way: string) => void;
}

/** How the server gets to the ramdisk that writes the image. */
export function WayChoice({ ways, value, onChange }: WayChoiceProps) {
  const chosen = value === "" ? ways[0] : value;
  return (
    <FormGroup role="radiogroup" label={t("The server boots for it from")} fieldId="way" isInline>
      {ways.map((way) => (
        <Radio
          key={way}
          id={`way-${way}`}
          name="way"
          label={wayWords(way)}
          isChecked={chosen === way}
          onChange={() => onChange(way)}
        />
      ))}
    </FormGroup>
  );
}
