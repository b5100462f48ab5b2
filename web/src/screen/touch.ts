/** What an on-screen keyboard has typed: such keyboards tell no keys, they change a text. */

/** A field that is never empty, so that there is something to erase. */
export const PAD = "_".repeat(64);

export interface Change {
  erased: number;
  added: string;
}

export function difference(before: string, after: string): Change {
  const [old, now] = [Array.from(before), Array.from(after)];
  let same = 0;
  while (same < old.length && same < now.length && old[same] === now[same]) same += 1;
  return { erased: old.length - same, added: now.slice(same).join("") };
}
