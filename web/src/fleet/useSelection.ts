/** Which nodes are chosen to act on. With Shift, all between the last one and this. */
import { useCallback, useLayoutEffect, useRef, useState } from "react";
import type { System } from "../api/types";

export type Select = (id: string, on: boolean, range: boolean) => void;

export function useSelection(shown: System[]) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const order = useRef(shown);
  const last = useRef<string>(undefined);
  useLayoutEffect(() => {
    order.current = shown;
  }, [shown]);

  const mark = useCallback((ids: string[], on: boolean) => {
    setChosen((before) => {
      const after = new Set(before);
      for (const id of ids) {
        if (on) after.add(id);
        else after.delete(id);
      }
      return after;
    });
  }, []);
  const select = useCallback<Select>(
    (id, on, range) => {
      const ids = order.current.map((system) => system.Id);
      const [from, to] = [ids.indexOf(last.current ?? id), ids.indexOf(id)].sort((one, other) => one - other);
      mark(range && from !== undefined && from >= 0 ? ids.slice(from, (to ?? from) + 1) : [id], on);
      last.current = id;
    },
    [mark],
  );
  return { chosen, select, mark, clear: useCallback(() => setChosen(new Set()), []) };
}
