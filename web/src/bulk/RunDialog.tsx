import { Button, ModalBody, ModalFooter, Progress } from "@patternfly/react-core";
import CheckCircleIcon from "@patternfly/react-icons/dist/esm/icons/check-circle-icon";
import CircleIcon from "@patternfly/react-icons/dist/esm/icons/circle-icon";
import ExclamationCircleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon";
import InProgressIcon from "@patternfly/react-icons/dist/esm/icons/in-progress-icon";
import MinusCircleIcon from "@patternfly/react-icons/dist/esm/icons/minus-circle-icon";
import QuestionCircleIcon from "@patternfly/react-icons/dist/esm/icons/question-circle-icon";
import { memo, type ReactNode } from "react";
import { Link } from "react-router";
import { useMayOperate, useSession } from "../api/session";
import { nodePath } from "../node/address";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { percent } from "../words/format";
import { t } from "../words/i18n";
import { useBulk } from "./BulkProvider";
import { count, wantsAnotherTry, type Item, type ItemState, type Run } from "./run";
import { runWords } from "./RunStrip";
import { runTitle, stateWords } from "./words";

const ICONS: Record<ItemState, ReactNode> = {
  waiting: <CircleIcon className="lo-pending" />,
  running: <InProgressIcon className="lo-current lo-turning" />,
  done: <CheckCircleIcon className="lo-ok" />,
  failed: <ExclamationCircleIcon className="lo-critical" />,
  unknown: <QuestionCircleIcon className="lo-warning" />,
  stopped: <MinusCircleIcon className="lo-warning" />,
};
/** What wants a look comes first. */
const ORDER: ItemState[] = ["failed", "unknown", "running", "stopped", "waiting", "done"];

interface RunDialogProps {
  run: Run;
  onClose: () => void;
  /** Asks for the same on those that did not get it; undefined where that is not ours to ask. */
  onAgain?: () => void;
}

/** What has become of each node, and what can still be done about it. */
export default function RunDialog({ run, onClose, onAgain }: RunDialogProps) {
  const bulk = useBulk();
  const mayOperate = useMayOperate();
  const title = runTitle(run, useSession().data?.account);
  const ended = count(run, "done", "failed", "unknown", "stopped");
  const again = run.items.filter(wantsAnotherTry).length;
  const items = [...run.items].sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
  return (
    <Dialog variant="medium" onClose={onClose} aria-labelledby="run-title">
      <DialogHeader title={title} description={runWords(run)} labelId="run-title" />
      <ModalBody>
        <Progress value={(100 * ended) / run.items.length} aria-label={title} />
        <ul className="lo-run-items" aria-label={t("Nodes")} tabIndex={0}>
          {items.map((item) => (
            <RunItem key={item.id} item={item} onClose={onClose} />
          ))}
        </ul>
      </ModalBody>
      <ModalFooter>
        {!run.ended && mayOperate && (
          <Button
            variant="secondary"
            isDisabled={run.stopping || count(run, "waiting") === 0}
            onClick={() => void bulk.stop(run)}
          >
            {t("Stop what has not begun")}
          </Button>
        )}
        {run.ended && again > 0 && onAgain && (
          <Button variant="primary" onClick={onAgain}>
            {t("Try again on {{number}}…", { number: again })}
          </Button>
        )}
        <Button variant="link" onClick={onClose}>
          {t("Close")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}

const RunItem = memo(function RunItem({ item, onClose }: { item: Item; onClose: () => void }) {
  const { id, state, words, percent: done } = item;
  return (
    <li data-testid={`run-${id}`} data-state={state}>
      <span>{ICONS[state]}</span>
      <Link to={nodePath(id)} onClick={onClose}>
        {id}
      </Link>
      <span>
        {stateWords(item)}
        {state === "running" && done !== undefined && ` · ${percent(done)}`}
        {words !== "" && <span className="lo-run-why">{words}</span>}
      </span>
    </li>
  );
});
