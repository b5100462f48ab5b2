import { Card, CardBody, CardTitle, EmptyState, EmptyStateBody, Label } from "@patternfly/react-core";
import { useState } from "react";
import { hasEnded, useTask, useTasksOf } from "../api/tasks";
import { idOf } from "../api/http";
import type { System, Task } from "../api/types";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { Ago } from "../words/Ago";
import { percent } from "../words/format";
import { t } from "../words/i18n";
import { JobProgress } from "./JobProgress";
import { taskLook, taskTitle } from "./words";

/** The job that runs on the node or ran last, whole; and the earlier ones to choose from. */
export default function JobsPanel({ system }: { system: System }) {
  const tasks = useTasksOf(system.Id);
  const running = system.Oem.Lightsout.Task;
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = chosen ?? (running ? idOf(running) : tasks.data?.[0]?.Id);

  if (tasks.isError && shown === undefined)
    return <ErrorPanel title={t("Jobs cannot be shown")} error={tasks.error} retry={() => void tasks.refetch()} />;
  if (tasks.isPending && shown === undefined) return <Loading />;
  if (shown === undefined) {
    return (
      <EmptyState titleText={t("No jobs yet")} headingLevel="h2">
        <EmptyStateBody>
          {t("Reinstalls, rescues and erasures of {{node}} appear here, with their steps and proofs.", {
            node: system.Name,
          })}
        </EmptyStateBody>
      </EmptyState>
    );
  }
  return (
    <div className="lo-jobs">
      <ShownJob key={shown} id={shown} />
      {tasks.data && tasks.data.length > 1 && <JobHistory tasks={tasks.data} shown={shown} onChoose={setChosen} />}
    </div>
  );
}

function ShownJob({ id }: { id: string }) {
  const task = useTask(id);
  if (task.data) return <JobProgress task={task.data} />;
  return task.isError ? (
    <ErrorPanel title={t("The job cannot be shown")} error={task.error} retry={() => void task.refetch()} />
  ) : (
    <Loading />
  );
}

function JobHistory({ tasks, shown, onChoose }: { tasks: Task[]; shown: string; onChoose: (id: string) => void }) {
  return (
    <Card>
      <CardTitle component="h2">{t("All jobs")}</CardTitle>
      <CardBody>
        <ul className="lo-job-list">
          {tasks.map((task) => {
            const look = taskLook(task);
            return (
              <li key={task.Id}>
                <button
                  type="button"
                  className="lo-job-row"
                  aria-current={task.Id === shown}
                  onClick={() => onChoose(task.Id)}
                >
                  <Label status={look.status}>
                    {hasEnded(task) ? look.label : `${look.label} ${percent(task.PercentComplete ?? 0)}`}
                  </Label>
                  <span>{taskTitle(task)}</span>
                  <span className="lo-muted">{task.StartTime && <Ago iso={task.StartTime} />}</span>
                </button>
              </li>
            );
          })}
        </ul>
      </CardBody>
    </Card>
  );
}
