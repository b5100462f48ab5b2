import { Button } from "@patternfly/react-core";
import { useState } from "react";
import { useSession } from "../api/session";
import { lazyDialog } from "../shell/lazyDialog";
import { t } from "../words/i18n";
import { runWords } from "./RunStrip";
import { useSweepsOfOthers } from "./sweeps";
import { runTitle } from "./words";

const RunDialog = lazyDialog(() => import("./RunDialog"));

/** What others do to many nodes just now: who, what, and how far it is. */
export function OthersRuns() {
  const account = useSession().data?.account ?? "";
  const [open, setOpen] = useState<string | null>(null);
  const runs = useSweepsOfOthers(account, open);
  const shown = runs.find(({ key }) => key === open);
  const going = runs.filter(({ ended }) => !ended);
  return (
    <>
      <p className="pf-v6-screen-reader" role="status">
        {going.map((run) => runTitle(run, account)).join(" ")}
      </p>
      {going.length > 0 && (
        <ul className="lo-others" aria-label={t("What others do to many nodes")}>
          {going.map((run) => (
            <li key={run.key} data-testid="others-run">
              {t("{{run}}: {{progress}}", { run: runTitle(run, account), progress: runWords(run) })}{" "}
              <Button variant="link" isInline onClick={() => setOpen(run.key)}>
                {t("Show each node")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {shown && <RunDialog run={shown} onClose={() => setOpen(null)} />}
    </>
  );
}
