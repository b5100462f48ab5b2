import { EmptyState, EmptyStateBody } from "@patternfly/react-core";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { hasEnded, useTask, useTasksOf } from "../api/tasks";
import { idOf } from "../api/http";
import type { JobRequest, System, Task } from "../api/types";
import { useJobBar } from "../node/useJobBar";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { lazyDialog } from "../shell/lazyDialog";
import { Unread } from "../shell/Unread";
import { t } from "../words/i18n";
import { JobConsole } from "./JobConsole";
import { JobHistory } from "./JobHistory";
import { JobProgress } from "./JobProgress";
import { fromJob } from "./order";
import "./reinstall.css";

const ReinstallWizard = lazyDialog(() => import("./ReinstallWizard"));

/** The job that runs on the node or ran last, whole; and the earlier ones to choose from. */
export default function JobsPanel({ system }: { system: System }) {
  const tasks = useTasksOf(system);
  const running = system.Oem.Lightsout.Task;
  // In the address, so that what tells of a job can lead to it.
  const [search, setSearch] = useSearchParams();
  const chosen = search.get("job");
  const [again, setAgain] = useState<JobRequest | null>(null);
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
      <ShownJob
        key={shown}
        id={shown}
        listed={tasks.data?.find(({ Id }) => Id === shown)}
        system={system}
        onAgain={setAgain}
      />
      {tasks.isError && !tasks.data && <Unread of={tasks} />}
      {tasks.data && tasks.data.length > 0 && (
        <JobHistory tasks={tasks.data} shown={shown} onChoose={(job) => setSearch({ job }, { replace: true })} />
      )}
      {again && (
        <ReinstallWizard
          system={system}
          again={fromJob(again, system.Name)}
          onClose={() => setAgain(null)}
          onStarted={() => {
            setAgain(null);
            setSearch({}, { replace: true });
          }}
        />
      )}
    </div>
  );
}

interface ShownJobProps {
  id: string;
  listed: Task | undefined;
  system: System;
  onAgain: (request: JobRequest) => void;
}

function ShownJob({ id, listed, system, onAgain }: ShownJobProps) {
  const task = useTask(id, listed);
  const bar = useJobBar(system);
  if (task.data) {
    const { data } = task;
    const request = data.Oem?.Lightsout.Kind === "reinstall" ? data.Oem.Lightsout.Request : undefined;
    const mayAgain = hasEnded(data) && request && system.Actions?.Oem["#Lightsout.Reinstall"];
    return (
      <div className="lo-job-live">
        <JobProgress task={data} bar={bar} {...(mayAgain && { onAgain: () => onAgain(request) })} />
        {!hasEnded(data) && <JobConsole system={system} />}
      </div>
    );
  }
  return task.isError ? (
    <ErrorPanel title={t("The job cannot be shown")} error={task.error} retry={() => void task.refetch()} />
  ) : (
    <Loading />
  );
}
