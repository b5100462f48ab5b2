import { expect, test } from "vitest";
import { afterClose, type LinkState } from "./link";
import { consoleWords, whyMute } from "./words";

const NODE = { Name: "n1", PowerState: "On" } as const;
const said = (state: LinkState) => Object.values(consoleWords(NODE, state)).join(" ");

test.each([
  [4403, "refused"],
  [4404, "refused"],
  [4409, "off"],
  [4500, "lost"],
  [1013, "lost"],
  [1006, "lost"],
])("closed with %i, a console is %s", (code, phase) => {
  expect(afterClose(code, "why").phase).toBe(phase);
});

test.each([4403, 4404, 4409, 4500, 1013, 1001])("why it was closed with %i is said", (code) => {
  expect(said(afterClose(code, "there is no such thing"))).toContain("There is no such thing.");
});

test("a node that runs is not told to be powered on", () => {
  expect(said(afterClose(4409, "the node has no screen"))).not.toContain("powered on");
  expect(consoleWords({ ...NODE, PowerState: "Off" }, afterClose(4409, "")).text).toContain("powered on");
});

test("a line that broke without a word is no sentence of nothing", () => {
  expect(consoleWords(NODE, afterClose(1006, "")).text).toBe("");
});

test("why nothing can be typed tells a lost line from a keyboard that another has", () => {
  expect(whyMute({ phase: "open" }, true)).toBe("");
  expect(whyMute({ phase: "open" }, false)).toContain("keyboard");
  expect(whyMute({ phase: "lost", reason: "" }, false)).toContain("not connected");
});
