/** What is searched for in the audit, as Redfish's $filter has it. */
import { allOf, contains, createdBetween, equal, momentOf } from "../api/query";

export interface AuditSearch {
  text: string;
  account: string;
  kind: string;
  target: string;
  outcome: string;
  /** In the viewer's own time, as an input of the browser has it. */
  since: string;
  until: string;
}

const OURS = "Oem/Lightsout";

export function auditFilter(search: AuditSearch): string {
  const part = (value: string, condition: (path: string, value: string) => string, path: string) =>
    value.trim() !== "" && condition(path, value.trim());
  return allOf([
    part(search.text, contains, "Message"),
    part(search.account, contains, `${OURS}/Account`),
    part(search.kind, equal, `${OURS}/TargetKind`),
    part(search.target, contains, `${OURS}/Target`),
    part(search.outcome, equal, "Severity"),
    ...createdBetween(momentOf(search.since), momentOf(search.until)),
  ]);
}
