import { expect, test } from "vitest";
import { sampleSystem } from "../api/sample";
import type { Happening } from "../api/timeline";
import { lastChangeWords } from "./words";

const SINCE = "2026-11-28T03:00:00Z";
const CHANGED = "2026-11-28T02:59:00Z";

function happened(what: string, told: Partial<Happening["Oem"]["Lightsout"]>): Happening {
  const Lightsout = { What: what, Account: null, Door: null, Address: null, Outcome: null, Details: {}, ...told };
  return { Created: CHANGED, Oem: { Lightsout } } as unknown as Happening;
}

const node = (since: string | null, cause = "unknown") =>
  sampleSystem("n1", { PowerState: "Off" }, { PowerSince: since, PowerCause: cause });
const WENT_OFF = happened("power.changed", { Details: { from: "On", to: "Off", cause: "command" } });
const ASKED = happened("power", { Account: "olga", Door: "ipmi", Outcome: "ok", Details: { action: "ForceOff" } });

test("who asked for the last change is told with it", () => {
  expect(lastChangeWords(node(SINCE), [WENT_OFF, ASKED])).toEqual({
    state: "Off",
    since: CHANGED,
    how: "Force off by olga, by IPMI",
  });
});

test("where no change is found, the node's own word since when it is so stands, and that no more is known", () => {
  const unknown = { state: "Off", since: SINCE, how: "nothing that changed it is among what is looked at" };
  expect(lastChangeWords(node(SINCE), [])).toEqual(unknown);
  expect(lastChangeWords(node(SINCE), [ASKED])).toEqual(unknown);
  expect(lastChangeWords(node(SINCE, "watchdog"), [])?.how).toBe(
    "the watchdog; nothing more is among what is looked at",
  );
});

test("where nobody knows since when, nothing is made up", () => {
  expect(lastChangeWords(node(null), [])).toBeUndefined();
});
