import { expect, test } from "vitest";
import { csvLine } from "./file";

test("a cell is what it was, whatever is in it", () => {
  expect(csvLine(["a", 'say "b"', "c,d\ne"])).toBe('"a","say ""b""","c,d\ne"\r\n');
});

test("a spreadsheet takes no cell for a formula", () => {
  expect(csvLine(["=1+1", "+1", "-1", "@x", "1-1"])).toBe(`"'=1+1","'+1","'-1","'@x","1-1"\r\n`);
});
