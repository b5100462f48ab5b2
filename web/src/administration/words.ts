/** Roles, doors and scopes in words. */
import type { Scope } from "../api/administration";
import type { Health } from "../api/types";
import { list } from "../words/format";
import { named, t, type Message } from "../words/i18n";

const ROLES: Record<string, Message> = {
  Administrator: "Administrator",
  Operator: "Operator",
  ReadOnly: "Read only",
  NoAccess: "No access",
};
/** Of IPMI. */
const PRIVILEGES: Record<string, Message> = {
  Callback: "Callback",
  User: "User",
  Operator: "Operator",
  Administrator: "Administrator",
};
const DOORS: Record<string, Message> = {
  web: "Web console",
  cli: "Command line",
  host: "The server itself",
  job: "Job",
  service: "The service",
};
const KINDS: Record<string, Message> = {
  node: "Server",
  account: "Account",
  aggregate: "Group of servers",
  subscription: "Hook",
  image: "Image",
  medium: "Medium",
  path: "Address",
  service: "The service",
};
const SEVERITIES: Record<Health, Message> = { OK: "For information", Warning: "Warning", Critical: "Critical" };
export const TARGET_KINDS = Object.keys(KINDS);

export const privilegeWords = (privilege: string) => named(PRIVILEGES, privilege);
export const roleWords = (role: string) => named(ROLES, role);
/** These are called the same in every language. */
const NAMES: Record<string, string> = { redfish: "Redfish", ssh: "SSH", ipmi: "IPMI" };
export const doorWords = (door: string) => NAMES[door] ?? named(DOORS, door);
export const severityWords = (severity: Health) => t(SEVERITIES[severity]);
export const kindWords = (kind: string) => named(KINDS, kind);

export function scopeWords(scope: Scope | undefined): string {
  if (scope === undefined || scope.AllNodes) return t("All servers");
  const all = [...scope.Nodes, ...scope.Tags.map((tag) => t("tag {{tag}}", { tag }))];
  return all.length === 0 ? t("No servers") : list(all);
}
