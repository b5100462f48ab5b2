import { Button } from "@patternfly/react-core";
import { useState } from "react";
import { logPage, type AuditEntry } from "../api/administration";
import { PATHS } from "../api/paths";
import { download } from "../console/files";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";
import { csvLine } from "./file";

const EXPORTED = 10_000;
const AT_ONCE = 1000;

/** Saves what the search finds. */
export function AuditExport({ filter }: { filter: string }) {
  const { failed } = useNotices();
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      download(new Blob([await asCsv(filter)], { type: "text/csv" }), "lightsout-audit.csv");
    } catch (error) {
      failed(t("The audit was not saved"), error as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button variant="secondary" isLoading={busy} isDisabled={busy} onClick={() => void save()}>
      {t("Save what is found (CSV)")}
    </Button>
  );
}

/** The newest records, as far as a spreadsheet is of use. */
async function asCsv(filter: string): Promise<string> {
  const lines = new Map<string, string>();
  for (let skip = 0; skip < EXPORTED; skip += AT_ONCE) {
    const page = await logPage<AuditEntry>(PATHS.audit, filter, skip, AT_ONCE);
    for (const entry of page.Members) {
      const { Account, Role, Door, Address, ApiToken, Action, TargetKind, Target, Outcome, Details } =
        entry.Oem.Lightsout;
      const cells = [entry.Created, Account, Role, Door, Address, ApiToken, Action, TargetKind, Target, Outcome];
      lines.set(entry.Id, csvLine([...cells.map((cell) => cell ?? ""), JSON.stringify(Details)]));
    }
    if (page.Members.length < AT_ONCE) break;
  }
  const head = ["Created", "Account", "Role", "Door", "Address", "ApiToken", "Action", "TargetKind", "Target"];
  return csvLine([...head, "Outcome", "Details"]) + [...lines.values()].join("");
}
