/** Asciicasts (version 2): what a terminal was sent, and when. */

export interface Frame {
  /** Seconds since the beginning, with long pauses cut. */
  at: number;
  /** When it really was, in milliseconds since the epoch. */
  moment: number;
  text: string;
}

export interface Cast {
  width: number;
  height: number;
  frames: Frame[];
  /** Seconds. */
  length: number;
}

interface Header {
  version: number;
  width: number;
  height: number;
  timestamp?: number;
  idle_time_limit?: number;
}

/** Seconds of a pause that anybody must wait for, when the cast says nothing of it. */
const LONGEST_PAUSE = 2;

/** :throws Error when it is no asciicast. An empty text is one without frames. */
export function parseCast(text: string): Cast {
  const lines = text.split("\n").filter((line) => line !== "");
  const head = JSON.parse(lines[0] ?? '{"version": 2, "width": 80, "height": 24}') as Header;
  if (head.version !== 2) throw new Error(`asciicast ${head.version}`);
  const longest = head.idle_time_limit ?? LONGEST_PAUSE;
  const frames: Frame[] = [];
  let [at, before] = [0, 0];
  for (const line of lines.slice(1)) {
    const [time, kind, data] = JSON.parse(line) as [number, string, string];
    if (kind !== "o") continue;
    at += Math.min(Math.max(0, time - before), longest);
    before = time;
    frames.push({ at, moment: ((head.timestamp ?? 0) + time) * 1000, text: data });
  }
  return { width: head.width, height: head.height, frames, length: at };
}

/** The number of frames that were shown by `at`. */
export function shownBy(frames: Frame[], at: number): number {
  let [low, high] = [0, frames.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((frames[middle]?.at ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
