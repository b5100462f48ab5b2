import { expect, test } from "vitest";
import { wordsIn } from "./wordsIn";

test("spaces, commas and new lines stand between words, however many", () => {
  expect(wordsIn(" n1, n2\nn3,,n4 ")).toEqual(["n1", "n2", "n3", "n4"]);
  expect(wordsIn(" , ")).toEqual([]);
});
