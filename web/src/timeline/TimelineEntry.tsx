import { Label } from "@patternfly/react-core";
import BoltIcon from "@patternfly/react-icons/dist/esm/icons/bolt-icon";
import CogIcon from "@patternfly/react-icons/dist/esm/icons/cog-icon";
import CompactDiscIcon from "@patternfly/react-icons/dist/esm/icons/compact-disc-icon";
import HeartbeatIcon from "@patternfly/react-icons/dist/esm/icons/heartbeat-icon";
import KeyIcon from "@patternfly/react-icons/dist/esm/icons/key-icon";
import ListIcon from "@patternfly/react-icons/dist/esm/icons/list-icon";
import LockIcon from "@patternfly/react-icons/dist/esm/icons/lock-icon";
import PlayIcon from "@patternfly/react-icons/dist/esm/icons/play-icon";
import TasksIcon from "@patternfly/react-icons/dist/esm/icons/tasks-icon";
import TerminalIcon from "@patternfly/react-icons/dist/esm/icons/terminal-icon";
import type { ComponentType } from "react";
import { Link } from "react-router";
import type { Happening, Kind } from "../api/timeline";
import type { System } from "../api/types";
import { nodePath } from "../node/address";
import { moment, time } from "../words/format";
import { t } from "../words/i18n";
import { isDone, kindWords, outcomeWords, sentenceOf, wayWords } from "./words";

const ICONS: Record<Kind, ComponentType> = {
  Power: BoltIcon,
  Boot: PlayIcon,
  Media: CompactDiscIcon,
  Console: TerminalIcon,
  Job: TasksIcon,
  Reservation: LockIcon,
  Health: HeartbeatIcon,
  SEL: ListIcon,
  SignIn: KeyIcon,
  Settings: CogIcon,
};

/** One thing that happened: when, what, who, by what way and from where, and how it ended. */
export function TimelineEntry({ system, entry }: { system: System; entry: Happening }) {
  const told = entry.Oem.Lightsout;
  const Icon = ICONS[told.Kind as Kind];
  const { who, what } = sentenceOf(entry);
  const way = wayWords(told);
  return (
    <li className="lo-happening" data-testid={entry.Id} data-kind={told.Kind}>
      <time dateTime={entry.Created} title={moment(entry.Created)} className="lo-muted">
        {time(entry.Created)}
      </time>
      <span title={kindWords(told.Kind)}>
        <Icon />
        <span className="pf-v6-u-screen-reader">{kindWords(told.Kind)}</span>
      </span>
      <div>
        {who !== "" && <strong>{who} </strong>}
        <span>{what}</span>
        {way !== "" && <span className="lo-muted"> {way}</span>}{" "}
        {told.Source === "audit" && !isDone(told) && (
          <>
            <Label status="warning" isCompact>
              {t("Not done")}
            </Label>{" "}
            <span>{outcomeWords(told.Outcome ?? "")}</span>
          </>
        )}
        {entry.Severity === "Warning" && told.Source !== "audit" && (
          <Label status="warning" isCompact>
            {t("Warning")}
          </Label>
        )}
        {entry.Severity === "Critical" && (
          <Label status="danger" isCompact>
            {t("Critical")}
          </Label>
        )}{" "}
        {told.Task !== null && (
          <Link to={`${nodePath(system.Id, "jobs")}?job=${encodeURIComponent(told.Task)}`}>{t("Show the job")}</Link>
        )}
        {told.Kind === "SEL" && <Link to={`${nodePath(system.Id, "health")}#sel`}>{t("Show the SEL")}</Link>}
      </div>
    </li>
  );
}
