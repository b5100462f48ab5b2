import { expect, test } from "vitest";
import { attention, noticeTouch } from "./attention";

test("what the page asks without being touched is marked", () => {
  expect(attention()).toEqual({});
  expect(attention()).toEqual({ "Lightsout-Unattended": "1" });
  noticeTouch();
  expect(attention()).toEqual({});
  expect(attention()).toEqual({ "Lightsout-Unattended": "1" });
});
