import {
  Button,
  Content,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  ModalBody,
  ModalFooter,
  TextInput,
} from "@patternfly/react-core";
import { useState, type SubmitEvent } from "react";
import { useEmergencyStop } from "../api/manager";
import { Alert } from "../shell/Alert";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { t } from "../words/i18n";

/** One more press, or Enter, stops everything; the reason is for others, and may stay empty. */
export default function StopDialog({ onClose }: { onClose: () => void }) {
  const stop = useEmergencyStop();
  const [reason, setReason] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    stop.mutate(reason.trim(), { onSuccess: onClose });
  };
  return (
    <Dialog variant="small" onClose={onClose} aria-labelledby="stop-title" aria-describedby="stop-body">
      <DialogHeader title={t("Stop all hardware?")} titleIconVariant="danger" labelId="stop-title" />
      <ModalBody>
        <div id="stop-body">
          <Content component="p">
            {t(
              "Every relay, outlet and arm that moves lets go at once, and none moves again until an administrator releases the stop.",
            )}{" "}
            {t("Servers stay as they are. Virtual nodes are not concerned.")}
          </Content>
        </div>
        {stop.isError && <Alert variant="danger" isInline component="p" title={stop.error.message} role="alert" />}
        <Form id="stop-form" onSubmit={submit} className="lo-after">
          <FormGroup label={t("Why?")} fieldId="stop-reason">
            <TextInput
              id="stop-reason"
              value={reason}
              maxLength={500}
              autoFocus
              autoComplete="off"
              onChange={(_event, value) => setReason(value)}
            />
            <FormHelperText>
              <HelperText>
                <HelperTextItem>{t("Everybody will see it. It may stay empty if there is no time.")}</HelperTextItem>
              </HelperText>
            </FormHelperText>
          </FormGroup>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button
          type="submit"
          form="stop-form"
          variant="danger"
          isLoading={stop.isPending}
          isDisabled={stop.isPending}
          data-testid="confirm-stop"
        >
          {t("Stop everything now")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
