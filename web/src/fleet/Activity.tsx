import { Progress, ProgressSize } from "@patternfly/react-core";
import LockIcon from "@patternfly/react-icons/dist/esm/icons/lock-icon";
import { Link } from "react-router";
import { useRunningTask } from "../api/tasks";
import type { System } from "../api/types";
import { stepWords } from "../reinstall/words";

/** What goes on with a node: its running job with progress, or who holds it and why. */
export function Activity({ system }: { system: System }) {
  const task = useRunningTask(system).data;
  const reservation = system.Oem?.Lightsout?.Reservation;
  if (system.Oem?.Lightsout?.Task && task) {
    const ours = task.Oem?.Lightsout;
    return (
      <Link to={`/nodes/${encodeURIComponent(system.Id)}/jobs`} className="lo-activity">
        <Progress
          title={[ours?.Kind, ours?.Step].map((word) => stepWords(word ?? "")).join(" · ")}
          value={task.PercentComplete ?? 0}
          size={ProgressSize.sm}
          aria-label={`Job on ${system.Name}`}
        />
      </Link>
    );
  }
  if (reservation) {
    return (
      <span>
        <LockIcon /> {reservation.Holder}: {reservation.Reason}
      </span>
    );
  }
  return <span className="lo-muted">–</span>;
}
