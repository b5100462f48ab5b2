/** Jobs (Redfish tasks). */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, idOf, members, remove } from "./http";
import { memberPath, PATHS } from "./paths";
import { equal } from "./query";
import type { System, Task } from "./types";

const ENDED = new Set(["Completed", "Exception", "Cancelled", "Killed", "Interrupted"]);
export const TASKS = ["tasks"] as const;
export const taskKey = (id: string) => ["task", id] as const;

export const hasEnded = (task: Task) => ENDED.has(task.TaskState);

/** A job; until it comes, as a list has told of it. */
export function useTask(id: string | undefined, listed?: Task) {
  return useQuery({
    queryKey: taskKey(id ?? ""),
    queryFn: () => get<Task>(memberPath(PATHS.tasks, id ?? "")),
    enabled: id !== undefined,
    placeholderData: listed,
  });
}

/** The job that runs on a node now, if any. */
export function useRunningTask(system: System) {
  const link = system.Oem.Lightsout.Task;
  return useTask(link ? idOf(link) : undefined);
}

const newestFirst = (tasks: Task[]) =>
  [...tasks].sort((one, other) => (other.StartTime ?? "").localeCompare(one.StartTime ?? ""));

/** Jobs that one may see, newest first: all, or those that the condition fits. */
export function useTasks(filter?: string) {
  return useQuery({
    queryKey: [...TASKS, filter ?? ""],
    queryFn: () => members<Task>(PATHS.tasks, filter),
    select: newestFirst,
  });
}

/** A node's jobs, newest first. */
export const useTasksOf = (system: System) => useTasks(equal("Oem/Lightsout/System/@odata.id", system["@odata.id"]));

/** Jobs over many nodes that go on, whoever has begun them, from whichever tab or program. */
export function useSweepsUnderWay() {
  const filter = "SubTasks ne null and EndTime eq null";
  return useQuery({ queryKey: [...TASKS, "sweeps"], queryFn: () => members<Task>(PATHS.tasks, filter) });
}

export function useCancelTask() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (task: Task) => remove(task["@odata.id"]),
    onSettled: (_done, _error, task) => client.invalidateQueries({ queryKey: taskKey(task.Id) }),
  });
}
