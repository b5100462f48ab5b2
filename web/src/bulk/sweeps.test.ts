import { expect, test } from "vitest";
import { sampleTask } from "../api/sample";
import type { Task } from "../api/types";
import { wantsAnotherTry } from "./run";
import { itemOf } from "./sweeps";

const ended = (id: string) =>
  itemOf(
    sampleTask(
      {
        Id: "n1",
        TaskState: "Exception",
        Messages: [{ MessageId: `Lightsout.1.0.${id}`, Message: "look at it", MessageArgs: [] }] as Task["Messages"],
      },
      {},
    ),
  );

test("what nobody knows of is told apart from what has failed, and is not tried again with it", () => {
  expect(ended("JobMessage")).toEqual({ id: "n1", state: "failed", words: "look at it" });
  expect(ended("OutcomeUnknown")).toEqual({ id: "n1", state: "unknown", words: "look at it" });
  expect([ended("JobMessage"), ended("OutcomeUnknown")].map(wantsAnotherTry)).toEqual([true, false]);
});
