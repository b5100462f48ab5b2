import { Button, EmptyState, EmptyStateBody, FormSelect, FormSelectOption, SearchInput } from "@patternfly/react-core";
import { Fragment, useState } from "react";
import { useSearchParams } from "react-router";
import { useMayOperate } from "../api/session";
import { ANY_TIME, type Period } from "../api/query";
import { KINDS, useTimeline, type Happening } from "../api/timeline";
import type { System } from "../api/types";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { PeriodFields } from "../shell/PeriodFields";
import { useText } from "../shell/useText";
import { Stale } from "../shell/Stale";
import { day } from "../words/format";
import { t } from "../words/i18n";
import { Printed } from "./Printed";
import { TimelineEntry } from "./TimelineEntry";
import { kindWords } from "./words";
import "./timeline.css";

const FIRST = 50;
/** As many as the service gives at once. */
const MOST = 1000;

/** What happened to the node, newest first: power, SEL, jobs, callers, and the console in between. */
export default function TimelinePanel({ system }: { system: System }) {
  // In the address, so that "its power" can be linked to.
  const [search, setSearch] = useSearchParams();
  const kind = search.get("kind") ?? "";
  const [typed, text, type] = useText();
  const [period, setPeriod] = useState<Period>(ANY_TIME);
  const [top, setTop] = useState(FIRST);
  const timeline = useTimeline(system, { kind, text, period }, top);
  const isFiltered = kind !== "" || text !== "" || period.within !== "";
  return (
    <div className="lo-timeline">
      <div className="lo-filters" role="search" aria-label={t("Choose what is shown")}>
        <FormSelect
          id="timeline-kind"
          aria-label={t("What")}
          value={kind}
          onChange={(_event, chosen) => setSearch(chosen === "" ? {} : { kind: chosen }, { replace: true })}
        >
          {["", ...KINDS].map((name) => (
            <FormSelectOption key={name} value={name} label={name === "" ? t("Everything") : kindWords(name)} />
          ))}
        </FormSelect>
        <PeriodFields id="timeline-when" value={period} onChange={setPeriod} />
        <SearchInput
          className="lo-search"
          aria-label={t("Search in the timeline")}
          placeholder={t("Words, account, address…")}
          value={typed}
          onChange={(_event, value) => type(value)}
          onClear={() => type("")}
          resetButtonLabel={t("Clear")}
        />
      </div>
      {timeline.isPending && <Loading />}
      {timeline.isError && !timeline.data && (
        <ErrorPanel
          title={t("The timeline cannot be shown")}
          error={timeline.error}
          retry={() => void timeline.refetch()}
        />
      )}
      <Stale of={timeline} />
      {timeline.data?.entries.length === 0 && <Nothing isFiltered={isFiltered} />}
      {timeline.data && timeline.data.entries.length > 0 && (
        <>
          <Entries system={system} entries={timeline.data.entries} isWhole={!isFiltered} />
          <Older
            shown={timeline.data.entries.length}
            count={timeline.data.count}
            isLoading={timeline.isPlaceholderData}
            onMore={() => setTop((now) => Math.min(MOST, now * 4))}
          />
        </>
      )}
    </div>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <EmptyState titleText={t("Nothing like that happened")} headingLevel="h2">
      <EmptyStateBody>{t("Choose another kind, a longer time or other words.")}</EmptyStateBody>
    </EmptyState>
  ) : (
    <EmptyState titleText={t("Nothing has happened yet.")} headingLevel="h2">
      <EmptyStateBody>{t("What is done to this node, and what it does itself, appears here.")}</EmptyStateBody>
    </EmptyState>
  );
}

interface EntriesProps {
  system: System;
  entries: Happening[];
  /** Whether nothing is left out between two of them, so that the console fits in. */
  isWhole: boolean;
}

function Entries({ system, entries, isWhole }: EntriesProps) {
  const mayOperate = useMayOperate();
  const hasConsole = isWhole && mayOperate && system.SerialConsole?.WebSocket.ServiceEnabled === true;
  return (
    <ol className="lo-happenings" aria-label={t("Timeline")}>
      {entries.map((entry, index) => {
        const newer = entries[index - 1];
        const today = day(entry.Created);
        return (
          <Fragment key={entry.Id}>
            {hasConsole && isApart(newer, entry) && (
              <li className="lo-between">
                <Printed system={system} since={entry.Created} until={newer?.Created} />
              </li>
            )}
            {(newer === undefined || day(newer.Created) !== today) && (
              <li className="lo-day">
                <h2>{today}</h2>
              </li>
            )}
            <TimelineEntry system={system} entry={entry} />
          </Fragment>
        );
      })}
    </ol>
  );
}

const APART_MS = 1000;

/** Whether there was time for the console to print something. */
const isApart = (newer: Happening | undefined, older: Happening) =>
  newer === undefined || new Date(newer.Created).getTime() - new Date(older.Created).getTime() >= APART_MS;

interface OlderProps {
  shown: number;
  count: number;
  isLoading: boolean;
  onMore: () => void;
}

function Older({ shown, count, isLoading, onMore }: OlderProps) {
  if (shown >= count) return <p className="lo-muted">{t("That is all that is kept.")}</p>;
  if (shown >= MOST) return <p className="lo-muted">{t("Choose a time to see what is older.")}</p>;
  return (
    <Button variant="secondary" onClick={onMore} isLoading={isLoading} isDisabled={isLoading}>
      {t("Show older entries ({{shown}} of {{total}} shown)", { shown, total: count })}
    </Button>
  );
}
