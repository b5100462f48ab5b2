import { Button } from "@patternfly/react-core";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { PowerMenu } from "./PowerMenu";
import { usePowerControl } from "./usePowerControl";
import { actionWords, canConfirm, resetTypes } from "./words";

/** The action most likely wanted now as a button, and all of them in a menu. */
export function PowerButtons({ system }: { system: System }) {
  const control = usePowerControl(system);
  const mayOperate = useMayOperate();
  const on = system.PowerState === "On";
  const likely = on ? "GracefulShutdown" : "On";
  const shown = resetTypes(system).find(({ type, available }) => available && type === likely)?.type;
  return (
    <>
      {canConfirm(system) && (
        <Button variant="primary" onClick={control.confirmState} isDisabled={control.busy || !mayOperate}>
          Confirm power state…
        </Button>
      )}
      {system.Oem?.Lightsout?.Paused === true && (
        <Button variant="primary" onClick={control.resume} isDisabled={control.busy || !mayOperate}>
          Resume
        </Button>
      )}
      {shown !== undefined && (
        <Button
          key={shown}
          variant={on ? "secondary" : "primary"}
          onClick={() => control.reset(shown)}
          isDisabled={control.busy}
        >
          {actionWords(shown).label}
        </Button>
      )}
      <PowerMenu system={system} control={control} />
      {control.dialogs}
    </>
  );
}
