import { Content, FormGroup, FormSelect, FormSelectOption, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import { useReserve } from "../api/systems";
import type { System } from "../api/types";
import { OrderDialog } from "../shell/OrderDialog";
import { duration } from "../words/format";
import { t } from "../words/i18n";

const MINUTE_MS = 60_000;
const MINUTES = [30, 60, 120, 240, 480, 1440, 4320, 10_080];

/** Asks why nobody else is to touch the node, and until when. */
export function ReserveNodeDialog({ system, onClose }: { system: System; onClose: () => void }) {
  const reserve = useReserve(system);
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState("");
  const order = { reason: reason.trim(), minutes: minutes === "" ? null : Number(minutes) };
  return (
    <OrderDialog
      kind="reserve-node"
      title={t("Reserve {{node}}", { node: system.Name })}
      action={t("Reserve the node")}
      refused={t("{{node}}: not reserved", { node: system.Name })}
      isReady={order.reason !== ""}
      order={reserve}
      onSubmit={() => reserve.mutate(order, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Content component="p">
        {t("Everybody else is refused power, boot, media and jobs of this node until you release it.")}{" "}
        {t("Consoles stay open. They see who has reserved it, and why.")}
      </Content>
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
    </OrderDialog>
  );
}
