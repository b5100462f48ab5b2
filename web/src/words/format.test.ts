import { expect, test } from "vitest";
import { age, bytes, duration, memory, moment } from "./format";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [1536, "1.5 KiB"],
  [43 * 2 ** 20, "43 MiB"],
  [820.4 * 2 ** 20, "820 MiB"],
  [2 ** 50, "1024 TiB"],
])("%d bytes read %s", (count, text) => {
  expect(bytes(count)).toBe(text);
});

test.each([
  [0.375, "384 MiB"],
  [2, "2 GiB"],
  [1.5, "1.5 GiB"],
])("%d GiB of memory read %s", (gibibytes, text) => {
  expect(memory(gibibytes)).toBe(text);
});

test.each([
  [-5000, "just now"],
  [59_000, "just now"],
  [60_000, "1 minute ago"],
  [3_600_000, "1 hour ago"],
  [47 * 3_600_000, "47 hours ago"],
  [72 * 3_600_000, "3 days ago"],
])("%d ms ago reads %s", (milliseconds, text) => {
  expect(age(milliseconds)).toBe(text);
});

test.each([
  [0, "0 sec"],
  [1, "1 sec"],
  [59_000, "59 sec"],
  [59_001, "1 min"],
  [61_000, "2 min"],
  [3_600_000, "1 hr"],
  [24 * 3_600_000, "24 hr"],
  [60 * 3_600_000, "3 days"],
])("a span of %d ms reads %s", (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

test("no moment is a dash", () => {
  expect([moment(null), moment(undefined), moment("never")]).toEqual(["–", "–", "–"]);
});
