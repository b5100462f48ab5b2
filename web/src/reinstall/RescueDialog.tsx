import {
  Button,
  Content,
  Form,
  FormGroup,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from "@patternfly/react-core";
import { useState, type SubmitEvent } from "react";
import { useRescue } from "../api/systems";
import { Help, KeysField, Refusal } from "./fields";
import { keyLines } from "./order";
import type { JobDialogProps } from "./RamdiskMenu";

const FORM = "rescue-form";

export default function RescueDialog({ system, onClose, onStarted }: JobDialogProps) {
  const rescue = useRescue(system);
  const [keys, setKeys] = useState("");
  const [minutes, setMinutes] = useState("60");

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    rescue.mutate({ SSHKeys: keyLines(keys), TimeoutMinutes: Number(minutes) }, { onSuccess: onStarted });
  };
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="rescue-title">
      <ModalHeader
        title={`Rescue ${system.Name}`}
        labelId="rescue-title"
        description="Boots a small system with a root shell, by SSH and on the consoles. No disk is touched."
      />
      <ModalBody>
        <Form id={FORM} onSubmit={submit}>
          <KeysField value={keys} onChange={setKeys} isRequired />
          <FormGroup label="Minutes" fieldId="rescue-minutes" isRequired>
            <TextInput
              id="rescue-minutes"
              type="number"
              isRequired
              value={minutes}
              onChange={(_event, value) => setMinutes(value)}
            />
            <Help>After that it ends by itself.</Help>
          </FormGroup>
          <Content component="p">
            The node is powered off at once, and it is off again when the rescue has ended.
          </Content>
        </Form>
      </ModalBody>
      {rescue.isError && <Refusal title="The rescue was not started" error={rescue.error} />}
      <ModalFooter>
        <Button
          type="submit"
          form={FORM}
          isLoading={rescue.isPending}
          isDisabled={rescue.isPending || keyLines(keys).length === 0}
          data-testid="start-rescue"
        >
          Power off and rescue {system.Name}
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
