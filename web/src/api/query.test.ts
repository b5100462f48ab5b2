import { afterEach, expect, test } from "vitest";
import { hearServerTime } from "../words/clock";
import { ANY_TIME, BETWEEN, created } from "./query";

const HOUR_MS = 3_600_000;

afterEach(() => hearServerTime(new Date().toUTCString()));

test("the last hour is that of the service, whose clock a browser may not share", () => {
  hearServerTime(new Date(Date.now() + 3 * HOUR_MS).toUTCString());
  const [since = ""] = created({ ...ANY_TIME, within: "1" });
  const ahead = Date.parse(String(since).replace("Created ge ", "")) - Date.now();
  expect(Math.abs(ahead - 2 * HOUR_MS)).toBeLessThan(60_000);
});

test("between two moments, one that is none is no bound", () => {
  const from = "2026-11-28T08:00";
  expect(created({ within: BETWEEN, from, to: "soon" }).filter(Boolean)).toEqual([
    `Created ge ${new Date(from).toISOString()}`,
  ]);
});
