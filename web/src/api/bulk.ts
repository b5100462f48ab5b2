/** One action on many nodes: power by the service's own sweep, everything else by a request for each node. */
import type { QueryClient } from "@tanstack/react-query";
import { ApiError, get, invoke, patch, post } from "./http";
import { PATHS } from "./paths";
import { pause } from "./pause";
import { hasEnded, taskKey } from "./tasks";
import type { ActionTarget, ReinstallBody, System, Task } from "./types";

const LOOK_MS = 1500;

export interface Stagger {
  /** How many nodes at a time. */
  size: number;
  /** Seconds between one batch and the next. */
  seconds: number;
}

/** What the system offers beside its power. */
export const offered = (system: System, name: string) =>
  (system.Actions?.Oem as Record<string, ActionTarget | undefined> | undefined)?.[`#Lightsout.${name}`];

export const act = (system: System, name: string, body: unknown) => invoke<Task>(offered(system, name), body);

export const setIdentify = (system: System, on: boolean) => patch(system["@odata.id"], { LocationIndicatorActive: on });

/** Starts a power action on all of them; the service goes on with it alone. */
export async function startSweep(type: string, systems: System[], { size, seconds }: Stagger): Promise<Task> {
  const paths = systems.map((system) => system["@odata.id"]);
  const order = { ResetType: type, TargetURIs: paths, BatchSize: size, DelayBetweenBatchesInSeconds: seconds };
  return (await post<Task>(PATHS.sweep, order)).body;
}

/** It may have been done, or may not: it is not asked for again before a person has looked. */
export class OutcomeUnknown extends Error {}

/** Whether the same question may get an answer later: the service is away, or wants to know who asks. */
const passes = (error: unknown) =>
  error instanceof ApiError && (error.status === 0 || error.status === 401 || error.status >= 502);

/** Reads until the service answers; `held` hears why it does not yet. :throws ApiError a refusal, or when it is cut. */
export async function getPatiently<T>(path: string, held: (why: string) => void, cut?: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await get<T>(path);
    } catch (error) {
      if (!passes(error) || cut?.aborted) throw error;
      held((error as ApiError).message);
      await pause(LOOK_MS, cut);
    }
  }
}

/** What a request that starts something comes to if nobody took it for sure. */
function unlessRefused(error: unknown): never {
  if (error instanceof ApiError && [0, 500, 502, 504].includes(error.status)) throw new OutcomeUnknown(error.message);
  throw error;
}

/**
 * Starts a reinstall and resolves when it has ended; `held` hears why nothing is heard of it for a while.
 *
 * :throws Error in the job's own words, if it failed. :throws OutcomeUnknown
 */
export async function reinstall(
  client: QueryClient,
  system: System,
  order: ReinstallBody,
  tell: (task: Task) => void,
  held: (why: string) => void,
): Promise<void> {
  let task = await act(system, "Reinstall", order).catch(unlessRefused);
  while (!hasEnded(task)) {
    tell(task);
    await pause(LOOK_MS);
    task = await getPatiently<Task>(task["@odata.id"], held).catch((error: unknown) => {
      throw new OutcomeUnknown((error as Error).message);
    });
    client.setQueryData(taskKey(task.Id), task);
  }
  if (task.TaskState !== "Completed") throw new Error(task.Oem?.Lightsout.StepMessage ?? task.TaskState);
}
