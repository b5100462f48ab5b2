import { Button, Switch, ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import CameraIcon from "@patternfly/react-icons/dist/esm/icons/camera-icon";
import ExpandIcon from "@patternfly/react-icons/dist/esm/icons/expand-icon";
import PasteIcon from "@patternfly/react-icons/dist/esm/icons/paste-icon";
import { t } from "../words/i18n";
import { COMBINATIONS, type Key } from "./keys";
import { KeysMenu } from "./KeysMenu";

const CTRL_ALT_DEL = COMBINATIONS[0]?.items[0]?.keys ?? [];

interface ScreenToolbarProps {
  /** Whether there is a picture to act on. */
  live: boolean;
  fit: boolean;
  onFit: (fit: boolean) => void;
  viewOnly: boolean;
  /** Undefined when it cannot be chosen. */
  onViewOnly: ((viewOnly: boolean) => void) | undefined;
  onPress: (keys: Key[]) => void;
  onPaste: () => void;
  onScreenshot: () => void;
  onFullscreen: () => void;
}

export function ScreenToolbar({
  live,
  fit,
  onFit,
  viewOnly,
  onViewOnly,
  onPress,
  onPaste,
  onScreenshot,
  onFullscreen,
}: ScreenToolbarProps) {
  const mute = !live || viewOnly;
  return (
    <div className="lo-console-bar" role="toolbar" aria-label={t("Screen")}>
      <div className="lo-console-start">
        <Button variant="secondary" size="sm" isDisabled={mute} onClick={() => onPress(CTRL_ALT_DEL)}>
          Ctrl-Alt-Del
        </Button>
        <KeysMenu isDisabled={mute} onPress={onPress} />
        <Button variant="secondary" size="sm" icon={<PasteIcon />} isDisabled={mute} onClick={onPaste}>
          {t("Paste text")}
        </Button>
      </div>
      <Switch
        id="view-only"
        label={t("View only")}
        isChecked={viewOnly}
        isDisabled={onViewOnly === undefined}
        onChange={(_event, checked) => onViewOnly?.(checked)}
      />
      <div className="lo-console-end">
        <ToggleGroup isCompact aria-label={t("Size of the screen")}>
          <ToggleGroupItem text={t("Fit")} isSelected={fit} onChange={() => onFit(true)} />
          <ToggleGroupItem text="1:1" isSelected={!fit} onChange={() => onFit(false)} />
        </ToggleGroup>
        <Button
          variant="secondary"
          size="sm"
          icon={<CameraIcon />}
          isDisabled={!live}
          onClick={onScreenshot}
          aria-label={t("Screenshot")}
        />
        <Button
          variant="secondary"
          size="sm"
          icon={<ExpandIcon />}
          onClick={onFullscreen}
          aria-label={t("Full screen")}
        />
      </div>
    </div>
  );
}
