import { Card, CardBody, CardTitle } from "@patternfly/react-core";
import { Trans } from "react-i18next";
import type { LastPowerAction, System } from "../api/types";
import { SenseList } from "../power/SenseList";
import { actionSummary, outcomeWords } from "../power/senses";
import { Alert } from "../shell/Alert";
import { Ago } from "../words/Ago";
import { t } from "../words/i18n";

/** Why the power state is believed: what each sense says, and how the last action went. */
export function PowerSenses({ system }: { system: System }) {
  const { Senses: senses, LastPowerAction: last } = system.Oem.Lightsout;
  if (senses.length === 0 && !last) return null;
  return (
    <Card>
      <CardTitle component="h2">{t("Power")}</CardTitle>
      <CardBody>
        {senses.length > 0 && <SenseList system={system} />}
        {senses.length > 1 && (
          <p className="lo-muted">{t("The senses of one failure domain can fail together, so they have one vote.")}</p>
        )}
        {last && <LastAction last={last} />}
      </CardBody>
    </Card>
  );
}

function LastAction({ last }: { last: LastPowerAction }) {
  const { text, status } = outcomeWords(last);
  return (
    <Alert
      variant={status}
      isInline
      isPlain
      component="h3"
      title={t("Last action: {{action}}", { action: actionSummary(last) })}
      className="lo-last-action"
      data-testid="last-action"
    >
      <p>
        <Trans
          i18nKey="{{outcome}}, <ago/>"
          values={{ outcome: text }}
          components={{ ago: <Ago iso={last.Ended ?? last.Started} /> }}
        />
      </p>
      {last.Problem && <p>{last.Problem}</p>}
    </Alert>
  );
}
