import {
  Dropdown,
  DropdownItem,
  DropdownList,
  FormGroup,
  MenuToggle,
  ModalBody,
  Tab,
  Tabs,
  TabTitleText,
  TextInput,
} from "@patternfly/react-core";
import { useState } from "react";
import { momentOf } from "../../api/query";
import { fileOf, FORMATS, useSerialLog, type Format, type Period } from "../../api/serialLog";
import type { System } from "../../api/types";
import { Dialog, DialogHeader } from "../../shell/Dialog";
import { bytes } from "../../words/format";
import { t, type Message } from "../../words/i18n";
import { LinesPanel } from "./LinesPanel";
import { ReplayPanel } from "./ReplayPanel";
import "./log.css";

const FORMAT_NAMES: Record<Format, Message> = {
  text: "As text with times",
  raw: "As it was printed",
  asciicast: "As a recording for asciinema",
};

/** The time some seconds after a moment as a field of local time wants it: without what is less than a second. */
function localOf(moment: string, later = 0): string {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() + later * 1000 - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

interface SerialLogDialogProps {
  system: System;
  /** The moment of the last line to be shown at first. */
  upTo: string | null;
  onClose: () => void;
}

/** All that the serial console has printed: searched, shown again, saved. */
export default function SerialLogDialog({ system, upTo, onClose }: SerialLogDialogProps) {
  const log = useSerialLog(system);
  const [since, setSince] = useState("");
  const [until, setUntil] = useState(() => (upTo === null ? "" : localOf(upTo, 1)));
  const [view, setView] = useState<string | number>("lines");
  const period: Period = { since: momentOf(since), until: momentOf(until) };
  const size = log.data?.Oem?.Lightsout.SizeBytes;
  return (
    <Dialog variant="large" onClose={onClose} aria-labelledby="serial-log-title" className="lo-serial-log">
      <DialogHeader
        title={t("What {{node}} has printed", { node: system.Name })}
        labelId="serial-log-title"
        {...(size !== undefined && { description: t("{{size}} are kept", { size: bytes(size) }) })}
      />
      <ModalBody>
        <div className="lo-log-period">
          <FormGroup label={t("From")} fieldId="log-since">
            <TextInput
              id="log-since"
              type="datetime-local"
              step={1}
              value={since}
              onChange={(_event, value) => setSince(value)}
            />
          </FormGroup>
          <FormGroup label={t("To")} fieldId="log-until">
            <TextInput
              id="log-until"
              type="datetime-local"
              step={1}
              value={until}
              onChange={(_event, value) => setUntil(value)}
            />
          </FormGroup>
          <DownloadMenu addressOf={(format) => fileOf(log.data, format, period)} />
        </div>
        <Tabs activeKey={view} onSelect={(_event, key) => setView(key)} aria-label={t("Ways to look at the log")}>
          <Tab eventKey="lines" title={<TabTitleText>{t("Search")}</TabTitleText>}>
            {view === "lines" && (
              <LinesPanel
                system={system}
                period={period}
                onReplay={(line) => {
                  setSince(localOf(line.Created));
                  setView("replay");
                }}
              />
            )}
          </Tab>
          <Tab eventKey="replay" title={<TabTitleText>{t("Replay")}</TabTitleText>}>
            {view === "replay" && <ReplayPanel address={fileOf(log.data, "asciicast", period)} error={log.error} />}
          </Tab>
        </Tabs>
      </ModalBody>
    </Dialog>
  );
}

function DownloadMenu({ addressOf }: { addressOf: (format: Format) => string | undefined }) {
  const [open, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ appendTo: "inline" }}
      toggle={(ref) => (
        <MenuToggle ref={ref} isExpanded={open} onClick={() => setOpen(!open)}>
          {t("Download")}
        </MenuToggle>
      )}
    >
      <DropdownList>
        {FORMATS.map((format) => (
          <DropdownItem key={format} to={addressOf(format) ?? ""} isDisabled={!addressOf(format)} download="">
            {t(FORMAT_NAMES[format])}
          </DropdownItem>
        ))}
      </DropdownList>
    </Dropdown>
  );
}
