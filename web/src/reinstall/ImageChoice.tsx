import { FormGroup, Radio, Skeleton } from "@patternfly/react-core";
import { useImages, type LibraryImage } from "../api/library";
import { settingWords } from "../library/words";
import { Unread } from "../shell/Unread";
import { bytes, list } from "../words/format";
import { t } from "../words/i18n";

interface ImageChoiceProps {
  /** The images that the node can boot; undefined when the service leaves it open. */
  allowed: string[] | undefined;
  value: string;
  onChange: (image: string) => void;
}

const needs = (image: LibraryImage) =>
  t("needs {{size}} of disk and {{firmware}} firmware", {
    size: bytes(image.SizeBytes),
    firmware: image.Firmware.join(" / "),
  });

const told = (image: LibraryImage) =>
  image.Settings.length === 0
    ? t("can be told nothing")
    : t("can be told its {{settings}}", { settings: list(image.Settings.map(settingWords)) });

/** The images of the library, with what each needs; those that this node cannot boot cannot be chosen. */
export function ImageChoice({ allowed, value, onChange }: ImageChoiceProps) {
  const images = useImages();
  const fits = (image: LibraryImage) => allowed?.includes(image.Id) ?? true;
  return (
    <FormGroup role="radiogroup" label={t("Image")} fieldId="reinstall-image" isRequired>
      {images.isPending && <Skeleton screenreaderText={t("Loading images")} />}
      {images.isError && !images.data && <Unread of={images} />}
      {images.data && !images.data.some(fits) && (
        <p role="alert">{t("No image of the library fits this node. Add one on the page Library.")}</p>
      )}
      <div className="lo-choices">
        {images.data?.map((image) => (
          <Radio
            key={image.Id}
            id={`image-${image.Id}`}
            name="reinstall-image"
            label={image.Name}
            isDisabled={!fits(image)}
            description={
              <>
                {image.Description}
                <div className="lo-muted">
                  {image.Id} · {needs(image)} · {told(image)}
                  {!fits(image) && <> · {t("this node’s firmware does not boot it")}</>}
                </div>
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
