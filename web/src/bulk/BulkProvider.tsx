/** Actions on many nodes that go on, whichever page the operator looks at meanwhile. */
import { createContext, useContext, useMemo, type ReactNode } from "react";
import { startSweep, type Stagger } from "../api/bulk";
import { isUnanswered } from "../api/http";
import { useSession } from "../api/session";
import type { System } from "../api/types";
import { mayBeDone } from "../power/usePowerControl";
import { useNotices } from "../shell/Notices";
import { usePageRuns } from "./pageRuns";
import type { Order, Run } from "./run";
import { useSweeps } from "./sweeps";
import { choiceWords } from "./words";

interface Bulk {
  /** It takes the place of the run `before`, once it has begun. */
  start: (order: Order, systems: System[], stagger: Stagger, before?: Run) => Promise<void>;
  /** Begins with no more of them; what has begun goes on. */
  stop: (run: Run) => Promise<void>;
  dismiss: (run: Run) => void;
}

const later = () => Promise.resolve();
const BulkContext = createContext<Bulk>({ start: later, stop: later, dismiss: () => undefined });
const RunsContext = createContext<Run[]>([]);

export const useBulk = () => useContext(BulkContext);
export const useRuns = () => useContext(RunsContext);

export function BulkProvider({ children }: { children: ReactNode }) {
  const account = useSession().data?.account ?? "";
  const notices = useNotices();
  const { runs: sweeps, show, stop: stopSweep, dismiss: dismissSweep } = useSweeps(account);
  const { runs: ours, begin, stop: stopOurs, dismiss: dismissOurs } = usePageRuns();

  const bulk = useMemo<Bulk>(() => {
    const tried = (order: Order, doing: Promise<void>) =>
      doing.catch((error: unknown) =>
        notices.failed(choiceWords(order), isUnanswered(error) ? mayBeDone(error) : (error as Error)),
      );
    const dismiss = (run: Run) => (run.order.kind === "power" ? dismissSweep(run) : dismissOurs(run));
    const start = async (order: Order, systems: System[], stagger: Stagger, before?: Run) => {
      if (order.kind === "power") show(await startSweep(order.type, systems, stagger));
      else begin(order, systems, stagger);
      if (before) dismiss(before);
    };
    return {
      start: (order, ...rest) => tried(order, start(order, ...rest)),
      stop: (run) => tried(run.order, (async () => (run.order.kind === "power" ? stopSweep(run) : stopOurs(run)))()),
      dismiss,
    };
  }, [notices, show, stopSweep, dismissSweep, begin, stopOurs, dismissOurs]);

  const runs = useMemo(() => [...sweeps, ...ours], [sweeps, ours]);
  return (
    <BulkContext value={bulk}>
      <RunsContext value={runs}>{children}</RunsContext>
    </BulkContext>
  );
}
