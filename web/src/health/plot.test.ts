import { expect, test } from "vitest";
import type { Sensor, Series } from "../api/sensors";
import { factsOf, plotOf } from "./plot";

const NONE = { Activation: null, HysteresisReading: null, Reading: null };
const SENSOR = {
  "@odata.id": "/redfish/v1/Chassis/n1/Sensors/Inlet",
  Id: "Inlet",
  Name: "Inlet",
  Reading: 20,
  ReadingUnits: "Cel",
  Thresholds: {
    LowerFatal: NONE,
    LowerCritical: NONE,
    LowerCaution: NONE,
    UpperCaution: NONE,
    UpperCritical: NONE,
    UpperFatal: NONE,
  },
} as Sensor;
const series = (Readings: (number | null)[], more: Partial<Series> = {}): Series => ({
  Sensor: { "@odata.id": SENSOR["@odata.id"] },
  Name: SENSOR.Name,
  ReadingUnits: "Cel",
  Readings,
  ...more,
});

test("a gap is drawn as a gap", () => {
  expect(plotOf(SENSOR, series([1, 2, null, null, 3]))?.paths).toHaveLength(2);
});

test("a reading that stands alone is seen", () => {
  expect(plotOf(SENSOR, series([null, 5, null]))?.paths).toEqual(["M50 50L50 50"]);
});

test("what reads nothing all the time lies at the bottom", () => {
  const plot = plotOf(SENSOR, series([0, 0]));
  expect([plot?.bottom, plot?.top, plot?.paths]).toEqual([0, 1, ["M25 100L75 100"]]);
});

test("a threshold far from the readings is in the picture", () => {
  const plot = plotOf(
    { ...SENSOR, Thresholds: { ...SENSOR.Thresholds, UpperCritical: { ...NONE, Reading: 80 } } },
    series([20, 21]),
  );
  expect(plot?.thresholds.map(({ name }) => name)).toEqual(["UpperCritical"]);
  expect(plot?.top).toBeGreaterThan(80);
});

test("the extremes of a day are told, not those of its means", () => {
  const day = series([5, null, 6], { Minima: [1, null, 2], Maxima: [9, null, 8] });
  expect(factsOf(day, 300)).toEqual({ least: 1, greatest: 9, missing: 300 });
  expect(plotOf(SENSOR, day)?.bands).toHaveLength(2);
});

test("where nothing was read there is nothing to draw or to tell", () => {
  expect(plotOf(SENSOR, series([]))).toBeUndefined();
  expect(factsOf(series([null, null]), 10)).toBeUndefined();
});
