import { Button } from "@patternfly/react-core";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { t } from "../words/i18n";
import { PowerMenu } from "./PowerMenu";
import type { PowerControl } from "./usePowerControl";
import { actionWords, resetTypes } from "./words";

/** The action most likely wanted now as a button, and all of them in a menu. */
export function PowerButtons({ system, control }: { system: System; control: PowerControl }) {
  const mayOperate = useMayOperate();
  const on = system.PowerState === "On";
  const likely = on ? "GracefulShutdown" : "On";
  const shown = resetTypes(system).find(({ type, available }) => available && type === likely)?.type;
  return (
    <>
      {system.Oem.Lightsout.Paused && (
        <Button variant="primary" onClick={control.resume} isDisabled={control.busy || !mayOperate}>
          {t("Resume")}
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
    </>
  );
}
