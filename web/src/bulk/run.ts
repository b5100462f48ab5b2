/** One action on many nodes, as it goes on: what has become of each. */
import type { QueryClient } from "@tanstack/react-query";
import { act, followSweep, pause, reinstall, setIdentify, startSweep, type Stagger } from "../api/bulk";
import { ApiError } from "../api/http";
import { allImages } from "../api/library";
import type { System, Task } from "../api/types";
import { emptyDraft, toRequest } from "../reinstall/order";
import { told } from "../words/told";

export type Order =
  | { kind: "power"; type: string }
  | { kind: "identify"; on: boolean }
  | { kind: "reserve"; reason: string; minutes: number | null }
  | { kind: "release"; note: string }
  /** Without an image each gets the one that it has. */
  | { kind: "reinstall"; image: string; keys: string; password: string };

export type ItemState = "waiting" | "running" | "done" | "failed" | "stopped";

export interface Item {
  system: System;
  state: ItemState;
  /** Why it failed, or how far it is, in the service's words. */
  words: string;
  percent?: number;
}

export interface Run {
  key: number;
  order: Order;
  stagger: Stagger;
  items: Item[];
  ended: boolean;
  /** It will not begin with any more of them. */
  stopping: boolean;
}

export type Tell = (id: string, change: Partial<Item>) => void;

/** A power action goes on in the service when the page is closed; nothing else does. */
export const needsThePage = (run: Run) => run.order.kind !== "power" && !run.ended;

export const count = (run: Run, ...states: ItemState[]) =>
  run.items.filter(({ state }) => states.includes(state)).length;

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Resolves when nothing more will happen. */
export async function carryOut(client: QueryClient, run: Run, tell: Tell, stop: AbortSignal): Promise<void> {
  const { order, stagger, items } = run;
  if (order.kind === "power") {
    await sweep(order.type, run, tell, stop);
    return;
  }
  const systems = items.map(({ system }) => system);
  while (systems.length > 0 && !stop.aborted) {
    const batch = systems.splice(0, stagger.size);
    await Promise.all(batch.map((system) => one(client, order, system, tell)));
    if (systems.length > 0 && stagger.seconds > 0) await pause(1000 * stagger.seconds, stop);
  }
  for (const system of systems) tell(system.Id, { state: "stopped" });
}

async function one(client: QueryClient, order: Order, system: System, tell: Tell): Promise<void> {
  tell(system.Id, { state: "running" });
  try {
    await ask(client, order, system, tell);
    tell(system.Id, { state: "done", words: "" });
  } catch (error) {
    tell(system.Id, { state: "failed", words: wordsOf(error) });
  }
}

async function ask(client: QueryClient, order: Order, system: System, tell: Tell): Promise<unknown> {
  switch (order.kind) {
    case "power":
      return;
    case "identify":
      return setIdentify(system, order.on);
    case "reserve":
      return act(system, "Reserve", {
        Reason: order.reason,
        ...(order.minutes !== null && { TimeoutMinutes: order.minutes }),
      });
    case "release":
      return act(system, "Release", order.note === "" ? {} : { Note: order.note });
    case "reinstall": {
      const image = order.image === "" ? (system.Oem.Lightsout.InstalledImage ?? "") : order.image;
      const images = await client.query(allImages);
      const settings = images.find(({ Id }) => Id === image)?.Settings ?? [];
      const draft = { ...emptyDraft(system.Name), image, keys: order.keys, password: order.password };
      return reinstall(client, system, toRequest(draft, settings), (task) =>
        tell(system.Id, { percent: task.PercentComplete ?? 0 }),
      );
    }
  }
}

const STATES: Record<string, ItemState> = {
  Pending: "waiting",
  Running: "running",
  Completed: "done",
  Exception: "failed",
  Cancelled: "stopped",
};

/** The service has the whole of it; the page only looks. Where it cannot look, that says nothing of the nodes. */
async function sweep(type: string, run: Run, tell: Tell, stop: AbortSignal): Promise<void> {
  const show = (nodes: Task[]) => {
    for (const { Id, TaskState, Messages } of nodes) {
      const state = STATES[TaskState] ?? "running";
      const words = state === "failed" ? Messages.map((message) => told(message)).join(" ") : "";
      tell(Id, { state, words });
    }
  };
  let task: string;
  try {
    const paths = run.items.map(({ system }) => system["@odata.id"]);
    task = await startSweep(type, paths, run.stagger);
  } catch (error) {
    for (const { system } of run.items) tell(system.Id, { state: "failed", words: wordsOf(error) });
    return;
  }
  for (;;) {
    try {
      await followSweep(task, show, stop);
      return;
    } catch (error) {
      // The service may be restarting: it goes on with the sweep, and so do we.
      if (!(error instanceof ApiError) || (error.status !== 0 && error.status < 500)) throw error;
      await pause(3000, new AbortController().signal);
    }
  }
}
