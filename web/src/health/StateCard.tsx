import { Card, CardBody, CardTitle } from "@patternfly/react-core";
import type { System } from "../api/types";
import { conditionWords, healthOf } from "../power/words";
import { Alert } from "../shell/Alert";
import { named, t, type Message } from "../words/i18n";

const VARIANTS = { OK: "success", Warning: "warning", Critical: "danger" } as const;

const PARTS: Record<string, Message> = {
  "boot control": "Boot device",
  "virtual drive": "Virtual media",
  "serial console": "Serial console",
  sensors: "Sensors",
};

/** What is wrong with the node, in words, and what it has not that it might have. */
export function StateCard({ system }: { system: System }) {
  const conditions = system.Status.Conditions ?? [];
  const health = healthOf(system);
  const lacks = system.Oem.Lightsout.MissingParts;
  return (
    <Card>
      <CardTitle component="h2">{t("State")}</CardTitle>
      <CardBody>
        <div aria-live="polite" data-testid="conditions" className="lo-conditions">
          {conditions.length === 0 && (
            <Alert
              variant={VARIANTS[health]}
              isInline
              isPlain
              component="p"
              title={health === "OK" ? t("Nothing is wrong") : t("The service does not say what is wrong.")}
            />
          )}
          {conditions.map((condition) => (
            <Alert
              key={condition.Message}
              variant={VARIANTS[condition.Severity]}
              isInline
              component="p"
              title={conditionWords(condition, system)}
            />
          ))}
        </div>
        {lacks.length > 0 && (
          <>
            <h3 className="lo-after">{t("What this node has not")}</h3>
            <ul>
              {lacks.map(({ Part, Remedy }) => (
                <li key={Part}>
                  <strong>{named(PARTS, Part)}</strong>: {Remedy}
                </li>
              ))}
            </ul>
          </>
        )}
      </CardBody>
    </Card>
  );
}
