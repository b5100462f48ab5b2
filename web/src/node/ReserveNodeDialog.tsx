import {
  Button,
  Content,
  Form,
  FormGroup,
  FormSelect,
  FormSelectOption,
  ModalBody,
  ModalFooter,
  TextInput,
} from "@patternfly/react-core";
import { useState, type SubmitEvent } from "react";
import { useReserve } from "../api/systems";
import type { System } from "../api/types";
import { Alert } from "../shell/Alert";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { duration } from "../words/format";
import { t } from "../words/i18n";

const MINUTE_MS = 60_000;
const MINUTES = [30, 60, 120, 240, 480, 1440, 4320, 10_080];

/** Asks why nobody else is to touch the node, and until when. */
export function ReserveNodeDialog({ system, onClose }: { system: System; onClose: () => void }) {
  const reserve = useReserve(system);
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const order = { reason: reason.trim(), minutes: minutes === "" ? null : Number(minutes) };
    reserve.mutate(order, { onSuccess: onClose });
  };
  return (
    <Dialog variant="small" onClose={onClose} aria-labelledby="reserve-node-title">
      <DialogHeader title={t("Reserve {{node}}", { node: system.Name })} labelId="reserve-node-title" />
      <ModalBody>
        <Content component="p">
          {t("Everybody else is refused power, boot, media and jobs of this node until you release it.")}{" "}
          {t("Consoles stay open. They see who has reserved it, and why.")}
        </Content>
        <Form id="reserve-node-form" onSubmit={submit}>
          <FormGroup label={t("Why")} fieldId="reserve-node-reason" isRequired>
            <TextInput
              id="reserve-node-reason"
              isRequired
              autoFocus
              maxLength={500}
              value={reason}
              onChange={(_event, value) => setReason(value)}
            />
          </FormGroup>
          <FormGroup label={t("How long")} fieldId="reserve-node-minutes">
            <FormSelect id="reserve-node-minutes" value={minutes} onChange={(_event, value) => setMinutes(value)}>
              <FormSelectOption value="" label={t("Until I release it")} />
              {MINUTES.map((count) => (
                <FormSelectOption key={count} value={count} label={duration(count * MINUTE_MS)} />
              ))}
            </FormSelect>
          </FormGroup>
        </Form>
        {reserve.isError && (
          <Alert variant="danger" isInline component="p" title={reserve.error.message} role="alert" />
        )}
      </ModalBody>
      <ModalFooter>
        <Button
          type="submit"
          form="reserve-node-form"
          variant="primary"
          isLoading={reserve.isPending}
          isDisabled={reserve.isPending || reason.trim() === ""}
        >
          {t("Reserve the node")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
