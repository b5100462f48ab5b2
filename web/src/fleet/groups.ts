/** Nodes by the place that their tags tell: "rack-a" and "rack-b" are two groups of the family "rack". */
import type { System } from "../api/types";
import { locale } from "../words/i18n";

export interface Group {
  /** Empty: those that have no such tag. */
  name: string;
  systems: System[];
}

/** Families that say where a node is; the first that is there is what a grid is grouped by. */
const PLACES = ["rack", "row", "room", "place", "site"];

/** "rack-a", "rack:a" and "rack=a" are of the family "rack"; a tag of one word is of none. */
const familyOf = (tag: string) => /^([^-:=/]+)[-:=/]./.exec(tag)?.[1];

const tagOf = (system: System, family: string) =>
  system.Oem.Lightsout.Tags.find((tag) => familyOf(tag) === family) ?? "";

export function familiesOf(systems: System[]): string[] {
  const tags = systems.flatMap((system) => system.Oem.Lightsout.Tags);
  return [...new Set(tags.map(familyOf).filter((family) => family !== undefined))].sort();
}

export const usualFamily = (families: string[]) => PLACES.find((place) => families.includes(place)) ?? "";

/** In the order of their names, those without a tag of the family last; all in one where there is no family. */
export function groupSystems(systems: System[], family: string): Group[] {
  if (family === "") return [{ name: "", systems }];
  const groups = new Map<string, System[]>();
  for (const system of systems) {
    const name = tagOf(system, family);
    const known = groups.get(name);
    if (known === undefined) groups.set(name, [system]);
    else known.push(system);
  }
  const { compare } = new Intl.Collator(locale(), { numeric: true });
  return [...groups]
    .map(([name, systems]) => ({ name, systems }))
    .sort((one, other) => Number(one.name === "") - Number(other.name === "") || compare(one.name, other.name));
}
