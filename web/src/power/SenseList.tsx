import { Label } from "@patternfly/react-core";
import CheckCircleIcon from "@patternfly/react-icons/dist/esm/icons/check-circle-icon";
import ExclamationTriangleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon";
import PowerOffIcon from "@patternfly/react-icons/dist/esm/icons/power-off-icon";
import QuestionCircleIcon from "@patternfly/react-icons/dist/esm/icons/question-circle-icon";
import { Trans } from "react-i18next";
import { isPhysical } from "../api/systems";
import type { Sense, System } from "../api/types";
import { Ago } from "../words/Ago";
import { t } from "../words/i18n";
import { byDomain, senseWords } from "./senses";
import "./power.css";

const LOOKS = {
  on: { color: "green", icon: <CheckCircleIcon /> },
  off: { color: "grey", icon: <PowerOffIcon /> },
  unknown: { color: "orange", icon: <QuestionCircleIcon /> },
} as const;

/** What each sense says, under what it fails together with. One of a virtual node is told of changes, and looks no more. */
export function SenseList({ system }: { system: System }) {
  return (
    <ul className="lo-senses" aria-label={t("Senses of {{node}}", { node: system.Name })}>
      {byDomain(system.Oem.Lightsout.Senses).map(([domain, senses]) => (
        <li key={domain}>
          <div className="lo-muted">{t("Failure domain: {{domain}}", { domain })}</div>
          <ul>
            {senses.map((sense) => (
              <OneSense key={sense.Name} sense={sense} system={system} />
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

function OneSense({ sense, system }: { sense: Sense; system: System }) {
  const { says, look, objection } = senseWords(sense, system);
  return (
    <li data-testid={`sense-${sense.Name}`} data-counts={sense.Counts}>
      <div className="lo-sense">
        <Label color={LOOKS[look].color} icon={LOOKS[look].icon}>
          {says}
        </Label>
        <strong>{sense.Name}</strong>
        {isPhysical(system) && (
          <span className="lo-muted">
            <Trans i18nKey="looked <ago/>" components={{ ago: <Ago iso={sense.LookedAt} /> }} />
          </span>
        )}
      </div>
      {sense.Reason && <div className="lo-reason">{sense.Reason}</div>}
      {objection !== "" && (
        <div className="lo-reason">
          <ExclamationTriangleIcon className="lo-warning" /> {objection}
        </div>
      )}
    </li>
  );
}
