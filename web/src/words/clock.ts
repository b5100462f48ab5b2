/** The service's clock, by which it dates all that it tells: a browser's own may be hours off. */

/** A reply takes its time, and its date is in whole seconds: less than this is no difference. */
const TOLERANCE_MS = 5000;

let ahead = 0;

/** Takes the Date header of a reply that has just come. */
export function hearServerTime(date: string | null): void {
  const behind = Date.parse(date ?? "") - Date.now();
  if (!Number.isNaN(behind)) ahead = Math.abs(behind) < TOLERANCE_MS ? 0 : behind;
}

/** Milliseconds since 1970. */
export const now = () => Date.now() + ahead;
