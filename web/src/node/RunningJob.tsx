import { Alert, Progress } from "@patternfly/react-core";
import { Link } from "react-router";
import { useRunningTask } from "../api/tasks";
import type { System } from "../api/types";
import { stepWords, taskTitle } from "../reinstall/words";

/** The job that runs on the node now, in one line, wherever on the node's page one is. */
export function RunningJob({ system }: { system: System }) {
  const task = useRunningTask(system).data;
  if (!system.Oem?.Lightsout?.Task || !task) return null;
  const title = taskTitle(task);
  return (
    <Alert
      variant="info"
      isInline
      title={`${title} is running`}
      component="p"
      actionLinks={<Link to={`/nodes/${encodeURIComponent(system.Id)}/jobs`}>Show the job</Link>}
    >
      <Progress
        value={task.PercentComplete ?? 0}
        title={stepWords(task.Oem?.Lightsout?.Step ?? "")}
        aria-label={`${title}: progress`}
      />
    </Alert>
  );
}
