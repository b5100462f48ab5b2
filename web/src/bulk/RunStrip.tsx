import { Button } from "@patternfly/react-core";
import CloseIcon from "@patternfly/react-icons/dist/esm/icons/rh-microns-close-icon";
import { useCallback, useState } from "react";
import { lazyDialog } from "../shell/lazyDialog";
import { t } from "../words/i18n";
import { useBulk, useRuns } from "./BulkProvider";
import { count, type Run } from "./run";
import { choiceWords } from "./words";
import "./bulk.css";

const AgainDialog = lazyDialog(() => import("./AgainDialog"));
const RunDialog = lazyDialog(() => import("./RunDialog"));

/** On every page: how far what was ordered for many nodes is. */
export function RunStrip() {
  const runs = useRuns();
  const bulk = useBulk();
  const [open, setOpen] = useState<string | null>(null);
  const [again, setAgain] = useState<Run | null>(null);
  const close = useCallback(() => setOpen(null), []);
  const shown = runs.find(({ key }) => key === open);
  return (
    <>
      <p className="pf-v6-screen-reader" role="status">
        {runs.map((run) => `${choiceWords(run.order)}: ${phaseWords(run)}`).join(" ")}
      </p>
      <div>
        {runs.map((run) => (
          <div
            key={run.key}
            className="lo-run"
            data-testid="run"
            data-ended={run.ended}
            data-failed={count(run, "failed", "unknown") > 0}
          >
            <progress
              value={count(run, "done", "failed", "unknown", "stopped")}
              max={run.items.length}
              aria-label={choiceWords(run.order)}
            />
            <span>
              <strong>{choiceWords(run.order)}</strong> {runWords(run)}
            </span>
            <Button variant="link" isInline onClick={() => setOpen(run.key)}>
              {t("Show each node")}
            </Button>
            {run.ended && (
              <Button
                variant="plain"
                icon={<CloseIcon />}
                aria-label={t("Dismiss: {{message}}", { message: choiceWords(run.order) })}
                onClick={() => bulk.dismiss(run)}
              />
            )}
          </div>
        ))}
      </div>
      {shown && (
        <RunDialog
          run={shown}
          onClose={close}
          onAgain={() => {
            setAgain(shown);
            close();
          }}
        />
      )}
      {again && <AgainDialog run={again} onClose={() => setAgain(null)} />}
    </>
  );
}

/** What is worth saying aloud: that it goes on, and how it ended; not each node. */
const phaseWords = (run: Run) => (run.ended ? runWords(run) : run.stopping ? t("stopping") : t("Under way"));

/** "12 of 40 done, 1 failed". */
export function runWords(run: Run): string {
  const [done, failed, stopped] = [count(run, "done"), count(run, "failed"), count(run, "stopped")];
  const unknown = count(run, "unknown");
  return [
    t("{{done}} of {{number}} done", { done, number: run.items.length }),
    failed > 0 && t("{{number}} failed", { number: failed }),
    unknown > 0 && t("nobody knows of {{number}}", { number: unknown }),
    stopped > 0 && t("{{number}} stopped", { number: stopped }),
    run.stopping && !run.ended && t("stopping"),
    !run.ended && run.items.some(({ held }) => held) && t("waiting until the service answers"),
  ]
    .filter(Boolean)
    .join(", ");
}
