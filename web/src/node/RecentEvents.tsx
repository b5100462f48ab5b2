import { Card, CardBody, CardTitle, Skeleton } from "@patternfly/react-core";
import CheckCircleIcon from "@patternfly/react-icons/dist/esm/icons/check-circle-icon";
import ExclamationCircleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon";
import ExclamationTriangleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon";
import { useEventLog } from "../api/eventlog";
import { type Health } from "../api/types";
import { Ago } from "../words/Ago";
import { t } from "../words/i18n";
import { eventWords } from "./eventWords";

function Severity({ of }: { of: Health }) {
  switch (of) {
    case "OK":
      return <CheckCircleIcon className="lo-ok" aria-label={t("OK")} />;
    case "Warning":
      return <ExclamationTriangleIcon className="lo-warning" aria-label={t("Warning")} />;
    case "Critical":
      return <ExclamationCircleIcon className="lo-critical" aria-label={t("Critical")} />;
  }
}

/** What happened to the node lately, newest first. */
export function RecentEvents({ systemId }: { systemId: string }) {
  const log = useEventLog(systemId);
  return (
    <Card>
      <CardTitle component="h2">{t("Recent events")}</CardTitle>
      <CardBody>
        {log.isPending && <Skeleton screenreaderText={t("Loading events")} />}
        {log.isError && <p role="alert">{log.error.message}</p>}
        {log.data?.length === 0 && <p>{t("Nothing has happened yet.")}</p>}
        <ol className="lo-events" aria-label={t("Recent events")} tabIndex={0}>
          {log.data?.map((entry) => (
            <li key={entry.Id}>
              <Severity of={entry.Severity ?? "OK"} />
              <span>{eventWords(entry)}</span>
              <span className="lo-muted">
                <Ago iso={entry.Created} />
              </span>
            </li>
          ))}
        </ol>
      </CardBody>
    </Card>
  );
}
