import {
  Alert,
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
import { useMayOperate } from "../api/session";
import { useEjectMedia, useInsertMedia, useVirtualMedia } from "../api/media";
import type { System, VirtualMedia } from "../api/types";

export function VirtualMediaCard({ system }: { system: System }) {
  const drives = useVirtualMedia(system);
  return (
    <Card>
      <CardTitle component="h2">Virtual media</CardTitle>
      <CardBody>
        {drives.isPending && <Spinner size="md" aria-label="Loading virtual media" />}
        {drives.isError && <p role="alert">{drives.error.message}</p>}
        {drives.data?.length === 0 && <p>This node has no virtual drive.</p>}
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
          {drive.Id}: {drive.Inserted ? <strong>{drive.Image}</strong> : "empty"}
        </span>
        {drive.Inserted && (
          <Button
            variant="secondary"
            size="sm"
            isLoading={eject.isPending}
            isDisabled={eject.isPending || !mayOperate}
            aria-label={`Eject ${drive.Id}`}
            onClick={() => eject.mutate(drive)}
          >
            Eject
          </Button>
        )}
      </div>
      {failure && <Alert variant="danger" isInline component="p" title={failure.message} role="alert" />}
      <FormGroup label={drive.Inserted ? "Swap for" : "Insert"} fieldId={field}>
        <InputGroup>
          <InputGroupItem isFill>
            <TextInput
              id={field}
              isDisabled={!mayOperate}
              value={image}
              placeholder="https://…/image.iso, or a name"
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
              Insert
            </Button>
          </InputGroupItem>
        </InputGroup>
        <FormHelperText>
          <HelperText>
            <HelperTextItem>An ISO’s http(s) address, or its name in the media store.</HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
    </Form>
  );
}
