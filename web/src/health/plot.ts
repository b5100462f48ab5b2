/** The geometry of a plot: what is drawn where, in a box of 100 by 100 with its origin at the top left. */
import { THRESHOLDS, type Sensor, type Series, type ThresholdName } from "../api/sensors";

export interface Line {
  name: ThresholdName;
  at: number;
  y: number;
}

export interface Plot {
  /** The readings without a break; a reading that stands alone is a line of no length. */
  paths: string[];
  /** Between the least and the greatest of each interval, where those are known. */
  bands: string[];
  thresholds: Line[];
  bottom: number;
  top: number;
}

export interface Facts {
  least: number;
  greatest: number;
  /** Seconds of the whole in which nothing was read, from the first reading on. */
  missing: number;
}

const known = (values: (number | null)[]) => values.filter((value) => value !== null);

export function thresholdsOf(sensor: Sensor): { name: ThresholdName; at: number }[] {
  return THRESHOLDS.flatMap((name) => {
    const at = sensor.Thresholds[name].Reading;
    return at === null ? [] : [{ name, at }];
  });
}

export function factsOf(series: Series, interval: number): Facts | undefined {
  const values = known([...series.Readings, ...(series.Minima ?? []), ...(series.Maxima ?? [])]);
  if (values.length === 0) return undefined;
  const first = series.Readings.findIndex((value) => value !== null);
  const gaps = series.Readings.slice(first).filter((value) => value === null).length;
  return { least: Math.min(...values), greatest: Math.max(...values), missing: gaps * interval };
}

/** Stretches without a gap, as the places of their first and last readings. */
function stretches(values: (number | null)[]): [first: number, last: number][] {
  const found: [number, number][] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const last = found.at(-1);
    if (last?.[1] === index - 1) last[1] = index;
    else found.push([index, index]);
  });
  return found;
}

export function plotOf(sensor: Sensor, series: Series): Plot | undefined {
  const { Readings, Minima = Readings, Maxima = Readings } = series;
  const values = known([...Readings, ...Minima, ...Maxima]);
  if (values.length === 0) return undefined;
  const thresholds = thresholdsOf(sensor);
  const all = [...values, ...thresholds.map(({ at }) => at)];
  const [least, greatest] = [Math.min(...all), Math.max(...all)];
  // A line that never moves lies in the middle.
  const margin = (greatest - least) * 0.08 || Math.abs(greatest) * 0.1 || 1;
  // What is never less than nothing has no room below it.
  const bottom = least >= 0 ? Math.max(0, least - margin) : least - margin;
  const top = greatest + margin;
  const x = (index: number) => round((100 * (index + 0.5)) / Readings.length);
  const y = (value: number) => round((100 * (top - value)) / (top - bottom));
  const points = (of: (number | null)[], first: number, last: number) =>
    of.slice(first, last + 1).flatMap((value, step) => (value === null ? [] : [`${x(first + step)} ${y(value)}`]));
  const parts = stretches(Readings);
  return {
    paths: parts.map(([first, last]) => {
      const line = points(Readings, first, last);
      return `M${line.length === 1 ? [...line, ...line].join("L") : line.join("L")}`;
    }),
    bands:
      series.Minima === undefined
        ? []
        : parts.map(([first, last]) => {
            const around = [...points(Maxima, first, last), ...points(Minima, first, last).reverse()];
            return `M${around.join("L")}Z`;
          }),
    thresholds: thresholds.map(({ name, at }) => ({ name, at, y: y(at) })),
    bottom,
    top,
  };
}

const round = (value: number) => Math.round(value * 100) / 100;
