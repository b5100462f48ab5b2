import { expect, test } from "vitest";
import { readStagger, textOf } from "./stagger";

test("what is typed is taken as it is, or not at all", () => {
  expect(readStagger(textOf({ size: 5, seconds: 10 }))).toEqual({ size: 5, seconds: 10 });
  expect(readStagger({ size: " 2 ", seconds: "0" })).toEqual({ size: 2, seconds: 0 });
});

test.each(["", " ", "0", "-2", "1.5", "1e3", "two", "10001"])("“%s” at a time is no number of nodes", (size) => {
  expect(readStagger({ size, seconds: "0" })).toBeNull();
});

test.each(["", "-1", "86401"])("“%s” is no pause", (seconds) => {
  expect(readStagger({ size: "1", seconds })).toBeNull();
});
