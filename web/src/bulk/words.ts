/** How actions on many nodes are called, and how each node's part in one went. */
import type { Stagger } from "../api/bulk";
import { actionWords } from "../power/words";
import { t, type Message } from "../words/i18n";
import type { Item, ItemState, Order, Run } from "./run";

export type Choice =
  | { kind: "power"; type: string }
  | { kind: "identify"; on: boolean }
  | { kind: "reserve" }
  | { kind: "release" }
  | { kind: "reinstall" };
type Held = "reserve" | "release" | "reinstall";

const HELD: Record<Held, { label: Message; does: Message }> = {
  reserve: { label: "Reserve", does: "Nobody else can change these nodes until they are released." },
  release: { label: "Release", does: "Others can change these nodes again." },
  reinstall: {
    label: "Reinstall",
    does: "Each node is powered off at once and its disk is overwritten. There is no way back.",
  },
};

export function choiceWords(choice: Choice | Order): string {
  if (choice.kind === "power") return actionWords(choice.type).label;
  if (choice.kind === "identify") return choice.on ? t("Identify light on") : t("Identify light off");
  return t(HELD[choice.kind].label);
}

/** What it is, and whose if it is another's than the account that looks. */
export function runTitle({ order, by }: Run, account: string | undefined): string {
  const action = choiceWords(order);
  return by === undefined || by === account ? action : t("{{action}} by {{account}}", { action, account: by });
}

/** What comes of it, for whoever must confirm it. */
export function effectWords(choice: Choice): string {
  if (choice.kind === "power") {
    const { danger, hint } = actionWords(choice.type);
    return danger ?? hint;
  }
  return choice.kind === "identify" ? t("So that a person finds them in the rack.") : t(HELD[choice.kind].does);
}

/** Whether data may be lost. */
export const destroys = (choice: Choice) =>
  choice.kind === "reinstall" || (choice.kind === "power" && actionWords(choice.type).harsh === true);

/** Whether the confirmation is typed: where data may be lost, or many who use the nodes lose them. */
export const isTyped = (choice: Choice, number: number) =>
  destroys(choice) || (number > 1 && choice.kind === "power" && actionWords(choice.type).danger !== undefined);

/** What draws current when it begins comes slowly, so that a rack's breaker holds. */
export function usualStagger(choice: Choice): Stagger {
  if (choice.kind === "reinstall") return { size: 2, seconds: 0 };
  if (choice.kind !== "power") return { size: 10, seconds: 0 };
  return /Off|Shutdown|Nmi/.test(choice.type) ? { size: 10, seconds: 1 } : { size: 5, seconds: 10 };
}

const STATES: Record<ItemState, Message> = {
  waiting: "Not begun",
  running: "Under way",
  done: "Done",
  failed: "Failed",
  unknown: "Nobody knows whether it was done: look at the node",
  stopped: "Stopped before it began",
};

export const stateWords = ({ state }: Item) => t(STATES[state]);
