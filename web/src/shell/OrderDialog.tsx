/** The dialogue that asks for what an order needs: the same frame for whatever is sent to the service. */
import { Button, Form, ModalBody, ModalFooter } from "@patternfly/react-core";
import type { ReactNode, SubmitEvent } from "react";
import { t } from "../words/i18n";
import { Dialog, DialogHeader } from "./Dialog";
import { Refusal } from "./Refusal";

interface OrderDialogProps {
  /** Names the parts of the dialogue, for no person to read. */
  kind: string;
  title: string;
  description?: string;
  /** What the button says. */
  action: string;
  /** What is at stake, as a sign beside the title. */
  alarm?: "warning" | "danger";
  /** What the other button says, where one begins at that: a slip of Enter must not do it. */
  keep?: string;
  /** What is said over the reason when the service has refused. */
  refused: string;
  isDanger?: boolean;
  isReady?: boolean;
  order: { isPending: boolean; error: Error | null };
  onSubmit: () => void;
  onClose: () => void;
  children?: ReactNode;
}

export function OrderDialog({ kind, order, onSubmit, onClose, children, isReady = true, ...shown }: OrderDialogProps) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onSubmit();
  };
  const describing = `${kind}-description`;
  return (
    <Dialog
      variant="medium"
      onClose={onClose}
      aria-labelledby={`${kind}-title`}
      {...(shown.description !== undefined && { "aria-describedby": describing })}
    >
      <DialogHeader
        title={shown.title}
        labelId={`${kind}-title`}
        description={shown.description}
        descriptorId={describing}
        {...(shown.alarm && { titleIconVariant: shown.alarm })}
      />
      <ModalBody>
        <Form id={`${kind}-form`} onSubmit={submit}>
          {children}
        </Form>
      </ModalBody>
      {order.error !== null && <Refusal title={shown.refused} error={order.error} />}
      <ModalFooter>
        <Button
          type="submit"
          form={`${kind}-form`}
          variant={shown.isDanger ? "danger" : "primary"}
          isLoading={order.isPending}
          isDisabled={order.isPending || !isReady}
          data-testid={`start-${kind}`}
        >
          {shown.action}
        </Button>
        <Button variant="link" onClick={onClose} autoFocus={shown.keep !== undefined}>
          {shown.keep ?? t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
