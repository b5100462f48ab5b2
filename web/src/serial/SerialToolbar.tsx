import {
  Button,
  Dropdown,
  DropdownItem,
  DropdownList,
  MenuToggle,
  ToggleGroup,
  ToggleGroupItem,
} from "@patternfly/react-core";
import CopyIcon from "@patternfly/react-icons/dist/esm/icons/copy-icon";
import LargerIcon from "@patternfly/react-icons/dist/esm/icons/search-plus-icon";
import SmallerIcon from "@patternfly/react-icons/dist/esm/icons/search-minus-icon";
import PasteIcon from "@patternfly/react-icons/dist/esm/icons/paste-icon";
import ExpandIcon from "@patternfly/react-icons/dist/esm/icons/expand-icon";
import { useState, type ReactNode } from "react";
import { MoreMenu } from "../console/MoreMenu";
import { t } from "../words/i18n";

const KEYS: [string, string][] = [
  ["Ctrl-C", "\x03"],
  ["Ctrl-D", "\x04"],
  ["Ctrl-Z", "\x1a"],
  ["Esc", "\x1b"],
  ["Tab", "\t"],
  ["Enter", "\r"],
  ["↑", "\x1b[A"],
  ["↓", "\x1b[B"],
];

interface SerialToolbarProps {
  node: string;
  live: boolean;
  mayType: boolean;
  /** Whether the keyboard is ours now. */
  types: boolean;
  who: ReactNode;
  fit: boolean;
  onFit: (fit: boolean) => void;
  onType: (text: string) => void;
  onBreak: () => void;
  /** Larger or smaller by so many pixels. */
  onFont: (by: number) => void;
  onPaste: () => void;
  onLog: () => void;
  onCopy: () => void;
  onClear: () => void;
  onFullscreen: () => void;
}

export function SerialToolbar({
  node,
  live,
  mayType,
  types,
  who,
  fit,
  onFit,
  onType,
  onBreak,
  onFont,
  onPaste,
  onLog,
  onCopy,
  onClear,
  onFullscreen,
}: SerialToolbarProps) {
  const [open, setOpen] = useState(false);
  const mute = !live || !types;
  return (
    <div className="lo-console-bar" role="toolbar" aria-label={t("Serial console")}>
      <div className="lo-console-start">
        <Button variant="secondary" size="sm" isDisabled={mute} onClick={onBreak}>
          {t("Send break")}
        </Button>
        <Dropdown
          isOpen={open}
          onOpenChange={setOpen}
          onSelect={() => setOpen(false)}
          popperProps={{ appendTo: "inline" }} // in full screen, only what is inside the console is seen
          toggle={(ref) => (
            <MenuToggle ref={ref} size="sm" isExpanded={open} isDisabled={mute} onClick={() => setOpen(!open)}>
              {t("Keys")}
            </MenuToggle>
          )}
        >
          <DropdownList>
            {KEYS.map(([label, text]) => (
              <DropdownItem key={label} onClick={() => onType(text)}>
                {label}
              </DropdownItem>
            ))}
          </DropdownList>
        </Dropdown>
        <Button variant="secondary" size="sm" icon={<CopyIcon />} onClick={onCopy}>
          {t("Copy")}
        </Button>
        <Button variant="secondary" size="sm" icon={<PasteIcon />} isDisabled={mute} onClick={onPaste}>
          {t("Paste")}
        </Button>
        <Button variant="secondary" size="sm" onClick={onClear}>
          {t("Clear")}
        </Button>
        {!mayType && <span className="lo-muted">{t("View only: your role may not type")}</span>}
        {who}
      </div>
      <div className="lo-console-end">
        {mayType && (
          <Button variant="secondary" size="sm" onClick={onLog}>
            {t("Log")}
          </Button>
        )}
        <Button
          variant="secondary"
          size="sm"
          icon={<SmallerIcon />}
          onClick={() => onFont(-1)}
          aria-label={t("Smaller text")}
        />
        <Button
          variant="secondary"
          size="sm"
          icon={<LargerIcon />}
          onClick={() => onFont(1)}
          aria-label={t("Larger text")}
        />
        <ToggleGroup isCompact aria-label={t("Size of the terminal")}>
          <ToggleGroupItem text={t("Fit")} isSelected={fit} onChange={() => onFit(true)} />
          <ToggleGroupItem text="80 × 24" isSelected={!fit} onChange={() => onFit(false)} />
        </ToggleGroup>
        <Button
          variant="secondary"
          size="sm"
          icon={<ExpandIcon />}
          onClick={onFullscreen}
          aria-label={t("Full screen")}
        />
        <MoreMenu node={node} console="serial" />
      </div>
    </div>
  );
}
