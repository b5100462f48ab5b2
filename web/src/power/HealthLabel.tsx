import { Label } from "@patternfly/react-core";
import type { System } from "../api/types";

const LOOKS: Record<string, "success" | "warning" | "danger"> = {
  OK: "success",
  Warning: "warning",
  Critical: "danger",
};

/** The health, always in words beside its colour. The reason stands next to it, not in a tooltip. */
export function HealthLabel({ system }: { system: System }) {
  const health = system.Status?.Health ?? "OK";
  return (
    <Label variant="outline" status={LOOKS[health] ?? "warning"} data-testid="health" data-health={health}>
      {health === "OK" ? "Healthy" : health}
    </Label>
  );
}
