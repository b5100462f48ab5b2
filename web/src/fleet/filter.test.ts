import { expect, test } from "vitest";
import { sampleSystem } from "../api/sample";
import type { PowerState, System } from "../api/types";
import { countViews, filterSystems } from "./filter";

function node(
  name: string,
  power: PowerState | null,
  ours: Partial<System["Oem"]["Lightsout"]> = {},
  health: "OK" | "Critical" = "OK",
): System {
  return sampleSystem(name, { PowerState: power, Status: { State: "Enabled", Health: health } }, { Tags: [], ...ours });
}

const FLEET = [
  node("n1", "On", { InstalledImage: "debian-12", Tags: ["rack-a"] }),
  node("n2", "Off", { IPMI: { Host: "127.0.0.1", Port: 6231 } }),
  node("n3", null),
  node("n4", "On", { Paused: true }, "Critical"),
];

const names = (systems: System[]) => systems.map(({ Name }) => Name);

test("each count is what its view shows", () => {
  expect(countViews(FLEET)).toEqual({ all: 4, on: 2, off: 1, attention: 2 });
  expect(names(filterSystems(FLEET, "attention", ""))).toEqual(["n3", "n4"]);
});

test("every word must be found somewhere", () => {
  expect(names(filterSystems(FLEET, "all", "RACK-A debian"))).toEqual(["n1"]);
  expect(names(filterSystems(FLEET, "all", "6231"))).toEqual(["n2"]);
  expect(names(filterSystems(FLEET, "all", "debian 6231"))).toEqual([]);
});
