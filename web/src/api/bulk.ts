/** One action on many nodes: power by the service's own sweep, everything else by a request for each node. */
import type { QueryClient } from "@tanstack/react-query";
import { get, patch, post } from "./http";
import { hasEnded, taskKey } from "./tasks";
import type { ActionTarget, ReinstallBody, System, Task } from "./types";

const RESET = "/redfish/v1/AggregationService/Actions/AggregationService.Reset";
const LOOK_MS = 1500;

export interface Stagger {
  /** How many nodes at a time. */
  size: number;
  /** Seconds between one batch and the next. */
  seconds: number;
}

export const pause = (milliseconds: number, cut?: AbortSignal) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds);
    cut?.addEventListener("abort", () => resolve(), { once: true });
  });

/** What the system offers beside its power. */
export const offered = (system: System, name: string) =>
  (system.Actions?.Oem as Record<string, ActionTarget | undefined> | undefined)?.[`#Lightsout.${name}`];

export const act = (system: System, name: string, body: unknown) =>
  post<Task>(offered(system, name)?.target ?? "", body);

export const setIdentify = (system: System, on: boolean) => patch(system["@odata.id"], { LocationIndicatorActive: on });

/** Starts a power action on all of them; the service goes on with it alone. */
export async function startSweep(type: string, systems: System[], { size, seconds }: Stagger): Promise<Task> {
  const paths = systems.map((system) => system["@odata.id"]);
  const order = { ResetType: type, TargetURIs: paths, BatchSize: size, DelayBetweenBatchesInSeconds: seconds };
  return (await post<Task>(RESET, order)).body;
}

/** Starts a reinstall and resolves when it has ended. :throws Error in the job's own words, if it failed. */
export async function reinstall(
  client: QueryClient,
  system: System,
  order: ReinstallBody,
  tell: (task: Task) => void,
): Promise<void> {
  let task = (await act(system, "Reinstall", order)).body;
  while (!hasEnded(task)) {
    tell(task);
    await pause(LOOK_MS);
    task = await get<Task>(task["@odata.id"]);
    client.setQueryData(taskKey(task.Id), task);
  }
  if (task.TaskState !== "Completed") throw new Error(task.Oem?.Lightsout.StepMessage ?? task.TaskState);
}
