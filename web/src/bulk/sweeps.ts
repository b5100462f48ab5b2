/** Power actions on many nodes: the service carries them out, and whoever may see the nodes sees them in every tab. */
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { get, isGone, members, remove } from "../api/http";
import { hasEnded, useSweepsUnderWay } from "../api/tasks";
import type { Task } from "../api/types";
import { told } from "../words/told";
import type { Item, ItemState, Run } from "./run";

const LOOK_MS = 1500;
/** What others do is not waited for. */
const LOOK_AT_OTHERS_MS = 5000;

interface Sweep {
  task: Task;
  nodes: Task[];
}

const STATES: Record<string, ItemState> = {
  Pending: "waiting",
  Running: "running",
  Completed: "done",
  Exception: "failed",
  Cancelled: "stopped",
};

/** What has become of one node of a sweep. */
export function itemOf({ Id, TaskState, Messages }: Task): Item {
  const unknown = Messages.some(({ MessageId }) => MessageId.endsWith(".OutcomeUnknown"));
  const state = unknown ? "unknown" : (STATES[TaskState] ?? "running");
  return {
    id: Id,
    state,
    words: /^(failed|unknown)$/.test(state) ? Messages.map((message) => told(message)).join(" ") : "",
  };
}

const startedBy = (task: Task) => task.Oem?.Lightsout.Account ?? "";

function runOf({ task, nodes }: Sweep): Run {
  const { action = "", batch = 1, delay = 0 } = task.Oem?.Lightsout.Request ?? {};
  return {
    key: task["@odata.id"],
    by: startedBy(task),
    order: { kind: "power", type: action },
    stagger: { size: batch, seconds: delay },
    items: nodes.map(itemOf),
    ended: hasEnded(task),
    stopping: task.TaskState === "Cancelling",
  };
}

const sweepKey = (path: string) => ["sweep", path] as const;

/** Those of these tasks that have been read, as they go on. Where the service is away, they stay as they were. */
function useRunsOf(paths: string[], every: number): Run[] {
  return useQueries({
    queries: paths.map((path) => ({
      queryKey: sweepKey(path),
      queryFn: async (): Promise<Sweep> => ({
        task: await get<Task>(path),
        nodes: await members<Task>(`${path}/SubTasks`),
      }),
      select: runOf,
      refetchInterval: ({ state }: { state: { data: Sweep | undefined; error: Error | null } }) =>
        isGone(state.error) || (state.data && hasEnded(state.data.task)) ? false : every,
    })),
    combine: (answers) => answers.flatMap(({ data, error }) => (data && !isGone(error) ? [data] : [])),
  });
}

/** The account's own that were under way when the page came, or have begun since, until they are dismissed. */
export function useSweeps(account: string) {
  const client = useQueryClient();
  const [known, setKnown] = useState<ReadonlyMap<string, "shown" | "dismissed">>(new Map());
  const going = useSweepsUnderWay().data ?? [];
  const news = going.filter((task) => startedBy(task) === account && !known.has(task["@odata.id"]));
  if (news.length > 0) setKnown(new Map([...known, ...news.map((task) => [task["@odata.id"], "shown"] as const)]));
  const shown = useMemo(() => [...known].filter(([, state]) => state === "shown").map(([path]) => path), [known]);
  const runs = useRunsOf(shown, LOOK_MS);
  const change = useMemo(
    () => ({
      show: (task: Task) => setKnown((all) => new Map(all).set(task["@odata.id"], "shown")),
      dismiss: ({ key }: Run) => setKnown((all) => new Map(all).set(key, "dismissed")),
      stop: async ({ key }: Run) => {
        await remove(key);
        await client.invalidateQueries({ queryKey: sweepKey(key) });
      },
    }),
    [client],
  );
  return { runs, ...change };
}

/** What others than the account have under way; and the one that is being looked at, also when it has ended. */
export function useSweepsOfOthers(account: string, lookedAt: string | null): Run[] {
  const going = (useSweepsUnderWay().data ?? []).filter((task) => startedBy(task) !== account);
  const paths = new Set([...going.map((task) => task["@odata.id"]), ...(lookedAt === null ? [] : [lookedAt])]);
  return useRunsOf([...paths], LOOK_AT_OTHERS_MS);
}
