/** What the page shows of /metrics, the text that Prometheus reads. */

export interface Figures {
  /** Seconds within which 99 of 100 turns of the event loop came, or null where none was measured. */
  lag: number | null;
  consoles: number | null;
  nodes: number | null;
}

const SAMPLE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;

interface Sample {
  labels: string;
  value: number;
}

function samples(text: string, name: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const found = SAMPLE.exec(line);
    return found?.[1] === name ? [{ labels: found[2] ?? "", value: Number(found[3]) }] : [];
  });
}

const sum = (found: Sample[]) => (found.length === 0 ? null : found.reduce((total, { value }) => total + value, 0));

export function figures(text: string): Figures {
  const buckets = samples(text, "lightsout_loop_lag_seconds_bucket").map(({ labels, value }) => ({
    within: Number((/le="([^"]+)"/.exec(labels)?.[1] ?? "").replace("+Inf", "Infinity")),
    value,
  }));
  const all = buckets.at(-1)?.value ?? 0;
  const lag = all === 0 ? undefined : buckets.find(({ value }) => value >= all * 0.99)?.within;
  return {
    lag: lag ?? null,
    consoles: sum(samples(text, "lightsout_streams")),
    nodes: sum(samples(text, "lightsout_nodes")),
  };
}
