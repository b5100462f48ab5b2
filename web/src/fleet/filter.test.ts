import { expect, test } from "vitest";
import { sampleSystem } from "../api/sample";
import type { PowerState, System } from "../api/types";
import { readAddress } from "./address";
import { choicesOf, countViews, filterSystems, sortSystems } from "./filter";
import { familiesOf, groupSystems, usualFamily } from "./groups";

function node(
  name: string,
  power: PowerState | null,
  ours: Partial<System["Oem"]["Lightsout"]> = {},
  health: "OK" | "Critical" = "OK",
): System {
  return sampleSystem(name, { PowerState: power, Status: { State: "Enabled", Health: health } }, { Tags: [], ...ours });
}

const HELD = { Holder: "olga", Reason: "new fan", Since: "2026-01-01T00:00:00Z", Until: null };
const FLEET = [
  node("n1", "On", { InstalledImage: "debian-12", Tags: ["prod", "rack-b"], Driver: "qemu" }),
  node("n2", "Off", { IPMI: { Host: "127.0.0.1", Port: 6231 }, Tags: ["rack-a"], Driver: "qemu", Reservation: HELD }),
  node("n3", null, { Driver: "hardware" }),
  node("n10", "On", { Paused: true, Tags: ["rack-a"] }, "Critical"),
];

const names = (systems: System[]) => systems.map(({ Name }) => Name);
const found = (query: string) => names(filterSystems(FLEET, readAddress(new URLSearchParams(query))));
const sorted = (query: string) => names(sortSystems(FLEET, readAddress(new URLSearchParams(query)).sort));

test("each count is what its view shows", () => {
  expect(countViews(FLEET)).toEqual({ all: 4, on: 2, off: 1, attention: 2 });
  expect(found("state=attention")).toEqual(["n3", "n10"]);
});

test("a sensor that is not well counts as the node’s health, though only the rollup tells it", () => {
  const hot = sampleSystem("hot", { Status: { State: "Enabled", Health: "OK", HealthRollup: "Warning" } });
  const fleet = [node("well", "On"), hot];
  expect(names(filterSystems(fleet, readAddress(new URLSearchParams("state=attention"))))).toEqual(["hot"]);
  expect(names(filterSystems(fleet, readAddress(new URLSearchParams("health=Warning"))))).toEqual(["hot"]);
  expect(names(sortSystems(fleet, readAddress(new URLSearchParams("sort=health")).sort))).toEqual(["hot", "well"]);
});

test("every word must be found somewhere", () => {
  expect(found("q=RACK-B debian")).toEqual(["n1"]);
  expect(found("q=6231")).toEqual(["n2"]);
  expect(found("q=debian 6231")).toEqual([]);
  expect(found("q=new fan ")).toEqual(["n2"]);
});

test("of one facet any value will do, of several each must fit", () => {
  expect(found("tag=rack-a&tag=rack-b")).toEqual(["n1", "n2", "n10"]);
  expect(found("tag=rack-a&health=Critical")).toEqual(["n10"]);
  expect(found("driver=hardware")).toEqual(["n3"]);
  expect(found("use=reserved")).toEqual(["n2"]);
  expect(found("image=debian-12&use=free")).toEqual(["n1"]);
});

test("the choices of a facet are what the fleet has", () => {
  expect(choicesOf(FLEET, "tag")).toEqual([
    ["prod", 1],
    ["rack-a", 2],
    ["rack-b", 1],
  ]);
  expect(choicesOf(FLEET, "image")).toEqual([["debian-12", 1]]);
});

test("numbers in names count as numbers, and what is worst comes first", () => {
  expect(sorted("")).toEqual(["n1", "n2", "n3", "n10"]);
  expect(sorted("sort=-name")).toEqual(["n10", "n3", "n2", "n1"]);
  expect(sorted("sort=health")).toEqual(["n10", "n1", "n2", "n3"]);
  expect(sorted("sort=power")).toEqual(["n3", "n1", "n10", "n2"]);
  expect(sorted("sort=use")[0]).toBe("n2");
});

test("tags that tell a place make the groups of a grid", () => {
  expect(familiesOf(FLEET)).toEqual(["rack"]);
  expect(usualFamily(["env", "rack"])).toBe("rack");
  expect(usualFamily(["env"])).toBe("");
  const groups = groupSystems(FLEET, "rack").map(({ name, systems }) => [name, names(systems)]);
  expect(groups).toEqual([
    ["rack-a", ["n2", "n10"]],
    ["rack-b", ["n1"]],
    ["", ["n3"]],
  ]);
});

test("an address that nobody has heard of shows the whole fleet", () => {
  expect(found("state=sideways&show=cube&sort=-")).toEqual(["n1", "n2", "n3", "n10"]);
});
