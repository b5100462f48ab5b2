/** What a person typed of how a run is spread: it is judged, never mended. */
import type { Stagger } from "../api/bulk";

export type StaggerText = Record<keyof Stagger, string>;

const RANGES: Record<keyof Stagger, { least: number; most: number }> = {
  size: { least: 1, most: 10_000 },
  seconds: { least: 0, most: 86_400 },
};

export const textOf = ({ size, seconds }: Stagger): StaggerText => ({ size: String(size), seconds: String(seconds) });

/** The whole number; null where the text is none, or none that is allowed. */
export function read(what: keyof Stagger, text: string): number | null {
  const { least, most } = RANGES[what];
  const number = Number(text);
  return /^\d+$/.test(text.trim()) && number >= least && number <= most ? number : null;
}

export function readStagger(text: StaggerText): Stagger | null {
  const [size, seconds] = [read("size", text.size), read("seconds", text.seconds)];
  return size === null || seconds === null ? null : { size, seconds };
}
