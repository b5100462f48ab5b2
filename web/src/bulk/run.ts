/** One action on many nodes, as it goes on: what has become of each. */
import type { QueryClient } from "@tanstack/react-query";
import { act, getPatiently, OutcomeUnknown, reinstall, setIdentify, type Stagger } from "../api/bulk";
import { ApiError, get } from "../api/http";
import { allImages } from "../api/library";
import { pause } from "../api/pause";
import { SESSION } from "../api/session";
import type { Session, System } from "../api/types";
import { emptyDraft, toRequest } from "../reinstall/order";

/** What the page itself asks of node after node. */
export type PageOrder =
  | { kind: "identify"; on: boolean }
  | { kind: "reserve"; reason: string; minutes: number | null }
  | { kind: "release"; note: string }
  /** Without an image each gets the one that it has. */
  | { kind: "reinstall"; image: string; keys: string; password: string };
export type Order = { kind: "power"; type: string } | PageOrder;

/** `unknown`: it may have been done, or may not. */
export type ItemState = "waiting" | "running" | "done" | "failed" | "unknown" | "stopped";

export interface Item {
  /** The node's name. */
  id: string;
  state: ItemState;
  /** Why it failed, or how far it is, in the service's words. */
  words: string;
  percent?: number;
  /** The service does not answer: nothing is heard of this one, and no other begins. */
  held?: boolean;
}

export interface Run {
  key: string;
  /** The account that has begun it; of what the page carries out, whoever is at the page. */
  by?: string;
  order: Order;
  stagger: Stagger;
  items: Item[];
  ended: boolean;
  /** It will not begin with any more of them. */
  stopping: boolean;
}

export type Tell = (id: string, change: Partial<Item>) => void;

/** What nobody knows of is not repeated: it may be done already. */
export const wantsAnotherTry = ({ state }: Item) => state === "failed" || state === "stopped";

export const count = (run: Run, ...states: ItemState[]) =>
  run.items.filter(({ state }) => states.includes(state)).length;

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Resolves when nothing more will happen. */
export async function carryOut(
  client: QueryClient,
  order: PageOrder,
  systems: System[],
  stagger: Stagger,
  tell: Tell,
  stop: AbortSignal,
): Promise<void> {
  const account = client.getQueryData<Session | null>(SESSION)?.account;
  const left = [...systems];
  while (left.length > 0) {
    if (left[0]) await untilThere(left[0], tell, stop);
    if (stop.aborted || !(await isStill(account))) break;
    const batch = left.splice(0, stagger.size);
    await Promise.all(batch.map((system) => one(client, order, system, account, tell, stop)));
    if (left.length > 0 && stagger.seconds > 0) await pause(1000 * stagger.seconds, stop);
  }
  for (const system of left) tell(system.Id, { state: "stopped", words: "", held: false });
}

/** An outage, or a session that has ended, costs no node its turn. */
async function untilThere({ Id, "@odata.id": path }: System, tell: Tell, stop: AbortSignal): Promise<void> {
  try {
    await getPatiently(path, (words) => tell(Id, { held: true, words }), stop);
  } catch {
    // A refusal is an answer; the request itself will be told it, too.
  }
}

/** Whether `account` is signed in, and nobody else by another tab of the browser: what goes on is done in its name. */
async function isStill(account: string | undefined): Promise<boolean> {
  if (account === undefined) return true;
  try {
    return (await get<Pick<Session, "account">>("/session")).account === account;
  } catch {
    return true; // the request itself will be told why
  }
}

async function one(
  client: QueryClient,
  order: PageOrder,
  system: System,
  account: string | undefined,
  tell: Tell,
  stop: AbortSignal,
): Promise<void> {
  tell(system.Id, { state: "running", held: false, words: "" });
  try {
    await ask(client, order, system, tell);
    tell(system.Id, { state: "done", held: false, words: "" });
  } catch (error) {
    // Who is not signed in was not listened to: nothing has been done.
    if (error instanceof ApiError && error.status === 401 && !stop.aborted) {
      await untilThere(system, tell, stop);
      if (await isStill(account)) return one(client, order, system, account, tell, stop);
      tell(system.Id, { state: "stopped", held: false, words: "" });
      return;
    }
    const state = error instanceof OutcomeUnknown ? "unknown" : "failed";
    tell(system.Id, { state, held: false, words: wordsOf(error) });
  }
}

async function ask(client: QueryClient, order: PageOrder, system: System, tell: Tell): Promise<unknown> {
  switch (order.kind) {
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
      return reinstall(
        client,
        system,
        toRequest(draft, settings),
        (task) => tell(system.Id, { percent: task.PercentComplete ?? 0, held: false, words: "" }),
        (words) => tell(system.Id, { held: true, words }),
      );
    }
  }
}
