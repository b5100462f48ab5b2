import { Button, ModalBody, ModalFooter } from "@patternfly/react-core";
import { useState } from "react";
import { useSystems } from "../api/systems";
import type { System } from "../api/types";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { t } from "../words/i18n";
import BulkDialog from "./BulkDialog";
import { wantsAnotherTry, type Run } from "./run";
import { choiceWords } from "./words";

interface AgainDialogProps {
  run: Run;
  onClose: () => void;
}

/** The same once more on those that failed or were stopped, as they are now: named and confirmed as the first time. */
export default function AgainDialog({ run, onClose }: AgainDialogProps) {
  const systems = useSystems();
  if (systems.data) return <Again fleet={systems.data} run={run} onClose={onClose} />;
  return (
    <Dialog variant="small" onClose={onClose} aria-label={choiceWords(run.order)}>
      <ModalBody>
        {systems.error ? (
          <ErrorPanel
            title={t("The fleet cannot be shown")}
            error={systems.error}
            retry={() => void systems.refetch()}
          />
        ) : (
          <Loading />
        )}
      </ModalBody>
    </Dialog>
  );
}

function Again({ fleet, run, onClose }: AgainDialogProps & { fleet: System[] }) {
  // As the dialogue that it opens: what is asked about stays as it was, whatever happens to the fleet meanwhile.
  const [systems] = useState(() => {
    const wanted = new Set(run.items.filter(wantsAnotherTry).map(({ id }) => id));
    return fleet.filter(({ Id }) => wanted.has(Id));
  });
  if (systems.length > 0) return <BulkDialog choice={run.order} systems={systems} before={run} onClose={onClose} />;
  return (
    <Dialog variant="small" onClose={onClose} hasOwnClose aria-labelledby="again-title" aria-describedby="again-body">
      <DialogHeader title={choiceWords(run.order)} labelId="again-title" />
      <ModalBody id="again-body">
        {t("None of these nodes is there any more: there is nothing to try again.")}
      </ModalBody>
      <ModalFooter>
        <Button onClick={onClose}>{t("Close")}</Button>
      </ModalFooter>
    </Dialog>
  );
}
