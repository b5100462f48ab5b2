import { Button } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useState } from "react";
import { useMayAdd, useMedia, type Medium } from "../api/library";
import { lazyDialog } from "../shell/lazyDialog";
import { bytes, list } from "../words/format";
import { t } from "../words/i18n";
import { Added, Digest, Users } from "./cells";
import { ShelfPanel } from "./ShelfPanel";

const DeleteDialog = lazyDialog(() => import("./DeleteDialog"));

/** The media that can be inserted into virtual drives. */
export function MediaPanel() {
  const media = useMedia();
  return (
    <ShelfPanel
      shelf="medium"
      items={media}
      add={t("Add medium…")}
      empty={{
        title: t("No media yet"),
        body: t("Upload the image of a CD, or have the service fetch one. Then insert it on a node’s page."),
      }}
    >
      <Table aria-label={t("Media")} variant="compact" gridBreakPoint="grid-lg">
        <Thead>
          <Tr>
            <Th width={30}>{t("Medium")}</Th>
            <Th>{t("Size")}</Th>
            <Th>SHA-256</Th>
            <Th width={20}>{t("In a drive of")}</Th>
            <Th>{t("Added")}</Th>
            <Th screenReaderText={t("Actions")} />
          </Tr>
        </Thead>
        <Tbody>
          {media.data?.map((medium) => (
            <MediumRow key={medium.Id} medium={medium} />
          ))}
        </Tbody>
      </Table>
    </ShelfPanel>
  );
}

function MediumRow({ medium }: { medium: Medium }) {
  const mayAdd = useMayAdd();
  const [deleting, setDeleting] = useState(false);
  return (
    <Tr data-testid={`medium-${medium.Id}`}>
      <Td dataLabel={t("Medium")} modifier="breakWord">
        <strong>{medium.Id}</strong>
        {medium.InDirectory && <div className="lo-muted">{t("in the service’s own directory")}</div>}
      </Td>
      <Td dataLabel={t("Size")} modifier="nowrap">
        {bytes(medium.SizeBytes)}
      </Td>
      <Td dataLabel="SHA-256">
        <Digest item={medium} />
      </Td>
      <Td dataLabel={t("In a drive of")} modifier="breakWord">
        <Users nodes={medium.UsedBy} />
      </Td>
      <Td dataLabel={t("Added")}>
        <Added item={medium} />
      </Td>
      <Td isActionCell>
        {!medium.InDirectory && mayAdd && (
          <Button
            variant="link"
            isInline
            isDanger
            aria-label={t("Delete {{name}}", { name: medium.Id })}
            onClick={() => setDeleting(true)}
          >
            {t("Delete…")}
          </Button>
        )}
        {deleting && (
          <DeleteDialog item={medium} onClose={() => setDeleting(false)}>
            {medium.UsedBy.length > 0 &&
              t("In a drive of {{nodes}}; eject it there first.", { nodes: list(medium.UsedBy) })}
          </DeleteDialog>
        )}
      </Td>
    </Tr>
  );
}
