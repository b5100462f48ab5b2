/** Actions on many nodes that go on, whichever page the operator looks at meanwhile. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { Stagger } from "../api/bulk";
import type { System } from "../api/types";
import { carryOut, needsThePage, type Item, type Order, type Run } from "./run";

interface Bulk {
  start: (order: Order, systems: System[], stagger: Stagger) => void;
  /** Begins with no more of them; what has begun goes on. */
  stop: (run: Run) => void;
  /** Those that failed or were stopped, once more, in a run of their own. */
  retry: (run: Run) => void;
  dismiss: (run: Run) => void;
}

const nothing = () => undefined;
const BulkContext = createContext<Bulk>({ start: nothing, stop: nothing, retry: nothing, dismiss: nothing });
const RunsContext = createContext<Run[]>([]);

export const useBulk = () => useContext(BulkContext);
export const useRuns = () => useContext(RunsContext);

/** What is told within this time is drawn at once. */
const DRAW_MS = 100;

export function BulkProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [runs, setRuns] = useState<Run[]>([]);
  const last = useRef(0);
  const stops = useRef(new Map<number, AbortController>());

  const change = useCallback(
    (key: number, alter: (run: Run) => Partial<Run>) =>
      setRuns((all) => all.map((run) => (run.key === key ? { ...run, ...alter(run) } : run))),
    [],
  );
  const start = useCallback<Bulk["start"]>(
    (order, systems, stagger) => {
      const items = systems.map((system): Item => ({ system, state: "waiting", words: "" }));
      const run: Run = { key: ++last.current, order, stagger, items, ended: false, stopping: false };
      const control = new AbortController();
      stops.current.set(run.key, control);
      setRuns((all) => [...all, run]);

      const told = new Map<string, Partial<Item>>();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const draw = () => {
        timer = undefined;
        const news = new Map(told);
        told.clear();
        change(run.key, ({ items }) => ({
          items: items.map((item) => {
            const news_ = news.get(item.system.Id);
            return news_ ? { ...item, ...news_ } : item;
          }),
        }));
      };
      const tell = (id: string, news: Partial<Item>) => {
        told.set(id, { ...told.get(id), ...news });
        timer ??= setTimeout(draw, DRAW_MS);
      };
      void carryOut(client, run, tell, control.signal).finally(() => {
        clearTimeout(timer);
        draw();
        change(run.key, () => ({ ended: true }));
      });
    },
    [client, change],
  );
  const bulk = useMemo<Bulk>(
    () => ({
      start,
      stop: ({ key }) => {
        stops.current.get(key)?.abort();
        change(key, () => ({ stopping: true }));
      },
      retry: (run) => {
        const again = run.items.filter(({ state }) => state === "failed" || state === "stopped");
        setRuns((all) => all.filter(({ key }) => key !== run.key));
        start(
          run.order,
          again.map(({ system }) => system),
          run.stagger,
        );
      },
      dismiss: ({ key }) => setRuns((all) => all.filter((run) => run.key !== key)),
    }),
    [start, change],
  );

  const needed = runs.some(needsThePage);
  useEffect(() => {
    if (!needed) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [needed]);

  return (
    <BulkContext value={bulk}>
      <RunsContext value={runs}>{children}</RunsContext>
    </BulkContext>
  );
}
