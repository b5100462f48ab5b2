/** How power states and actions are called, and which actions cost the operator something. Whether one is possible the service says. */
import { idOf } from "../api/http";
import type { Condition, Health, System } from "../api/types";
import { named, t, type Message } from "../words/i18n";
import { sentence, told } from "../words/told";

interface ActionWords<Text = string> {
  label: Text;
  /** What it does, for a menu. */
  hint: Text;
  /** What may come of it; an action that has this asks first. */
  danger?: Text;
  /** Nothing in the node is asked: data may be lost. */
  harsh?: boolean;
}

/** In the order a menu shows them: the gentle ones first. */
const ACTIONS: Record<string, ActionWords<Message>> = {
  On: { label: "Power on", hint: "Start the node" },
  GracefulShutdown: {
    label: "Shut down",
    hint: "Ask the operating system to shut down",
    danger: "The operating system is asked to stop all services and power off.",
  },
  GracefulRestart: {
    label: "Restart",
    hint: "Shut down, then power on again",
    danger: "The operating system is asked to shut down, and the node is then powered on again.",
  },
  PushPowerButton: {
    label: "Press the power button",
    hint: "As a finger on the front panel would",
    danger: "What follows depends on the node’s own settings.",
  },
  ForceRestart: {
    label: "Reset",
    hint: "Hardware reset, without asking the operating system",
    danger: "The node is reset at once. Data that is not yet on disk is lost.",
    harsh: true,
  },
  PowerCycle: {
    label: "Power cycle",
    hint: "Cut the power, then power on again",
    danger: "Power is cut at once and then restored. Data that is not yet on disk is lost.",
    harsh: true,
  },
  ForceOff: {
    label: "Force off",
    hint: "Cut the power, without asking the operating system",
    danger: "Power is cut at once. Data that is not yet on disk is lost.",
    harsh: true,
  },
  Nmi: {
    label: "Send NMI",
    hint: "Diagnostic interrupt: most systems crash, with a dump",
    danger: "Most operating systems crash on it and write a dump. Data that is not yet on disk is lost.",
    harsh: true,
  },
};
const ORDER = Object.keys(ACTIONS);

export function actionWords(type: string): ActionWords {
  const words = ACTIONS[type];
  if (words === undefined) return { label: type, hint: "", danger: t("Lightsout’s page does not know this action.") };
  return {
    ...words,
    label: t(words.label),
    hint: t(words.hint),
    ...(words.danger && { danger: t(words.danger) }),
  };
}

export type PowerLook = "on" | "off" | "changing" | "unknown";

const STATES: Record<string, { label: Message; look: PowerLook }> = {
  On: { label: "On", look: "on" },
  Off: { label: "Off", look: "off" },
  PoweringOn: { label: "Powering on", look: "changing" },
  PoweringOff: { label: "Powering off", look: "changing" },
};

export function powerWords(state: string | null): { label: string; look: PowerLook } {
  const { label, look } = STATES[state ?? ""] ?? { label: "Unknown", look: "unknown" };
  return { label: t(label), look };
}

const CAUSES: Record<string, Message> = {
  command: "by command",
  "guest-shutdown": "the guest shut down",
  "guest-reset": "the guest restarted",
  "host-reset": "it was reset",
  "guest-panic": "the guest panicked",
  "disk-error": "a disk error",
  "process-died": "its process died",
  watchdog: "the watchdog",
  "mains-lost": "the host lost its power or was restarted",
  "restore-policy": "its power restore policy",
};

/** Why the power state is what it is; empty where nobody knows more than that it was seen. */
export const causeWords = (cause: string) => named(CAUSES, cause, "");

/** What is wrong, and with what of the node. */
export function conditionWords(condition: Condition, system: System): string {
  const sensor = condition.OriginOfCondition && idOf(condition.OriginOfCondition);
  return told(condition, { node: system.Name, sensor });
}

/** Why the power state is unknown or the health is not OK, in the service's words. */
export function reasonOf(system: System): string {
  const sources = [
    ...(system["PowerState@Message.ExtendedInfo"] ?? []).map((info) => told(info)),
    ...(system.Status.Conditions ?? []).map((condition) => conditionWords(condition, system)),
    system.Oem.Lightsout.Reason ?? "",
  ];
  return [...new Set(sources.filter((text) => text !== ""))].join(" ");
}

/** What the service says that helps where the power state is unknown. */
export function remedyOf(system: System): string {
  const remedies = (system["PowerState@Message.ExtendedInfo"] ?? []).map((info) => sentence(info.Resolution ?? ""));
  return [...new Set(remedies.filter((text) => text !== ""))].join(" ");
}

/** Who has reserved the node, and why; empty where nobody has. */
export function heldWords(system: System): string {
  const reservation = system.Oem.Lightsout.Reservation;
  if (!reservation) return "";
  const { Holder: holder, Reason: reason } = reservation;
  return t("{{holder}} has reserved this node: {{reason}}", { holder, reason });
}

/** Whether a person can say what the power state is. */
export function canConfirm(system: System): boolean {
  return system.PowerState === null && system.Actions?.Oem["#Lightsout.ConfirmPower"] !== undefined;
}

/** The node’s health with that of its sensors and parts. */
export const healthOf = (system: System): Health => system.Status.HealthRollup ?? system.Status.Health ?? "OK";

/** Whether an operator should look at this node first. */
export function needsAttention(system: System): boolean {
  return system.PowerState === null || healthOf(system) !== "OK" || system.Oem.Lightsout.Paused;
}

/** What this node is able to do, and which of it makes sense now: both as the service says. */
export function resetTypes(system: System): { type: string; available: boolean }[] {
  const all = system.Actions?.["#ComputerSystem.Reset"]?.["ResetType@Redfish.AllowableValues"] ?? [];
  const now = system.Oem.Lightsout.AvailableResetTypes;
  return [...all]
    .sort((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other))
    .map((type) => ({ type, available: now.includes(type) }));
}
