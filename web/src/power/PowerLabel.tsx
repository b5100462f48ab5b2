import { Label } from "@patternfly/react-core";
import CheckCircleIcon from "@patternfly/react-icons/dist/esm/icons/check-circle-icon";
import InProgressIcon from "@patternfly/react-icons/dist/esm/icons/in-progress-icon";
import PauseCircleIcon from "@patternfly/react-icons/dist/esm/icons/pause-circle-icon";
import PowerOffIcon from "@patternfly/react-icons/dist/esm/icons/power-off-icon";
import QuestionCircleIcon from "@patternfly/react-icons/dist/esm/icons/question-circle-icon";
import type { System } from "../api/types";
import { t } from "../words/i18n";
import { powerWords, type PowerLook } from "./words";

const LOOKS = {
  on: { color: "green", icon: <CheckCircleIcon /> },
  off: { color: "grey", icon: <PowerOffIcon /> },
  changing: { color: "blue", icon: <InProgressIcon className="lo-turning" /> },
  unknown: { color: "orange", icon: <QuestionCircleIcon /> },
} as const;

export const powerIcon = (look: PowerLook) => LOOKS[look].icon;

export function PowerLabel({ system }: { system: System }) {
  const { label, look } = powerWords(system.PowerState);
  return (
    <>
      <Label
        color={LOOKS[look].color}
        icon={LOOKS[look].icon}
        data-testid="power-state"
        data-power={system.PowerState ?? "Unknown"}
      >
        {label}
      </Label>
      {system.Oem.Lightsout.Paused && (
        <Label color="orange" icon={<PauseCircleIcon />}>
          {t("Paused")}
        </Label>
      )}
    </>
  );
}
