import type { History, Sensor, Series } from "../api/sensors";
import { duration, number, time } from "../words/format";
import { t } from "../words/i18n";
import { factsOf, plotOf } from "./plot";
import { isSevere, reading } from "./words";

interface SensorPlotProps {
  sensor: Sensor;
  series: Series;
  history: History;
  /** "the last hour", as a word in a sentence. */
  span: string;
}

/** What a sensor read, as a line; gaps are gaps. The words below say the same to who cannot see it. */
export function SensorPlot({ sensor, series, history, span }: SensorPlotProps) {
  const plot = plotOf(sensor, series);
  const facts = factsOf(series, history.IntervalSeconds);
  if (plot === undefined || facts === undefined)
    return <p className="lo-muted">{t("Nothing was read in {{span}}.", { span })}</p>;
  const units = sensor.ReadingUnits;
  const end = new Date(history.Start).getTime() + series.Readings.length * history.IntervalSeconds * 1000;
  return (
    <figure className="lo-plot">
      <div className="lo-plot-box">
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden>
          {plot.bands.map((path) => (
            <path key={path} d={path} className="lo-plot-band" />
          ))}
          {plot.thresholds.map(({ name, y }) => (
            <line
              key={name}
              x1="0"
              x2="100"
              y1={y}
              y2={y}
              className={isSevere(name) ? "lo-plot-critical" : "lo-plot-caution"}
            />
          ))}
          {plot.paths.map((path) => (
            <path key={path} d={path} className="lo-plot-line" />
          ))}
        </svg>
      </div>
      <div className="lo-plot-scale lo-muted" aria-hidden>
        <span>{scale(plot.top)}</span>
        <span>{scale(plot.bottom)}</span>
      </div>
      <div className="lo-plot-times lo-muted" aria-hidden>
        <span>{time(history.Start)}</span>
        <span>{time(new Date(end).toISOString())}</span>
      </div>
      <figcaption className="lo-muted">
        {t("{{least}} to {{greatest}} in {{span}}", {
          least: reading(facts.least, units),
          greatest: reading(facts.greatest, units),
          span,
        })}
        {facts.missing > 0 && t(", without readings for {{time}}", { time: duration(facts.missing * 1000) })}
      </figcaption>
    </figure>
  );
}

/** The ends of the scale are nobody's readings: whole numbers do. */
const scale = (value: number) => number(Math.abs(value) < 10 ? value : Math.round(value));
