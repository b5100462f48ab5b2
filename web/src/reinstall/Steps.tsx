import CheckCircleIcon from "@patternfly/react-icons/dist/esm/icons/check-circle-icon";
import CircleIcon from "@patternfly/react-icons/dist/esm/icons/circle-icon";
import ExclamationCircleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon";
import InProgressIcon from "@patternfly/react-icons/dist/esm/icons/in-progress-icon";
import type { Task } from "../api/types";
import { t } from "../words/i18n";
import { stepStates, stepWords, type StepState } from "./words";

function StateIcon({ state }: { state: StepState }) {
  switch (state) {
    case "done":
      return <CheckCircleIcon className="lo-ok" aria-label={t("Done:")} />;
    case "current":
      return <InProgressIcon className="lo-turning lo-current" aria-label={t("Now:")} />;
    case "failed":
      return <ExclamationCircleIcon className="lo-critical" aria-label={t("Ended here:")} />;
    case "pending":
      return <CircleIcon className="lo-pending" aria-label={t("To come:")} />;
  }
}

/** The steps of a job and how far each has come. */
export function Steps({ task }: { task: Task }) {
  return (
    <ol className="lo-steps" aria-label={t("Steps")}>
      {stepStates(task).map(({ step, state }) => (
        <li key={step} data-state={state} aria-current={state === "current" ? "step" : undefined}>
          <StateIcon state={state} /> <span>{stepWords(step)}</span>
        </li>
      ))}
    </ol>
  );
}
