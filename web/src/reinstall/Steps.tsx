import CheckCircleIcon from "@patternfly/react-icons/dist/esm/icons/check-circle-icon";
import CircleIcon from "@patternfly/react-icons/dist/esm/icons/circle-icon";
import ExclamationCircleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon";
import InProgressIcon from "@patternfly/react-icons/dist/esm/icons/in-progress-icon";
import type { Task } from "../api/types";
import { stepStates, stepWords, type StepState } from "./words";

const ICONS: Record<StepState, React.ReactNode> = {
  done: <CheckCircleIcon className="lo-ok" aria-label="Done:" />,
  current: <InProgressIcon className="lo-turning lo-current" aria-label="Now:" />,
  failed: <ExclamationCircleIcon className="lo-critical" aria-label="Ended here:" />,
  pending: <CircleIcon className="lo-pending" aria-label="To come:" />,
};

/** The steps of a job and how far each has come. */
export function Steps({ task }: { task: Task }) {
  return (
    <ol className="lo-steps" aria-label="Steps">
      {stepStates(task).map(({ step, state }) => (
        <li key={step} data-state={state} aria-current={state === "current" ? "step" : undefined}>
          {ICONS[state]} <span>{stepWords(step)}</span>
        </li>
      ))}
    </ol>
  );
}
