import { FormGroup, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import { useEmergencyStop } from "../api/manager";
import { Help } from "../shell/Help";
import { OrderDialog } from "../shell/OrderDialog";
import { t } from "../words/i18n";

/** One more press, or Enter, stops everything; the reason is for others, and may stay empty. */
export default function StopDialog({ onClose }: { onClose: () => void }) {
  const stop = useEmergencyStop();
  const [reason, setReason] = useState("");
  return (
    <OrderDialog
      kind="stop"
      title={t("Stop all hardware?")}
      description={[
        t(
          "Every relay, outlet and arm that moves lets go at once, and none moves again until an administrator releases the stop.",
        ),
        t("Servers stay as they are. Virtual nodes are not concerned."),
      ].join(" ")}
      alarm="danger"
      action={t("Stop everything now")}
      refused={t("The emergency stop was not pressed")}
      isDanger
      order={stop}
      onSubmit={() => stop.mutate(reason.trim(), { onSuccess: onClose })}
      onClose={onClose}
    >
      <FormGroup label={t("Why?")} fieldId="stop-reason">
        <TextInput
          id="stop-reason"
          value={reason}
          maxLength={500}
          autoFocus
          autoComplete="off"
          onChange={(_event, value) => setReason(value)}
        />
        <Help>{t("Everybody will see it. It may stay empty if there is no time.")}</Help>
      </FormGroup>
    </OrderDialog>
  );
}
