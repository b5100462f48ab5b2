import { useSystems } from "../api/systems";
import BulkDialog from "./BulkDialog";
import { wantsAnotherTry, type Run } from "./run";

/** The same once more on those that failed or were stopped, as they are now: named and confirmed as the first time. */
export default function AgainDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const { data } = useSystems();
  const wanted = new Set(run.items.filter(wantsAnotherTry).map(({ id }) => id));
  const systems = data?.filter(({ Id }) => wanted.has(Id)) ?? [];
  return systems.length > 0 && <BulkDialog choice={run.order} systems={systems} before={run} onClose={onClose} />;
}
