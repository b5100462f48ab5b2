import { Checkbox, FormGroup, FormSelect, FormSelectOption, TextArea, TextInput } from "@patternfly/react-core";
import type { AboutImage } from "../api/library";
import { Help } from "../shell/Help";
import { proofWords } from "../reinstall/words";
import { t } from "../words/i18n";
import { CHOICES, kernelWords, seedWords } from "./words";

interface AboutFieldsProps {
  value: AboutImage;
  onChange: (value: AboutImage) => void;
}

/** What people say of an image: what it is, what it boots by, how it is told what is its own. */
export function AboutFields({ value, onChange }: AboutFieldsProps) {
  const put = (news: AboutImage) => onChange({ ...value, ...news });
  return (
    <>
      <FormGroup label={t("Title")} fieldId="about-name">
        <TextInput id="about-name" value={value.Name ?? ""} onChange={(_event, Name) => put({ Name })} />
        <Help>{t("As people read it. Without one it is called by its name.")}</Help>
      </FormGroup>
      <FormGroup label={t("Description")} fieldId="about-description">
        <TextArea
          id="about-description"
          rows={2}
          resizeOrientation="vertical"
          value={value.Description ?? ""}
          onChange={(_event, Description) => put({ Description })}
        />
      </FormGroup>
      <FormGroup label={t("Kind")} fieldId="about-kernel">
        <FormSelect
          id="about-kernel"
          value={value.KernelFamily ?? "other"}
          onChange={(_event, KernelFamily) => put({ KernelFamily })}
        >
          {CHOICES.KernelFamily.map((kernel) => (
            <FormSelectOption key={kernel} value={kernel} label={kernelWords(kernel)} />
          ))}
        </FormSelect>
      </FormGroup>
      <Boxes
        name="firmware"
        label={t("Boots by")}
        all={CHOICES.Firmware}
        value={value.Firmware ?? CHOICES.Firmware}
        onChange={(Firmware) => put({ Firmware })}
      />
      <FormGroup label={t("Learns its host name, keys and the like from")} fieldId="about-seed">
        <FormSelect id="about-seed" value={value.Seed ?? "none"} onChange={(_event, Seed) => put({ Seed })}>
          {CHOICES.Seed.map((seed) => (
            <FormSelectOption key={seed} value={seed} label={seedWords(seed)} />
          ))}
        </FormSelect>
      </FormGroup>
      <Boxes
        name="proofs"
        label={t("Can show that it runs by")}
        all={CHOICES.Proofs}
        words={proofWords}
        value={value.Proofs ?? []}
        onChange={(Proofs) => put({ Proofs })}
      />
    </>
  );
}

interface BoxesProps {
  name: string;
  label: string;
  all: string[];
  words?: (name: string) => string;
  value: string[];
  onChange: (value: string[]) => void;
}

function Boxes({ name, label, all, words = (each) => each, value, onChange }: BoxesProps) {
  return (
    <FormGroup role="group" label={label} fieldId={`about-${name}`} isInline>
      {all.map((each) => (
        <Checkbox
          key={each}
          id={`about-${each}`}
          label={words(each)}
          isChecked={value.includes(each)}
          onChange={(_event, on) => onChange(all.filter((one) => (one === each ? on : value.includes(one))))}
        />
      ))}
    </FormGroup>
  );
}
