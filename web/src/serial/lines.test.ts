import { expect, test } from "vitest";
import { linesOf } from "./lines";

test.each([
  ["", 1],
  ["ls", 1],
  ["ls\n", 1],
  ["ls\r\ncd\r\n", 2],
  ["a\n\nb", 3],
])("%j has %i lines", (text, count) => {
  expect(linesOf(text)).toBe(count);
});
