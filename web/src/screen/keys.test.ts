import { expect, test, vi } from "vitest";
import { COMBINATIONS, press, SHIFT, type } from "./keys";
import { typing } from "./layouts";

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
    typing("AB", "us").strokes,
    10,
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
