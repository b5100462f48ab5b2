/** How a job's state and steps are called. */
import type { Task } from "../api/types";
import { capitalised } from "../words/format";

type LabelStatus = "success" | "danger" | "warning" | "info";

const LOOKS: Record<string, { label: string; status: LabelStatus }> = {
  New: { label: "Waiting", status: "info" },
  Starting: { label: "Starting", status: "info" },
  Running: { label: "Running", status: "info" },
  Cancelling: { label: "Being cancelled", status: "warning" },
  Completed: { label: "Done", status: "success" },
  Exception: { label: "Failed", status: "danger" },
  Cancelled: { label: "Cancelled", status: "warning" },
};

export function taskLook(task: Task): { label: string; status: LabelStatus } {
  return LOOKS[task.TaskState] ?? { label: task.TaskState, status: "info" };
}

/** "force-off" → "Force off". */
export function stepWords(step: string): string {
  return capitalised(step.replaceAll(/[-_]/g, " "));
}

export function taskTitle(task: Task): string {
  return capitalised(task.Name ?? `Job ${task.Id}`);
}

/** A message of a job; the service puts the time before it. */
export function splitMessage(text: string): { at: string | undefined; text: string } {
  const [, at, rest] = /^(\d{4}-\d\d-\d\dT\S+) (.*)$/s.exec(text) ?? [];
  return { at, text: rest ?? text };
}

export type StepState = "done" | "current" | "failed" | "pending";

/** How far each step of a job has come. */
export function stepStates(task: Task): { step: string; state: StepState }[] {
  const ours = task.Oem?.Lightsout;
  const steps = ours?.Steps ?? [];
  const current = steps.indexOf(ours?.Step ?? "");
  const completed = task.TaskState === "Completed";
  const broken = task.TaskState === "Exception" || task.TaskState === "Cancelled";
  return steps.map((step, index) => {
    if (completed || index < current) return { step, state: "done" };
    if (index > current) return { step, state: "pending" };
    return { step, state: broken ? "failed" : "current" };
  });
}
