import { Button, EmptyState, EmptyStateBody, SearchInput, Skeleton } from "@patternfly/react-core";
import { useState } from "react";
import { useLinesAround, useSerialLines, type Period, type SerialLine } from "../../api/serialLog";
import type { System } from "../../api/types";
import { ErrorPanel } from "../../shell/ErrorPanel";
import { Loading } from "../../shell/Loading";
import { Unread } from "../../shell/Unread";
import { moment } from "../../words/format";
import { t } from "../../words/i18n";

interface LinesPanelProps {
  system: System;
  period: Period;
  onReplay: (line: SerialLine) => void;
}

/** The lines of the log, newest first, and those alone in which something stands. */
export function LinesPanel({ system, period, onReplay }: LinesPanelProps) {
  const [asked, setAsked] = useState("");
  const [text, setText] = useState("");
  const found = useSerialLines(system, text, period);
  const lines = found.data?.pages.flatMap((page) => page.Members) ?? [];
  const count = found.data?.pages[0]?.["Members@odata.count"] ?? 0;
  return (
    <>
      <div className="lo-log-search">
        <SearchInput
          value={asked}
          placeholder={t("Find in the whole log")}
          aria-label={t("Find in the whole log")}
          searchInputId="log-search"
          submitSearchButtonLabel={t("Search")}
          resetButtonLabel={t("Clear")}
          onChange={(_event, value) => setAsked(value)}
          onSearch={(_event, value) => setText(value)}
          onClear={() => {
            setAsked("");
            setText("");
          }}
        />
        <span className="lo-muted" role="status" data-testid="log-count">
          {found.data && !found.isPlaceholderData && t("{{count}} lines", { count })}
        </span>
      </div>
      {found.isPending && <Loading />}
      {found.isError && !found.data && (
        <ErrorPanel title={t("The log cannot be shown")} error={found.error} retry={() => void found.refetch()} />
      )}
      {found.isSuccess && lines.length === 0 && (
        <EmptyState variant="sm" titleText={t("Nothing found")} headingLevel="h2">
          <EmptyStateBody>
            {text === ""
              ? t("Nothing was printed in this time. Choose another, or switch the node on.")
              : t("No line has this text. Look for less of it, or in a longer time.")}
          </EmptyStateBody>
        </EmptyState>
      )}
      <ol className="lo-log-lines" aria-busy={found.isPlaceholderData}>
        {lines.map((line) => (
          <Line key={line.Id} system={system} line={line} text={text} onReplay={onReplay} />
        ))}
      </ol>
      {found.isFetchNextPageError && <p role="alert">{found.error.message}</p>}
      {found.hasNextPage && (
        <Button variant="link" isLoading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("Show older lines")}
        </Button>
      )}
    </>
  );
}

interface LineProps {
  system: System;
  line: SerialLine;
  text: string;
  onReplay: (line: SerialLine) => void;
}

function Line({ system, line, text, onReplay }: LineProps) {
  const [open, setOpen] = useState(false);
  const around = useLinesAround(system, line, open);
  return (
    <li>
      <button
        type="button"
        className="lo-log-line"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        title={t("What stood around it")}
      >
        <time dateTime={line.Created}>{moment(line.Created)}</time>
        <span className="lo-mono">
          <Marked line={line.Message ?? ""} text={text} />
        </span>
      </button>
      {open && (
        <div className="lo-log-around">
          {around.isPending && <Skeleton screenreaderText={t("Loading")} />}
          {around.isError && <Unread of={around} />}
          {around.data && (
            <pre data-testid="around" tabIndex={0} role="group" aria-label={t("What stood around it")}>
              {around.data.map((each) => (
                <span key={each.Id} className={each.Id === line.Id ? "lo-log-here" : undefined}>
                  {(each.Message ?? "") + "\n"}
                </span>
              ))}
            </pre>
          )}
          <Button variant="link" isInline onClick={() => onReplay(line)}>
            {t("Replay from here")}
          </Button>
        </div>
      )}
    </li>
  );
}

/** A line with what was looked for marked. */
function Marked({ line, text }: { line: string; text: string }) {
  const parts = [];
  const [low, wanted] = [line.toLowerCase(), text.toLowerCase()];
  let from = 0;
  // Where small letters are more than the capitals they stand for, places would not fit.
  for (let at = low.indexOf(wanted); wanted !== "" && at >= 0 && low.length === line.length;) {
    parts.push(line.slice(from, at), <mark key={at}>{line.slice(at, at + wanted.length)}</mark>);
    from = at + wanted.length;
    at = low.indexOf(wanted, from);
  }
  return (
    <>
      {parts}
      {line.slice(from)}
    </>
  );
}
