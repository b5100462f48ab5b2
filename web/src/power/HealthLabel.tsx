import { Label } from "@patternfly/react-core";
import type { Health, System } from "../api/types";
import { t, type Message } from "../words/i18n";
import { healthOf } from "./words";

const LOOKS: Record<Health, { label: Message; status: "success" | "warning" | "danger" }> = {
  OK: { label: "Healthy", status: "success" },
  Warning: { label: "Warning", status: "warning" },
  Critical: { label: "Critical", status: "danger" },
};

/** The health of the node and its sensors, always in words beside its colour. The reason stands next to it, not in a tooltip. */
export function HealthLabel({ system }: { system: System }) {
  const health = healthOf(system);
  const { label, status } = LOOKS[health];
  return (
    <Label variant="outline" status={status} data-testid="health" data-health={health}>
      {t(label)}
    </Label>
  );
}
