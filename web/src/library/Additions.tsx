import { Button, Card, CardBody, Progress } from "@patternfly/react-core";
import { useRef, useState } from "react";
import { nameOf, useAdditions, type Shelf } from "../api/library";
import { hasEnded, useCancelTask, useTask } from "../api/tasks";
import type { Task } from "../api/types";
import { Aloud } from "../shell/Aloud";
import { useNotices } from "../shell/Notices";
import { bytes } from "../words/format";
import { named, t, type Message } from "../words/i18n";
import { uploads, useUpload, type Upload } from "./uploads";

/** What is being added, with its progress, and what was tried in the last day and failed. */
export function Additions({ shelf }: { shelf: Shelf }) {
  const tasks = useAdditions(shelf);
  const [dismissed, setDismissed] = useState<string[]>([]);
  const shown = tasks.filter((task) => !dismissed.includes(task.Id));
  if (shown.length === 0) return null;
  return (
    <Card>
      <CardBody>
        <ul className="lo-additions" aria-label={t("Being added")}>
          {shown.map((task) => (
            <Addition
              key={task.Id}
              known={task}
              name={nameOf(task, shelf) ?? ""}
              onDismiss={() => {
                uploads.forget(task.Id);
                setDismissed((ids) => [...ids, task.Id]);
              }}
            />
          ))}
        </ul>
      </CardBody>
    </Card>
  );
}

interface AdditionProps {
  /** As the list has it; the task itself is followed. */
  known: Task;
  name: string;
  onDismiss: () => void;
}

function Addition({ known, name, onDismiss }: AdditionProps) {
  const task = useTask(known.Id).data ?? known;
  const upload = useUpload(task.Id);
  const cancel = useCancelTask();
  const { failed } = useNotices();
  const over = hasEnded(task);
  const ours = task.Oem?.Lightsout;
  const broken = over ? task.TaskState === "Exception" : upload?.phase === "failed";
  return (
    <li data-testid={`adding-${name}`} data-phase={over ? task.TaskState : (upload?.phase ?? "task")}>
      <Progress
        value={percentOf(task, upload)}
        title={name}
        aria-label={t("Adding {{name}}", { name })}
        {...(broken && { variant: "danger" as const })}
      />
      <p className="lo-muted lo-now">{said(task, upload)}</p>
      <Aloud words={said(task, upload)} phase={`${task.TaskState} ${ours?.Step ?? ""} ${upload?.phase ?? ""}`} />
      <div className="lo-row-actions">
        {!over && <UploadButtons task={task} upload={upload} name={name} />}
        {over ? (
          <Button variant="link" isInline onClick={onDismiss}>
            {t("Dismiss")}
          </Button>
        ) : (
          <Button
            variant="link"
            isInline
            isDanger
            isDisabled={cancel.isPending || task.TaskState === "Cancelling"}
            aria-label={t("Cancel adding {{name}}", { name })}
            onClick={() => {
              uploads.forget(task.Id);
              cancel.mutate(task, { onError: (error) => failed(t("The job was not cancelled"), error) });
            }}
          >
            {t("Cancel")}
          </Button>
        )}
      </div>
    </li>
  );
}

function UploadButtons({ task, upload, name }: { task: Task; upload: Upload | undefined; name: string }) {
  const input = useRef<HTMLInputElement>(null);
  if (!task.Oem?.Lightsout.UploadURI) return null;
  switch (upload?.phase) {
    case "sending":
    case "lost":
      return (
        <Button variant="link" isInline onClick={() => uploads.pause(task.Id)}>
          {t("Pause")}
        </Button>
      );
    case "paused":
      return (
        <Button variant="link" isInline onClick={() => uploads.resume(task.Id)}>
          {t("Go on")}
        </Button>
      );
    case "checking":
    case "sent":
      return null;
    default:
      return (
        <>
          <input
            ref={input}
            type="file"
            className="lo-hidden-file"
            aria-label={t("The file whose upload as {{name}} goes on", { name })}
            tabIndex={-1}
            onChange={({ target }) => {
              const file = target.files?.[0];
              if (file) void uploads.goOn(task, file);
              target.value = "";
            }}
          />
          <Button variant="link" isInline onClick={() => input.current?.click()}>
            {t("Choose the file again…")}
          </Button>
        </>
      );
  }
}

function percentOf(task: Task, upload: Upload | undefined): number {
  if (upload && upload.phase !== "sent") return Math.floor((100 * upload.done) / Math.max(1, upload.total));
  const { BytesDone: done, BytesTotal: total } = task.Oem?.Lightsout ?? {};
  return task.Oem?.Lightsout.UploadURI && total ? Math.floor((100 * (done ?? 0)) / total) : (task.PercentComplete ?? 0);
}

const DOING: Record<string, Message> = {
  receive: "Receiving it",
  convert: "Converting it",
  add: "Putting it into the list",
};

function said(task: Task, upload: Upload | undefined): string {
  const ours = task.Oem?.Lightsout;
  if (hasEnded(task)) return ours?.StepMessage ?? t("The job failed");
  const total = upload?.total ?? ours?.BytesTotal ?? ours?.Request.file_size ?? 0;
  const values = { done: bytes(upload?.done ?? ours?.BytesDone ?? 0), total: bytes(total) };
  switch (ours?.UploadURI ? (upload?.phase ?? "elsewhere") : "") {
    case "checking":
      return t("Checking whether it is the same file: {{done}} of {{total}}", values);
    case "sending":
      return t("Uploading: {{done}} of {{total}}. Keep this tab open.", values);
    case "paused":
      return t("Paused: {{done}} of {{total}} are there. It must go on within an hour.", values);
    case "lost":
      return t("{{why}}: {{done}} of {{total}} are there. It goes on by itself.", {
        why: upload?.why ?? "",
        ...values,
      });
    case "failed":
      return upload?.why ?? "";
    case "elsewhere":
      return t("Waits for the rest of its file: {{done}} of {{total}} are there.", values);
  }
  const step = named(DOING, ours?.Step ?? "", t("Waiting"));
  return total > 0 ? `${step}: ${t("{{done}} of {{total}}", values)}` : step;
}
