import { expect, test } from "vitest";
import { auditFilter } from "./auditFilter";

const NOTHING = { text: "", account: "", kind: "", target: "", outcome: "", since: "", until: "" };

test("nothing is asked for where nothing is searched", () => {
  expect(auditFilter({ ...NOTHING, text: "  " })).toBe("");
});

test("what is typed stays text, also with a quote in it", () => {
  expect(auditFilter({ ...NOTHING, text: "o'neill", kind: "node" })).toBe(
    "contains(Message,'o''neill') and Oem/Lightsout/TargetKind eq 'node'",
  );
});

test("times are sent in UTC, and one that is none is left out", () => {
  const since = "2026-11-28T08:00";
  expect(auditFilter({ ...NOTHING, since })).toBe(`Created ge ${new Date(since).toISOString()}`);
  expect(auditFilter({ ...NOTHING, until: "soon" })).toBe("");
});
