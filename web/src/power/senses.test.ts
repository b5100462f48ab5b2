import { expect, test } from "vitest";
import { sampleSystem } from "../api/sample";
import type { LastPowerAction, Sense, System } from "../api/types";
import { actionSummary, byDomain, outcomeWords, senseWords } from "./senses";

function sense(name: string, state: "On" | "Off" | null, domain = name, counts = state !== null): Sense {
  return {
    Name: name,
    FailureDomain: domain,
    PowerState: state,
    Reason: null,
    LookedAt: "2026-11-28T03:00:00Z",
    Counts: counts,
  };
}

const node = (power: System["PowerState"]) => sampleSystem("a2", { PowerState: power });

test.each([
  ["one that agrees", sense("led", "On"), "On", "On", ""],
  ["one that was outvoted", sense("led", "Off"), "On", "Off", "Outvoted: a2 is believed to be On."],
  ["one that cannot tell", sense("led", null), "On", "Cannot tell", "Has no vote."],
  ["one of a tie", sense("led", "Off"), null, "Off", ""],
  ["one during a change", sense("led", "Off"), "PoweringOn", "Off", ""],
] as const)("%s is told in words", (_name, told, power, says, objection) => {
  expect(senseWords(told, node(power))).toMatchObject({ says, objection });
});

test("a sense whose own domain contradicts itself says why it has no vote", () => {
  expect(senseWords(sense("di0", "On", "board", false), node("On")).objection).toContain("contradict each other");
});

test("senses that fail together stand together", () => {
  const [a, b, c] = [sense("di0", "On", "board"), sense("watts", "On", "meter"), sense("di1", "Off", "board")];
  expect(byDomain([a, b, c])).toEqual([
    ["board", [a, c]],
    ["meter", [b]],
  ]);
});

const LAST: LastPowerAction = {
  ResetType: "ForceOff",
  Account: "olga",
  Started: "2026-11-28T03:00:00Z",
  HandedOver: "2026-11-28T03:00:01Z",
  Ended: "2026-11-28T03:00:04Z",
  Outcome: "failed",
  Problem: "the relay is stuck",
};

test("the last action tells what, who, and how long", () => {
  expect(actionSummary(LAST)).toBe("Force off by olga, took 4 sec");
  expect(actionSummary({ ...LAST, Ended: null })).toBe("Force off by olga");
});

test("every outcome has its words, and one that is not known is told as it is", () => {
  const said = [null, "done", "failed", "timed out", "superseded", "unknown", "odd"].map(
    (Outcome) => outcomeWords({ ...LAST, Outcome }).text,
  );
  expect(said).toEqual([
    "Under way",
    "Done",
    "Failed",
    "Timed out",
    "Another action took its place",
    "Nobody knows whether it was done",
    "odd",
  ]);
});
