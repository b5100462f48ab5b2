import { Progress } from "@patternfly/react-core";
import { Link } from "react-router";
import { useRunningTask } from "../api/tasks";
import type { System } from "../api/types";
import { stepWords, taskTitle } from "../reinstall/words";
import { Alert } from "../shell/Alert";
import { t } from "../words/i18n";
import { nodePath } from "./address";

/** The job that runs on the node now, in one line, wherever one looks at the node. */
export function RunningJob({ system }: { system: System }) {
  const task = useRunningTask(system).data;
  if (!system.Oem.Lightsout.Task || !task) return null;
  const job = taskTitle(task);
  return (
    <Alert
      variant="info"
      isInline
      title={t("{{job}} is running", { job })}
      component="p"
      actionLinks={<Link to={nodePath(system.Id, "jobs")}>{t("Show the job")}</Link>}
    >
      <Progress
        value={task.PercentComplete ?? 0}
        title={stepWords(task.Oem?.Lightsout.Step ?? "")}
        aria-label={t("{{job}}: progress", { job })}
      />
    </Alert>
  );
}
