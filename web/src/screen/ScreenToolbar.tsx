import { Button, DropdownItem, Switch, ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import CameraIcon from "@patternfly/react-icons/dist/esm/icons/camera-icon";
import ExpandIcon from "@patternfly/react-icons/dist/esm/icons/expand-icon";
import PasteIcon from "@patternfly/react-icons/dist/esm/icons/paste-icon";
import FilmIcon from "@patternfly/react-icons/dist/esm/icons/film-icon";
import RecordIcon from "@patternfly/react-icons/dist/esm/icons/circle-icon";
import StopIcon from "@patternfly/react-icons/dist/esm/icons/stop-icon";
import type { ReactNode } from "react";
import { MoreMenu } from "../console/MoreMenu";
import { clock } from "../words/format";
import { t } from "../words/i18n";
import { useNow } from "../words/useNow";
import { CTRL_ALT_DEL, type Combination } from "./keys";
import { KeysMenu } from "./KeysMenu";
import { canRecord } from "./recorder";

interface ScreenToolbarProps {
  node: string;
  /** Whether there is a picture to act on. */
  live: boolean;
  fit: boolean;
  onFit: (fit: boolean) => void;
  viewOnly: boolean;
  /** Whether the keyboard is ours now. */
  types: boolean;
  who: ReactNode;
  /** Undefined when it cannot be chosen. */
  onViewOnly: ((viewOnly: boolean) => void) | undefined;
  onPress: (combination: Combination) => void;
  onPaste: () => void;
  onScreenshot: () => void;
  /** Since when it is recorded, in milliseconds; null: it is not. */
  recording: number | null;
  /** Whether one waits to be looked at. */
  hasFilm: boolean;
  onRecord: () => void;
  onOpenRecording: () => void;
  onFullscreen: () => void;
}

export function ScreenToolbar({
  node,
  live,
  fit,
  onFit,
  viewOnly,
  types,
  who,
  onViewOnly,
  onPress,
  onPaste,
  onScreenshot,
  recording,
  hasFilm,
  onRecord,
  onOpenRecording,
  onFullscreen,
}: ScreenToolbarProps) {
  const mute = !live || !types;
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
      {who}
      <div className="lo-console-end">
        <ToggleGroup isCompact aria-label={t("Size of the screen")}>
          <ToggleGroupItem text={t("Fit")} isSelected={fit} onChange={() => onFit(true)} />
          <ToggleGroupItem text="1:1" isSelected={!fit} onChange={() => onFit(false)} />
        </ToggleGroup>
        {canRecord() && (
          <Button
            variant={recording === null ? "secondary" : "danger"}
            size="sm"
            icon={hasFilm ? <FilmIcon /> : recording === null ? <RecordIcon className="lo-critical" /> : <StopIcon />}
            isDisabled={!live && recording === null && !hasFilm}
            onClick={onRecord}
            aria-label={
              hasFilm ? t("Show the recording") : recording === null ? t("Record the screen") : t("Stop recording")
            }
          >
            {recording !== null && <Elapsed since={recording} />}
          </Button>
        )}
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
        <MoreMenu node={node} console="screen">
          {canRecord() && <DropdownItem onClick={onOpenRecording}>{t("Play a recording…")}</DropdownItem>}
        </MoreMenu>
      </div>
    </div>
  );
}

function Elapsed({ since }: { since: number }) {
  return <span className="lo-clock">{clock((useNow(1000) - since) / 1000)}</span>;
}
