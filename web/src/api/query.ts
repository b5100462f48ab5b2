/** Conditions for Redfish's $filter. */
import { now } from "../words/clock";

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

export const equal = (path: string, value: string) => `${path} eq ${quoted(value)}`;

/** Any of the properties has the text in it, in any case. */
export const anyContains = (paths: string[], text: string) =>
  `(${paths.map((path) => `contains(${path},${quoted(text)})`).join(" or ")})`;

/** All that are there, as the end of an address; empty when there are none. */
export function query(options: { top?: number; filter: (string | false)[] }): string {
  const filter = options.filter.filter((condition) => condition !== false).join(" and ");
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

const iso = (local: string) => {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
};

/** Where it begins and ends now. */
function bounds({ within, from, to }: Period): { since?: string; until?: string } {
  if (within === "") return {};
  if (within !== BETWEEN) return { since: new Date(now() - Number(within) * HOUR_MS).toISOString() };
  const [since, until] = [iso(from), iso(to)];
  return { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
}

/** The condition that something was made in the period. */
export function created(period: Period): (string | false)[] {
  const { since, until } = bounds(period);
  return [since !== undefined && `Created ge ${since}`, until !== undefined && `Created le ${until}`];
}
