import { expect, test, vi } from "vitest";
import { COMBINATIONS, press, SHIFT, type, typing } from "./keys";

test("every printable ASCII character can be typed", () => {
  const printable = Array.from({ length: 95 }, (_none, index) => String.fromCharCode(32 + index)).join("");
  const { strokes, untypable } = typing(printable);
  expect(untypable).toEqual([]);
  expect(strokes.map(({ keysym }) => String.fromCharCode(keysym)).join("")).toBe(printable);
});

test("capitals and symbols hold Shift on the key that bears them", () => {
  expect(typing("aA1! ").strokes).toEqual([
    { keysym: 0x61, code: "KeyA", shift: false },
    { keysym: 0x41, code: "KeyA", shift: true },
    { keysym: 0x31, code: "Digit1", shift: false },
    { keysym: 0x21, code: "Digit1", shift: true },
    { keysym: 0x20, code: "Space", shift: false },
  ]);
});

test("a line end is one Enter, whatever system it comes from", () => {
  expect(typing("\r\n\r\n").strokes.map(({ code }) => code)).toEqual(["Enter", "Enter"]);
});

test("what a US keyboard lacks is named once and left out", () => {
  expect(typing("é1é")).toEqual({ strokes: typing("1").strokes, untypable: ["é"] });
});

test("keys are released in reverse order", () => {
  const sent: string[] = [];
  press((_keysym, code, down) => sent.push(`${down ? "+" : "-"}${code}`), COMBINATIONS[0]?.items[0]?.keys ?? []);
  expect(sent).toEqual(["+ControlLeft", "+AltLeft", "+Delete", "-Delete", "-AltLeft", "-ControlLeft"]);
});

test("typing presses Shift for its own sake and stops when told", async () => {
  vi.useFakeTimers();
  const sent: [number, boolean][] = [];
  const controller = new AbortController();
  const typed = type(
    (keysym, _code, down) => sent.push([keysym, down]),
    typing("AB").strokes,
    controller.signal,
    () => controller.abort(),
  );
  await vi.runAllTimersAsync();
  await typed;
  expect(sent).toEqual([
    [SHIFT.keysym, true],
    [0x41, true],
    [0x41, false],
    [SHIFT.keysym, false],
  ]);
  vi.useRealTimers();
});
