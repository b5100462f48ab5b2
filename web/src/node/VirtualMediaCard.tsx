import {
  Button,
  Card,
  CardBody,
  CardTitle,
  Form,
  FormGroup,
  FormSelect,
  FormSelectOption,
  InputGroup,
  InputGroupItem,
  Label,
  Spinner,
  TextInput,
} from "@patternfly/react-core";
import { useState, type SubmitEvent } from "react";
import { Trans } from "react-i18next";
import { useMayAdd, useMedia } from "../api/library";
import { useMayOperate } from "../api/session";
import { useEjectMedia, useInsertMedia, useVirtualMedia } from "../api/media";
import type { System, VirtualMedia } from "../api/types";
import { Additions } from "../library/Additions";
import { Users } from "../library/cells";
import { Help } from "../shell/Help";
import { Alert } from "../shell/Alert";
import { Unread } from "../shell/Unread";
import { bytes } from "../words/format";
import { lazyDialog } from "../shell/lazyDialog";
import { Stale } from "../shell/Stale";
import { t } from "../words/i18n";
import "../library/library.css";

const AddDialog = lazyDialog(() => import("../library/AddDialog"));

/** What stands in the choice for a URL. */
const BY_URL = "";

export function VirtualMediaCard({ system }: { system: System }) {
  const drives = useVirtualMedia(system);
  return (
    <Card>
      <CardTitle component="h2">{t("Virtual media")}</CardTitle>
      <CardBody>
        {drives.isPending && <Spinner size="md" aria-label={t("Loading")} aria-valuetext={t("Loading")} />}
        {drives.isError && !drives.data && <Unread of={drives} />}
        <Stale of={drives} />
        {drives.data?.length === 0 && <p>{t("This node has no virtual drive.")}</p>}
        {drives.data?.map((drive) => (
          <Drive key={drive.Id} system={system} drive={drive} />
        ))}
        <Additions shelf="medium" />
      </CardBody>
    </Card>
  );
}

function Drive({ system, drive }: { system: System; drive: VirtualMedia }) {
  const insert = useInsertMedia(system);
  const eject = useEjectMedia(system);
  const library = useMedia();
  const mayOperate = useMayOperate();
  const mayAdd = useMayAdd();
  const [chosen, setChosen] = useState<string | null>(null);
  const [url, setUrl] = useState("");
  const [adding, setAdding] = useState(false);
  const failure = insert.error ?? eject.error;
  const media = library.data ?? [];
  const choice = media.some((medium) => medium.Id === chosen) ? (chosen ?? BY_URL) : BY_URL;
  const image = choice === BY_URL ? url.trim() : choice;
  const others = media.find((medium) => medium.Id === drive.Image)?.UsedBy.filter((node) => node !== system.Id);
  const field = `media-${drive.Id}`;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    eject.reset();
    insert.mutate({ drive, image }, { onSuccess: () => setUrl("") });
  };
  return (
    <>
      <Form onSubmit={submit} data-testid={field}>
        <div className="lo-now lo-row">
          <span aria-live="polite">
            {drive.Inserted ? (
              <Trans
                i18nKey="{{drive}}: <b>{{image}}</b>"
                values={{ drive: drive.Id, image: drive.Image }}
                components={{ b: <strong /> }}
              />
            ) : (
              t("{{drive}}: empty", { drive: drive.Id })
            )}{" "}
            {drive.Inserted && <Label isCompact>{drive.WriteProtected ? t("read only") : t("writable")}</Label>}
          </span>
          {drive.Inserted && (
            <Button
              variant="secondary"
              size="sm"
              isLoading={eject.isPending}
              isDisabled={eject.isPending || !mayOperate}
              aria-label={t("Eject {{drive}}", { drive: drive.Id })}
              onClick={() => {
                insert.reset();
                eject.mutate(drive);
              }}
            >
              {t("Eject")}
            </Button>
          )}
        </div>
        {others && others.length > 0 && (
          <p className="lo-muted">
            {t("Also in a drive of:")} <Users nodes={others} />
          </p>
        )}
        {failure && <Alert variant="danger" isInline component="p" title={failure.message} role="alert" />}
        <FormGroup label={drive.Inserted ? t("Swap for") : t("Insert")} fieldId={`${field}-choice`}>
          <FormSelect
            id={`${field}-choice`}
            value={choice}
            isDisabled={!mayOperate}
            onChange={(_event, medium) => setChosen(medium)}
          >
            {media.map((medium) => (
              <FormSelectOption key={medium.Id} value={medium.Id} label={`${medium.Id} · ${bytes(medium.SizeBytes)}`} />
            ))}
            <FormSelectOption value={BY_URL} label={t("By its URL or name…")} />
          </FormSelect>
          {library.isError && <Help>{t("The library cannot be shown")}</Help>}
        </FormGroup>
        <InputGroup>
          {choice === BY_URL && (
            <InputGroupItem isFill>
              <TextInput
                id={field}
                aria-label={t("The medium’s URL or name")}
                isDisabled={!mayOperate}
                value={url}
                placeholder={t("https://…/image.iso, or a name")}
                spellCheck={false}
                onChange={(_event, value) => setUrl(value)}
              />
            </InputGroupItem>
          )}
          <InputGroupItem>
            <Button
              type="submit"
              variant="control"
              isLoading={insert.isPending}
              isDisabled={insert.isPending || image === "" || !mayOperate}
            >
              {t("Insert")}
            </Button>
          </InputGroupItem>
        </InputGroup>
        {insert.isPending && image.includes("://") && (
          <Help>
            {t("It is being fetched. What takes long is better added to the library, which shows how far it is.")}
          </Help>
        )}
        <Button variant="link" isInline className="lo-add-medium" isDisabled={!mayAdd} onClick={() => setAdding(true)}>
          {t("Add to the library…")}
        </Button>
      </Form>
      {adding && <AddDialog shelf="medium" onClose={() => setAdding(false)} onBegun={setChosen} />}
    </>
  );
}
