import { Card, CardBody, CardTitle, Skeleton } from "@patternfly/react-core";
import CheckCircleIcon from "@patternfly/react-icons/dist/esm/icons/check-circle-icon";
import ExclamationCircleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon";
import ExclamationTriangleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon";
import { useEventLog } from "../api/eventlog";
import { Ago } from "../words/Ago";

const ICONS = {
  OK: <CheckCircleIcon className="lo-ok" aria-label="OK" />,
  Warning: <ExclamationTriangleIcon className="lo-warning" aria-label="Warning" />,
  Critical: <ExclamationCircleIcon className="lo-critical" aria-label="Critical" />,
};

/** What happened to the node lately, newest first. */
export function RecentEvents({ systemId }: { systemId: string }) {
  const log = useEventLog(systemId);
  return (
    <Card>
      <CardTitle component="h2">Recent events</CardTitle>
      <CardBody>
        {log.isPending && <Skeleton screenreaderText="Loading events" />}
        {log.isError && <p role="alert">{log.error.message}</p>}
        {log.data?.length === 0 && <p>Nothing has happened yet.</p>}
        <ol className="lo-events" aria-label="Recent events" tabIndex={0}>
          {log.data?.map((entry) => (
            <li key={entry.Id}>
              {ICONS[entry.Severity ?? "OK"]}
              <span>{entry.Message}</span>
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
