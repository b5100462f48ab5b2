import { Alert, Button } from "@patternfly/react-core";
import { useMayOperate, useSession } from "../api/session";
import type { System } from "../api/types";
import { canConfirm, reasonOf, remedyOf } from "./words";

interface UnknownStateProps {
  system: System;
  onConfirm: () => void;
}

/** Nobody can tell whether the node runs: why, what that means, and what to do now. */
export function UnknownState({ system, onConfirm }: UnknownStateProps) {
  const mayOperate = useMayOperate();
  const account = useSession().data?.account;
  const confirmable = canConfirm(system);
  const holder = system.Oem?.Lightsout?.Reservation?.Holder;
  const heldByOther = holder !== undefined && holder !== account;
  return (
    <Alert
      variant="warning"
      isInline
      component="h2"
      title={`Lightsout cannot tell whether ${system.Name} is on or off`}
      {...(confirmable &&
        mayOperate &&
        !heldByOther && {
          actionLinks: (
            <Button variant="primary" size="sm" onClick={onConfirm}>
              Confirm power state…
            </Button>
          ),
        })}
    >
      <p>{confirmable ? WHAT_TO_DO : remedyOf(system)}</p>
      {confirmable && !mayOperate && <p>Your account may only look: ask an operator to confirm it.</p>}
      {confirmable && heldByOther && (
        <p>Nobody can say it while {holder} holds the node: that must be released first.</p>
      )}
      <p className="lo-reason" data-testid="reason">
        Why: {reasonOf(system)}
      </p>
    </Alert>
  );
}

const WHAT_TO_DO =
  "No power action is carried out until this is known. It ends by itself when the senses can tell again. " +
  "If that takes too long: look at the server itself, then say here what you saw.";
