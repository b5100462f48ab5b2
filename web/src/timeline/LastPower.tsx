import { Trans } from "react-i18next";
import { Link } from "react-router";
import { usePowerHistory } from "../api/timeline";
import type { LastPowerAction, System } from "../api/types";
import { nodePath } from "../node/address";
import { actionSummary, outcomeWords } from "../power/senses";
import { Alert } from "../shell/Alert";
import { Unread } from "../shell/Unread";
import { Ago } from "../words/Ago";
import { duration, moment } from "../words/format";
import { t } from "../words/i18n";
import { useNow } from "../words/useNow";
import { lastChangeWords, type LastChange } from "./words";
import "./timeline.css";

/** The line has its place before its text is known. */
const KEEPS_ITS_PLACE = "\u00a0";

/** Who changed the power last, how, when and from where: in one line, wherever on the node's page one is. */
export function LastPower({ system }: { system: System }) {
  const history = usePowerHistory(system);
  const last = system.Oem.Lightsout.LastPowerAction;
  return (
    <>
      <p className="lo-last-power" data-testid="last-power">
        {history.data ? (
          <Told system={system} last={lastChangeWords(system, history.data)} />
        ) : history.isError ? (
          <Unread of={history} />
        ) : (
          KEEPS_ITS_PLACE
        )}
      </p>
      {last?.Ended === null && <UnderWay last={last} />}
      {last && isProblem(last, system) && <Problem last={last} />}
    </>
  );
}

function Told({ system, last }: { system: System; last: LastChange | undefined }) {
  return (
    <>
      {last === undefined ? (
        t("When its power last changed is not among what is looked at.")
      ) : (
        <Trans
          i18nKey="<b>{{state}}</b> since {{time}} (<ago/>): {{how}}"
          values={{ state: last.state, time: moment(last.since), how: last.how }}
          components={{ b: <strong />, ago: <Ago iso={last.since} /> }}
        />
      )}{" "}
      <Link to={`${nodePath(system.Id, "timeline")}?kind=Power`}>{t("What happened")}</Link>
    </>
  );
}

/** Whether the last action went wrong, and the power has not changed since. */
function isProblem({ Outcome, Ended }: LastPowerAction, system: System): boolean {
  const since = system.Oem.Lightsout.PowerSince ?? "";
  return Outcome !== null && !["done", "superseded"].includes(Outcome) && (Ended ?? "") >= since;
}

function UnderWay({ last }: { last: LastPowerAction }) {
  const time = duration(Math.max(0, useNow(1000) - new Date(last.Started).getTime()));
  return (
    <p data-testid="power-under-way">
      <span className="pf-v6-screen-reader" role="status">
        {t("{{action}}: under way", { action: actionSummary(last) })}
      </span>
      <span aria-hidden>{t("{{action}}: under way for {{time}}", { action: actionSummary(last), time })}</span>
    </p>
  );
}

function Problem({ last }: { last: LastPowerAction }) {
  const { text, status } = outcomeWords(last);
  return (
    <Alert
      variant={status}
      isInline
      component="p"
      title={t("{{action}}: {{outcome}}", { action: actionSummary(last), outcome: text })}
      data-testid="power-problem"
    >
      {last.Problem}
    </Alert>
  );
}
