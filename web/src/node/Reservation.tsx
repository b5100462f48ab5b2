import { Alert } from "@patternfly/react-core";
import type { System } from "../api/types";
import { moment } from "../words/format";

/** Who holds the node, since when and why. A running job shows itself. */
export function Reservation({ system }: { system: System }) {
  const ours = system.Oem?.Lightsout;
  if (!ours?.Reservation || ours.Task) return null;
  const { Holder, Reason, Since } = ours.Reservation;
  return (
    <Alert variant="warning" isInline title={`${Holder} holds this node`} component="p">
      {Reason} (since {moment(Since)})
    </Alert>
  );
}
