/** Conditions for Redfish's $filter. */
import { now } from "../words/clock";

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

export const equal = (path: string, value: string) => `${path} eq ${quoted(value)}`;

export const contains = (path: string, text: string) => `contains(${path},${quoted(text)})`;

export const anyOf = (conditions: string[]) => `(${conditions.join(" or ")})`;

/** Any of the properties has the text in it, in any case. */
export const anyContains = (paths: string[], text: string) => anyOf(paths.map((path) => contains(path, text)));

/** All that are there; "" when there are none. */
export const allOf = (conditions: (string | false)[]) =>
  conditions.filter((condition) => condition !== false).join(" and ");

/** All that are there, as the end of an address; empty when there are none. */
export function query(options: { top?: number; filter: (string | false)[] }): string {
  const filter = allOf(options.filter);
  const parts = [
    ...(options.top === undefined ? [] : [`$top=${options.top}`]),
    ...(filter === "" ? [] : [`$filter=${encodeURIComponent(filter)}`]),
  ];
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** A stretch of time: `within` so many hours of now, or between two moments as an <input> gives them. */
export interface Period {
  within: string;
  from: string;
  to: string;
}

export const ANY_TIME: Period = { within: "", from: "", to: "" };
export const BETWEEN = "between";
const HOUR_MS = 3_600_000;

/** A moment as an <input> gives it, in RFC 3339; "" for what is none. */
export function momentOf(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}

/** Where it begins and ends now. */
function bounds({ within, from, to }: Period): { since: string; until: string } {
  if (within === "") return { since: "", until: "" };
  if (within === BETWEEN) return { since: momentOf(from), until: momentOf(to) };
  return { since: new Date(now() - Number(within) * HOUR_MS).toISOString(), until: "" };
}

/** The conditions that something was made between two moments of RFC 3339; "" is no bound. */
export const createdBetween = (since: string, until: string): (string | false)[] => [
  since !== "" && `Created ge ${since}`,
  until !== "" && `Created le ${until}`,
];

/** The condition that something was made in the period. */
export function created(period: Period): (string | false)[] {
  const { since, until } = bounds(period);
  return createdBetween(since, until);
}
