import { Content, Skeleton } from "@patternfly/react-core";
import { usePowerPlan } from "../api/systems";
import type { System } from "../api/types";
import { Alert } from "../shell/Alert";
import { t } from "../words/i18n";
import "./power.css";

/** What an action would do to real hardware now, and what would hinder it. The service decides, so nothing is barred here. */
export function PlanPart({ system, type }: { system: System; type: string }) {
  const plan = usePowerPlan(system, type);
  return (
    <section aria-label={t("What will happen")} className="lo-plan" data-testid="plan">
      <Content component="h2">{t("What will happen")}</Content>
      {plan.isLoading && <Skeleton screenreaderText={t("Asking for the plan")} />}
      {plan.isError && (
        <Alert variant="warning" isInline component="p" title={t("The plan cannot be shown")}>
          {plan.error.message}
        </Alert>
      )}
      {plan.data && plan.data.Hindrances.length > 0 && (
        <Alert variant="warning" isInline component="h3" title={t("As things are, it would be refused")} role="alert">
          <ul>
            {plan.data.Hindrances.map((hindrance) => (
              <li key={hindrance}>{hindrance}</li>
            ))}
          </ul>
        </Alert>
      )}
      {plan.data && (
        <ol>
          {plan.data.Steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      )}
    </section>
  );
}
