import { FormGroup, Radio, Skeleton } from "@patternfly/react-core";
import { useImages } from "../api/images";
import type { Image } from "../api/types";
import { bytes, list } from "../words/format";
import { t } from "../words/i18n";

interface ImageChoiceProps {
  /** The images the node takes; undefined when the service leaves it open. */
  allowed: string[] | undefined;
  value: string;
  onChange: (image: string) => void;
}

const facts = (image: Image) => [bytes(image.SizeBytes), list(image.Firmware)].filter(Boolean).join(" · ");

export function ImageChoice({ allowed, value, onChange }: ImageChoiceProps) {
  const images = useImages();
  const choices = images.data?.filter((image) => allowed?.includes(image.Id) ?? true);
  return (
    <FormGroup role="radiogroup" label={t("Image")} fieldId="reinstall-image" isRequired>
      {images.isPending && <Skeleton screenreaderText={t("Loading images")} />}
      {images.isError && <p role="alert">{images.error.message}</p>}
      {choices?.length === 0 && (
        <p role="alert">{t("No image in the catalogue fits this node. “bmc image build” makes some.")}</p>
      )}
      <div className="lo-choices">
        {choices?.map((image) => (
          <Radio
            key={image.Id}
            id={`image-${image.Id}`}
            name="reinstall-image"
            label={image.Name}
            description={
              <>
                {image.Description} <span className="lo-muted">{facts(image)}</span>
              </>
            }
            isChecked={value === image.Id}
            onChange={() => onChange(image.Id)}
          />
        ))}
      </div>
    </FormGroup>
  );
}
