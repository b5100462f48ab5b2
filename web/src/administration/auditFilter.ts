/** What is searched for in the audit, as Redfish's $filter has it. */
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

const quoted = (text: string) => `'${text.trim().replaceAll("'", "''")}'`;

export function auditFilter(search: AuditSearch): string {
  const part = (value: string, condition: (value: string) => string) => (value.trim() === "" ? "" : condition(value));
  const at = (order: string) => (value: string) => {
    const moment = new Date(value);
    return Number.isNaN(moment.getTime()) ? "" : `Created ${order} ${moment.toISOString()}`;
  };
  return [
    part(search.text, (text) => `contains(Message,${quoted(text)})`),
    part(search.account, (text) => `contains(Oem/Lightsout/Account,${quoted(text)})`),
    part(search.kind, (kind) => `Oem/Lightsout/TargetKind eq ${quoted(kind)}`),
    part(search.target, (text) => `contains(Oem/Lightsout/Target,${quoted(text)})`),
    part(search.outcome, (severity) => `Severity eq ${quoted(severity)}`),
    part(search.since, at("ge")),
    part(search.until, at("le")),
  ]
    .filter((condition) => condition !== "")
    .join(" and ");
}
