import { expect, test } from "vitest";
import { difference, PAD } from "./touch";

test("letters that come at the end were typed", () => {
  expect(difference(PAD, `${PAD}a`)).toEqual({ erased: 0, added: "a" });
});

test("a word that the keyboard completes or corrects is erased as far as it was another", () => {
  expect(difference("teh", "the ")).toEqual({ erased: 2, added: "he " });
});

test("what is gone from the end was erased", () => {
  expect(difference(PAD, PAD.slice(0, -1))).toEqual({ erased: 1, added: "" });
});
