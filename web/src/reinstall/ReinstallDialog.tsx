import {
  Alert,
  Button,
  Form,
  FormGroup,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from "@patternfly/react-core";
import { useState, type SubmitEvent } from "react";
import { useReinstall } from "../api/systems";
import type { System } from "../api/types";
import { ConfirmName, Help, KeysField, Refusal } from "./fields";
import { ImageChoice } from "./ImageChoice";
import { toRequest } from "./order";

interface ReinstallDialogProps {
  system: System;
  onClose: () => void;
  onStarted: () => void;
}

const FORM = "reinstall-form";

/** Asks for everything a reinstall needs, and for the node's name, since there is no way back. */
export default function ReinstallDialog({ system, onClose, onStarted }: ReinstallDialogProps) {
  const reinstall = useReinstall(system);
  const allowed = system.Actions?.Oem?.["#Lightsout.Reinstall"]?.["Image@Redfish.AllowableValues"];
  const [image, setImage] = useState(allowed?.[0] ?? "");
  const [hostname, setHostname] = useState(system.Name);
  const [keys, setKeys] = useState("");
  const [password, setPassword] = useState("");
  const [typed, setTyped] = useState("");

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    reinstall.mutate(toRequest({ image, hostname, keys, password }), { onSuccess: onStarted });
  };
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="reinstall-title">
      <ModalHeader
        title={`Reinstall ${system.Name}`}
        labelId="reinstall-title"
        description="Writes an operating-system image to the node’s disk and checks that the new system boots."
      />
      <ModalBody>
        <Form id={FORM} onSubmit={submit}>
          <ImageChoice allowed={allowed} value={image} onChange={setImage} />
          <FormGroup label="Host name" fieldId="reinstall-hostname" isRequired>
            <TextInput
              id="reinstall-hostname"
              isRequired
              value={hostname}
              spellCheck={false}
              autoCapitalize="none"
              onChange={(_event, value) => setHostname(value)}
            />
          </FormGroup>
          <KeysField value={keys} onChange={setKeys} />
          <FormGroup label="Root password" fieldId="reinstall-password">
            <TextInput
              id="reinstall-password"
              type="password"
              autoComplete="new-password"
              value={password}
              onChange={(_event, value) => setPassword(value)}
            />
            <Help>Optional. Without it, only the SSH keys let anybody in.</Help>
          </FormGroup>
          <Alert variant="danger" isInline component="p" title={`Everything on ${system.Name}’s disk is erased`}>
            The node is powered off at once and its disk is overwritten. There is no way back.
          </Alert>
          <ConfirmName name={system.Name} value={typed} onChange={setTyped} />
        </Form>
      </ModalBody>
      {reinstall.isError && <Refusal title="The reinstall was not started" error={reinstall.error} />}
      <ModalFooter>
        <Button
          type="submit"
          form={FORM}
          variant="danger"
          isLoading={reinstall.isPending}
          isDisabled={reinstall.isPending || image === "" || typed.trim() !== system.Name}
          data-testid="start-reinstall"
        >
          Erase and reinstall {system.Name}
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
