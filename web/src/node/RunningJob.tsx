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
  if (!system.Oem.Lightsout.Task) return null;
  const job = task ? taskTitle(task) : t("Job");
  return (
    <Alert
      variant="info"
      isInline
      title={t("{{job}} is running", { job })}
      component="p"
      actionLinks={<Link to={nodePath(system.Id, "jobs")}>{t("Show the job")}</Link>}
    >
      <Progress
        value={task?.PercentComplete ?? 0}
        title={task ? stepWords(task.Oem?.Lightsout.Step ?? "") : t("Loading")}
        aria-label={t("{{job}}: progress", { job })}
      />
    </Alert>
  );
}
