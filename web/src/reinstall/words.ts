/** How a job's state and steps are called. */
import { idOf } from "../api/http";
import type { Task } from "../api/types";
import { actionWords } from "../power/words";
import { capitalised } from "../words/format";
import { named, t, type Message } from "../words/i18n";

type LabelStatus = "success" | "danger" | "warning" | "info";

const LOOKS: Record<string, { label: Message; status: LabelStatus }> = {
  New: { label: "Waiting", status: "info" },
  Starting: { label: "Starting", status: "info" },
  Running: { label: "Running", status: "info" },
  Cancelling: { label: "Being cancelled", status: "warning" },
  Completed: { label: "Done", status: "success" },
  Exception: { label: "Failed", status: "danger" },
  Cancelled: { label: "Cancelled", status: "warning" },
};

export function taskLook(task: Task): { label: string; status: LabelStatus } {
  const look = LOOKS[task.TaskState];
  return look === undefined ? { label: task.TaskState, status: "info" } : { label: t(look.label), status: look.status };
}

const KINDS: Record<string, { kind: Message; title: Message }> = {
  reinstall: { kind: "Reinstall", title: "Reinstall of {{node}}" },
  rescue: { kind: "Rescue", title: "Rescue of {{node}}" },
  erase: { kind: "Erase", title: "Erase of {{node}}" },
  inspect: { kind: "Inspect", title: "Inspect of {{node}}" },
};

/** Of the service itself, or of many nodes. */
const OF_NO_NODE: Record<string, Message> = { import: "Import", power: "Power" };

const STEPS: Record<string, Message> = {
  "wait for turn": "Wait for turn",
  "power off": "Power off",
  "insert medium": "Insert medium",
  "offer boot script": "Offer boot script",
  "boot once": "Boot once",
  "power on": "Power on",
  "check in": "Check in",
  "choose disk": "Choose disk",
  erase: "Erase",
  write: "Write",
  verify: "Verify",
  seed: "Seed",
  inspect: "Inspect",
  rescue: "Rescue",
  "shut down": "Shut down",
  eject: "Eject",
  "withdraw boot script": "Withdraw boot script",
  start: "Start",
  proof: "Proof",
};

/** How the new system has shown that it runs. */
const PROOFS: Record<string, Message> = {
  "serial-nonce": "Serial nonce",
  "phone-home": "Phone home",
  "ssh-login": "Ssh login",
};

const METHODS: Record<string, Message> = { Metadata: "Metadata", Full: "Full", Discard: "Discard" };

/** "force-off" → "Force off": what stands in no table is read as it is. */
const readable = (name: string) => capitalised(name.replaceAll(/[-_]/g, " "));

export const stepWords = (step: string) => named(STEPS, step, readable(step));
export const proofWords = (proof: string) => named(PROOFS, proof, readable(proof));
export const methodWords = (method: string) => named(METHODS, method, readable(method));

export function kindWords(kind: string): string {
  return named(OF_NO_NODE, kind, KINDS[kind] === undefined ? capitalised(kind) : t(KINDS[kind].kind));
}

export function taskTitle(task: Task): string {
  const ours = task.Oem?.Lightsout;
  const words = KINDS[ours?.Kind ?? ""];
  if (words !== undefined && ours?.System) return t(words.title, { node: idOf(ours.System) });
  if (words !== undefined && ours?.FormerSystem)
    return t("{{title}} (removed since)", { title: t(words.title, { node: ours.FormerSystem }) });
  const { image, medium, action } = ours?.Request ?? {};
  if (ours?.Kind === "import") return t("Import of {{name}}", { name: medium ?? image ?? "" });
  if (ours?.Kind === "power") return t("{{action}} on many nodes", { action: actionWords(action ?? "").label });
  return capitalised(task.Name);
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
