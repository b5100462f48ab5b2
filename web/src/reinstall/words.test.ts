import { expect, test } from "vitest";
import { sampleTask } from "../api/sample";
import type { Task } from "../api/types";
import { splitMessage, stepStates, stepWords, taskTitle } from "./words";

const task = (state: Task["TaskState"], step: string) =>
  sampleTask({ TaskState: state }, { Step: step, Steps: ["force-off", "write", "proof"] });
const states = (state: Task["TaskState"], step: string) => stepStates(task(state, step)).map((entry) => entry.state);

test("steps before the present one are done", () => {
  expect(states("Running", "write")).toEqual(["done", "current", "pending"]);
});

test("a job that failed shows where", () => {
  expect(states("Exception", "write")).toEqual(["done", "failed", "pending"]);
});

test("a completed job has done all its steps", () => {
  expect(states("Completed", "proof")).toEqual(["done", "done", "done"]);
});

test("a job that has not begun has all its steps before it", () => {
  expect(states("New", "")).toEqual(["pending", "pending", "pending"]);
});

test("names of steps are read as words", () => {
  expect(stepWords("force-off")).toBe("Force off");
});

test("a message's time stands apart from its text", () => {
  expect(splitMessage("2026-11-23T07:31:34+00:00 wrote 43 MiB")).toEqual({
    at: "2026-11-23T07:31:34+00:00",
    text: "wrote 43 MiB",
  });
  expect(splitMessage("no time here")).toEqual({ at: undefined, text: "no time here" });
});

test("a job of no single node has a title of the page’s own", () => {
  const titled = (Kind: string, Request: object) => taskTitle(sampleTask({ Name: "the service’s" }, { Kind, Request }));
  expect(titled("import", { medium: "rescue.iso" })).toBe("Import of rescue.iso");
  expect(titled("power", { action: "ForceOff", batch: 1, delay: 0 })).toBe("Force off on many nodes");
});
