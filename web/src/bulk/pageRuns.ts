/** What the page itself carries out on many nodes: it goes on for as long as the page is open. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import type { Stagger } from "../api/bulk";
import type { System } from "../api/types";
import { useAskBeforeLeaving } from "../shell/useAskBeforeLeaving";
import { carryOut, type Item, type PageOrder, type Run } from "./run";

/** What is told within this time is drawn at once. */
const DRAW_MS = 100;

export function usePageRuns() {
  const client = useQueryClient();
  const [runs, setRuns] = useState<Run[]>([]);
  const stops = useRef(new Map<string, AbortController>());

  const change = useCallback(
    (key: string, alter: (run: Run) => Partial<Run>) =>
      setRuns((all) => all.map((run) => (run.key === key ? { ...run, ...alter(run) } : run))),
    [],
  );
  const begin = useCallback(
    (order: PageOrder, systems: System[], stagger: Stagger) => {
      const key = `page-${stops.current.size}`;
      const items = systems.map(({ Id }): Item => ({ id: Id, state: "waiting", words: "" }));
      const control = new AbortController();
      stops.current.set(key, control);
      setRuns((all) => [...all, { key, order, stagger, items, ended: false, stopping: false }]);

      const told = new Map<string, Partial<Item>>();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const draw = () => {
        timer = undefined;
        const news = new Map(told);
        told.clear();
        change(key, ({ items }) => ({
          items: items.map((item) => {
            const news_ = news.get(item.id);
            return news_ ? { ...item, ...news_ } : item;
          }),
        }));
      };
      const tell = (id: string, news: Partial<Item>) => {
        told.set(id, { ...told.get(id), ...news });
        timer ??= setTimeout(draw, DRAW_MS);
      };
      void carryOut(client, order, systems, stagger, tell, control.signal).finally(() => {
        clearTimeout(timer);
        draw();
        change(key, () => ({ ended: true }));
      });
    },
    [client, change],
  );
  const others = useMemo(
    () => ({
      stop: ({ key }: Run) => {
        stops.current.get(key)?.abort();
        change(key, () => ({ stopping: true }));
      },
      dismiss: ({ key }: Run) => setRuns((all) => all.filter((run) => run.key !== key)),
    }),
    [change],
  );

  useAskBeforeLeaving(runs.some(({ ended }) => !ended));
  return { runs, begin, ...others };
}
