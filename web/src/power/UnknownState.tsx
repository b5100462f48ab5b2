import { Button } from "@patternfly/react-core";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { Alert } from "../shell/Alert";
import { t } from "../words/i18n";
import { canConfirm, reasonOf, remedyOf } from "./words";

interface UnknownStateProps {
  system: System;
  onConfirm: () => void;
}

/** Nobody can tell whether the node runs: why, what that means, and what to do now. */
export function UnknownState({ system, onConfirm }: UnknownStateProps) {
  const mayOperate = useMayOperate();
  const confirmable = canConfirm(system);
  return (
    <Alert
      variant="warning"
      isInline
      component="h2"
      title={t("Lightsout cannot tell whether {{node}} is on or off", { node: system.Name })}
      {...(confirmable &&
        mayOperate && {
          actionLinks: (
            <Button variant="primary" size="sm" onClick={onConfirm}>
              {t("Confirm power state…")}
            </Button>
          ),
        })}
    >
      <p>{confirmable ? whatToDo() : remedyOf(system)}</p>
      {confirmable && !mayOperate && <p>{t("Your account may only look: ask an operator to confirm it.")}</p>}
      <p className="lo-reason" data-testid="reason">
        {t("Why: {{reason}}", { reason: reasonOf(system) })}
      </p>
    </Alert>
  );
}

const whatToDo = () =>
  [
    t("No power action is carried out until this is known. It ends by itself when the senses can tell again."),
    t("If that takes too long: look at the server itself, then say here what you saw."),
  ].join(" ");
