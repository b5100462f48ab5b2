import type { System } from "../api/types";
import { PowerMenu } from "../power/PowerMenu";
import { usePowerControl } from "../power/usePowerControl";

export function RowPower({ system }: { system: System }) {
  const control = usePowerControl(system);
  return (
    <>
      <PowerMenu system={system} control={control} compact />
      {control.dialogs}
    </>
  );
}
