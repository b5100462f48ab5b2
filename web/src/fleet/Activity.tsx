import { Progress, ProgressSize } from "@patternfly/react-core";
import LockIcon from "@patternfly/react-icons/dist/esm/icons/lock-icon";
import { Link } from "react-router";
import { useRunningTask } from "../api/tasks";
import type { System } from "../api/types";
import { nodePath } from "../node/address";
import { kindWords, stepWords } from "../reinstall/words";
import { t } from "../words/i18n";

/** What goes on with a node: its running job with progress, or who has reserved it and why. */
export function Activity({ system }: { system: System }) {
  const task = useRunningTask(system).data;
  const reservation = system.Oem.Lightsout.Reservation;
  if (system.Oem.Lightsout.Task && task) {
    const ours = task.Oem?.Lightsout;
    return (
      <Link to={nodePath(system.Id, "jobs")} className="lo-activity">
        <Progress
          title={[kindWords(ours?.Kind ?? ""), stepWords(ours?.Step ?? "")].join(" · ")}
          value={task.PercentComplete ?? 0}
          size={ProgressSize.sm}
          aria-label={t("Job on {{node}}", { node: system.Name })}
        />
      </Link>
    );
  }
  if (reservation) {
    return (
      <span>
        <LockIcon /> {t("{{holder}}: {{reason}}", { holder: reservation.Holder, reason: reservation.Reason })}
      </span>
    );
  }
  return <span className="lo-muted">–</span>;
}
