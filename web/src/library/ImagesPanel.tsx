import { Button } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useState } from "react";
import { useImages, useMayAdd, type LibraryImage } from "../api/library";
import { lazyDialog } from "../shell/lazyDialog";
import { bytes, list } from "../words/format";
import { t } from "../words/i18n";
import { Added, Digest, Users } from "./cells";
import { ShelfPanel } from "./ShelfPanel";
import { kernelWords } from "./words";

const DeleteDialog = lazyDialog(() => import("./DeleteDialog"));
const DescribeDialog = lazyDialog(() => import("./DescribeDialog"));

/** The images that a reinstall can write. */
export function ImagesPanel() {
  const images = useImages();
  return (
    <ShelfPanel
      shelf="image"
      items={images}
      add={t("Add image…")}
      empty={{
        title: t("No images yet"),
        body: t("Upload a disk image or have the service fetch one; “bmc image build” makes some on its own machine."),
      }}
    >
      <Table aria-label={t("Images")} variant="compact" gridBreakPoint="grid-lg">
        <Thead>
          <Tr>
            <Th width={25}>{t("Image")}</Th>
            <Th>{t("Size")}</Th>
            <Th>{t("Kind")}</Th>
            <Th>{t("Boots by")}</Th>
            <Th>SHA-256</Th>
            <Th width={15}>{t("Installed on")}</Th>
            <Th>{t("Added")}</Th>
            <Th screenReaderText={t("Actions")} />
          </Tr>
        </Thead>
        <Tbody>
          {images.data?.map((image) => (
            <ImageRow key={image.Id} image={image} />
          ))}
        </Tbody>
      </Table>
    </ShelfPanel>
  );
}

function ImageRow({ image }: { image: LibraryImage }) {
  const mayAdd = useMayAdd();
  const [dialog, setDialog] = useState<"describe" | "delete" | null>(null);
  const close = () => setDialog(null);
  return (
    <Tr data-testid={`image-${image.Id}`}>
      <Td dataLabel={t("Image")} modifier="breakWord">
        <strong>{image.Id}</strong>
        <div lang={image.BuiltIn ? "en" : undefined}>
          {image.Name !== image.Id && image.Name}
          {image.Description && <div className="lo-muted">{image.Description}</div>}
        </div>
      </Td>
      <Td dataLabel={t("Size")} modifier="nowrap">
        {bytes(image.SizeBytes)}
      </Td>
      <Td dataLabel={t("Kind")}>{kernelWords(image.KernelFamily)}</Td>
      <Td dataLabel={t("Boots by")}>{list(image.Firmware)}</Td>
      <Td dataLabel="SHA-256">
        <Digest item={image} />
      </Td>
      <Td dataLabel={t("Installed on")} modifier="breakWord">
        <Users nodes={image.UsedBy} />
        {image.WrittenTo.length > 0 && (
          <div className="lo-muted">{t("being written to {{nodes}}", { nodes: list(image.WrittenTo) })}</div>
        )}
      </Td>
      <Td dataLabel={t("Added")}>
        <Added item={image} />
      </Td>
      <Td isActionCell>
        {!image.BuiltIn && mayAdd && (
          <span className="lo-row-actions">
            <Button
              variant="link"
              isInline
              aria-label={t("Change what is said of {{name}}", { name: image.Id })}
              onClick={() => setDialog("describe")}
            >
              {t("Change…")}
            </Button>
            <Button
              variant="link"
              isInline
              isDanger
              aria-label={t("Delete {{name}}", { name: image.Id })}
              onClick={() => setDialog("delete")}
            >
              {t("Delete…")}
            </Button>
          </span>
        )}
        {dialog === "describe" && <DescribeDialog image={image} onClose={close} />}
        {dialog === "delete" && (
          <DeleteDialog item={image} onClose={close}>
            {image.UsedBy.length > 0 &&
              t("Installed with it last, and keeping what they have: {{nodes}}.", { nodes: list(image.UsedBy) })}
          </DeleteDialog>
        )}
      </Td>
    </Tr>
  );
}
