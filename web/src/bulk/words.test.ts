import { expect, test } from "vitest";
import { isTyped, type Choice } from "./words";

const power = (type: string): Choice => ({ kind: "power", type });

test.each([
  ["a forced power off of one", power("ForceOff"), 1, true],
  ["a reinstall of one", { kind: "reinstall" }, 1, true],
  ["a shutdown of one, which only asks", power("GracefulShutdown"), 1, false],
  ["a shutdown of two", power("GracefulShutdown"), 2, true],
  ["a restart of many", power("GracefulRestart"), 40, true],
  ["a power on of many", power("On"), 40, false],
  ["a reservation of many", { kind: "reserve" }, 40, false],
] satisfies [string, Choice, number, boolean][])(
  "whether the confirmation of %s is typed",
  (_name, choice, number, is) => {
    expect(isTyped(choice, number)).toBe(is);
  },
);
