import {
  Button,
  Card,
  CardBody,
  CardTitle,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  InputGroup,
  InputGroupItem,
  Spinner,
  TextInput,
} from "@patternfly/react-core";
import { useState, type SubmitEvent } from "react";
import { Trans } from "react-i18next";
import { useMayOperate } from "../api/session";
import { useEjectMedia, useInsertMedia, useVirtualMedia } from "../api/media";
import type { System, VirtualMedia } from "../api/types";
import { Alert } from "../shell/Alert";
import { t } from "../words/i18n";

export function VirtualMediaCard({ system }: { system: System }) {
  const drives = useVirtualMedia(system);
  return (
    <Card>
      <CardTitle component="h2">{t("Virtual media")}</CardTitle>
      <CardBody>
        {drives.isPending && <Spinner size="md" aria-label={t("Loading")} aria-valuetext={t("Loading")} />}
        {drives.isError && <p role="alert">{drives.error.message}</p>}
        {drives.data?.length === 0 && <p>{t("This node has no virtual drive.")}</p>}
        {drives.data?.map((drive) => (
          <Drive key={drive.Id} system={system} drive={drive} />
        ))}
      </CardBody>
    </Card>
  );
}

function Drive({ system, drive }: { system: System; drive: VirtualMedia }) {
  const insert = useInsertMedia(system);
  const eject = useEjectMedia(system);
  const [image, setImage] = useState("");
  const failure = insert.error ?? eject.error;
  const mayOperate = useMayOperate();
  const field = `media-${drive.Id}`;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    insert.mutate({ drive, image: image.trim() }, { onSuccess: () => setImage("") });
  };
  return (
    <Form onSubmit={submit} className="lo-drive" data-testid={field}>
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
          )}
        </span>
        {drive.Inserted && (
          <Button
            variant="secondary"
            size="sm"
            isLoading={eject.isPending}
            isDisabled={eject.isPending || !mayOperate}
            aria-label={t("Eject {{drive}}", { drive: drive.Id })}
            onClick={() => eject.mutate(drive)}
          >
            {t("Eject")}
          </Button>
        )}
      </div>
      {failure && <Alert variant="danger" isInline component="p" title={failure.message} role="alert" />}
      <FormGroup label={drive.Inserted ? t("Swap for") : t("Insert")} fieldId={field}>
        <InputGroup>
          <InputGroupItem isFill>
            <TextInput
              id={field}
              isDisabled={!mayOperate}
              value={image}
              placeholder={t("https://…/image.iso, or a name")}
              spellCheck={false}
              onChange={(_event, value) => setImage(value)}
            />
          </InputGroupItem>
          <InputGroupItem>
            <Button
              type="submit"
              variant="control"
              isLoading={insert.isPending}
              isDisabled={insert.isPending || image.trim() === ""}
            >
              {t("Insert")}
            </Button>
          </InputGroupItem>
        </InputGroup>
        <FormHelperText>
          <HelperText>
            <HelperTextItem>{t("An ISO’s http(s) address, or its name in the media store.")}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
    </Form>
  );
}
