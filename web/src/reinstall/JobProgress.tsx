import {
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  CodeBlock,
  CodeBlockCode,
  Content,
  Label,
  LabelGroup,
  Progress,
} from "@patternfly/react-core";
import CheckCircleIcon from "@patternfly/react-icons/dist/esm/icons/check-circle-icon";
import { useState } from "react";
import { useMayOperate } from "../api/session";
import { hasEnded, useCancelTask } from "../api/tasks";
import type { Task } from "../api/types";
import { Alert } from "../shell/Alert";
import { Aloud } from "../shell/Aloud";
import { BarredButton } from "../shell/BarredButton";
import { useNotices } from "../shell/Notices";
import { bytes, moment, time } from "../words/format";
import { t } from "../words/i18n";
import { CancelDialog } from "./CancelDialog";
import { JobFacts } from "./JobFacts";
import { Steps } from "./Steps";
import { proofWords, splitMessage, stepWords, taskLook, taskTitle } from "./words";

const BAR_LOOK: Record<string, "success" | "danger" | "warning"> = {
  Completed: "success",
  Exception: "danger",
  Cancelled: "warning",
};

interface JobProgressProps {
  task: Task;
  /** Asks for the same once more; undefined where that cannot be. */
  onAgain?: () => void;
  /** What keeps a job from beginning on its node now; empty where nothing does. */
  bar: string;
}

/** A job, whole: where it is, what it has shown, and why it failed if it did. */
export function JobProgress({ task, onAgain, bar }: JobProgressProps) {
  const { failed } = useNotices();
  const cancel = useCancelTask();
  const mayOperate = useMayOperate();
  const [asking, setAsking] = useState(false);
  const ours = task.Oem?.Lightsout;
  const look = taskLook(task);
  const title = taskTitle(task);
  return (
    <Card data-testid="job" data-state={task.TaskState}>
      <CardHeader
        actions={{
          actions: hasEnded(task) ? (
            onAgain && (
              <BarredButton variant="secondary" bar={bar} onClick={onAgain}>
                {t("Again with the same choices…")}
              </BarredButton>
            )
          ) : (
            <Button
              variant="secondary"
              isDanger
              isDisabled={!mayOperate || cancel.isPending || task.TaskState === "Cancelling"}
              onClick={() => setAsking(true)}
            >
              {t("Cancel the job…")}
            </Button>
          ),
        }}
      >
        <CardTitle component="h2">
          {title} <Label status={look.status}>{look.label}</Label>
        </CardTitle>
      </CardHeader>
      <CardBody>
        <Progress
          value={task.PercentComplete ?? 0}
          title={stepWords(ours?.Step ?? "")}
          aria-label={t("{{job}}: progress", { job: title })}
          {...(BAR_LOOK[task.TaskState] && { variant: BAR_LOOK[task.TaskState] })}
        />
        <Aloud
          words={`${stepWords(ours?.Step ?? "")}: ${look.label}`}
          phase={`${ours?.Step ?? ""} ${task.TaskState}`}
        />
        <p className="lo-muted lo-now">
          {[
            task.TaskState === "Exception" ? "" : ours?.StepMessage,
            ours?.BytesTotal && task.TaskState !== "Completed"
              ? t("{{done}} of {{total}}", { done: bytes(ours.BytesDone ?? 0), total: bytes(ours.BytesTotal) })
              : "",
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
        {task.TaskState === "Exception" && <Failure task={task} />}
        <JobFacts task={task} />
        <div className="lo-job-columns">
          <Steps task={task} />
          <div>
            <Proofs proofs={ours?.Proofs ?? []} />
            <Content component="h3">{t("Messages")}</Content>
            <ol className="lo-messages" aria-label={t("Messages")}>
              {task.Messages.map((message, index) => (
                <JobMessage key={index} message={message.Message} />
              ))}
            </ol>
            <p className="lo-muted">
              {task.EndTime
                ? t("Started {{start}}, ended {{end}}", { start: moment(task.StartTime), end: moment(task.EndTime) })
                : t("Started {{start}}", { start: moment(task.StartTime) })}{" "}
              {ours?.Account && t("by {{account}}", { account: ours.Account })}
            </p>
          </div>
        </div>
      </CardBody>
      {asking && (
        <CancelDialog
          title={title}
          onClose={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            cancel.mutate(task, { onError: (error) => failed(t("The job was not cancelled"), error) });
          }}
        />
      )}
    </Card>
  );
}

function Proofs({ proofs }: { proofs: string[] }) {
  if (proofs.length === 0) return null;
  return (
    <LabelGroup categoryName={t("Proofs")} numLabels={10}>
      {proofs.map((proof) => (
        <Label key={proof} color="green" icon={<CheckCircleIcon />}>
          {proofWords(proof)}
        </Label>
      ))}
    </LabelGroup>
  );
}

function JobMessage({ message }: { message: string }) {
  const { at, text } = splitMessage(message);
  return (
    <li>
      {at !== undefined && <span className="lo-muted">{time(at)}</span>} {text}
    </li>
  );
}

function Failure({ task }: { task: Task }) {
  const ours = task.Oem?.Lightsout;
  const last = splitMessage(task.Messages.at(-1)?.Message ?? t("The job failed")).text;
  const why = ours?.StepMessage ?? last;
  const tail = ours?.ConsoleTail;
  return (
    <>
      <Alert variant="danger" isInline component="p" title={why} data-testid="job-failure" />
      {tail && (
        <CodeBlock className="lo-tail" tabIndex={0} role="group" aria-label={t("What the serial console showed last")}>
          <CodeBlockCode>{tail}</CodeBlockCode>
        </CodeBlock>
      )}
    </>
  );
}
