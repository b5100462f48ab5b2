import {
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  Label,
  Skeleton,
  ToggleGroup,
  ToggleGroupItem,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useState } from "react";
import { idOf } from "../api/http";
import { useSensorHistory, useSensors, type History, type Sensor, type Span } from "../api/sensors";
import type { System } from "../api/types";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Unread } from "../shell/Unread";
import { Stale } from "../shell/Stale";
import { t, type Message } from "../words/i18n";
import { SensorPlot } from "./SensorPlot";
import { reading, sensorLook, thresholdsInWords } from "./words";

const SPANS: Record<Span, { label: Message; words: Message }> = {
  Hour: { label: "Last hour", words: "the last hour" },
  Day: { label: "Last day", words: "the last day" },
};

/** What each sensor reads, what it may read, and what it has read. */
export function SensorsCard({ system }: { system: System }) {
  const [span, setSpan] = useState<Span>("Hour");
  const sensors = useSensors(system);
  const history = useSensorHistory(system, span);
  return (
    <Card className="lo-wide-card">
      <CardHeader
        actions={{
          hasNoOffset: true,
          actions: (
            <ToggleGroup aria-label={t("How far the plots go back")} isCompact>
              {(Object.keys(SPANS) as Span[]).map((name) => (
                <ToggleGroupItem
                  key={name}
                  text={t(SPANS[name].label)}
                  isSelected={span === name}
                  onChange={() => setSpan(name)}
                />
              ))}
            </ToggleGroup>
          ),
        }}
      >
        <CardTitle component="h2">{t("Sensors")}</CardTitle>
      </CardHeader>
      <CardBody>
        {sensors.isPending && <Skeleton height="12rem" screenreaderText={t("Loading")} />}
        {sensors.isError && !sensors.data && (
          <ErrorPanel
            title={t("The sensors cannot be shown")}
            error={sensors.error}
            retry={() => void sensors.refetch()}
          />
        )}
        <Stale of={sensors} />
        {sensors.data?.length === 0 && <p>{t("Nothing is measured at this node.")}</p>}
        {sensors.data && sensors.data.length > 0 && (
          <Table aria-label={t("Sensors")} variant="compact" gridBreakPoint="grid-lg" className="lo-sensors">
            <Thead>
              <Tr>
                <Th width={15}>{t("Sensor")}</Th>
                <Th width={10}>{t("Reading")}</Th>
                <Th width={10}>{t("State")}</Th>
                <Th width={20}>{t("Thresholds")}</Th>
                <Th>{t(SPANS[span].label)}</Th>
              </Tr>
            </Thead>
            <Tbody>
              {sensors.data.map((sensor) => (
                <SensorRow key={sensor.Id} sensor={sensor} history={history.data} span={t(SPANS[span].words)} />
              ))}
            </Tbody>
          </Table>
        )}
        {history.isError && !history.data && <Unread of={history} />}
      </CardBody>
    </Card>
  );
}

function SensorRow({ sensor, history, span }: { sensor: Sensor; history: History | undefined; span: string }) {
  const { label, ...look } = sensorLook(sensor);
  const thresholds = thresholdsInWords(sensor);
  const series = history?.Sensors.find((each) => idOf(each.Sensor) === sensor.Id);
  return (
    <Tr data-testid={`sensor-${sensor.Id}`}>
      <Td dataLabel={t("Sensor")} modifier="breakWord">
        <span lang="en">{sensor.Name}</span>
      </Td>
      <Td dataLabel={t("Reading")}>{sensor.Reading === null ? "–" : reading(sensor.Reading, sensor.ReadingUnits)}</Td>
      <Td dataLabel={t("State")}>
        <span className="lo-labels">
          <Label variant="outline" {...look}>
            {label}
          </Label>
        </span>
      </Td>
      <Td dataLabel={t("Thresholds")} modifier="breakWord">
        {thresholds.length === 0 ? (
          t("None set")
        ) : (
          <ul>
            {thresholds.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        )}
      </Td>
      <Td dataLabel={t("Plot")} className="lo-plot-cell">
        {history && series && <SensorPlot sensor={sensor} series={series} history={history} span={span} />}
      </Td>
    </Tr>
  );
}
