/** Which nodes the operator wants to see, and in which order. */
import type { System } from "../api/types";
import { healthOf, needsAttention } from "../power/words";
import { locale } from "../words/i18n";

export const VIEWS = ["all", "on", "off", "attention"] as const;
export type View = (typeof VIEWS)[number];

const SHOWS: Record<View, (system: System) => boolean> = {
  all: () => true,
  on: (system) => system.PowerState === "On" || system.PowerState === "PoweringOff",
  off: (system) => system.PowerState === "Off" || system.PowerState === "PoweringOn",
  attention: needsAttention,
};

/** What a node is in each respect by which one can filter: one value, or several. */
const VALUES = {
  health: (system: System) => [healthOf(system)],
  tag: (system: System) => system.Oem.Lightsout.Tags,
  driver: (system: System) => listed(system.Oem.Lightsout.Driver),
  image: (system: System) => listed(system.Oem.Lightsout.InstalledImage),
  use: (system: System) => [useOf(system)],
};
export type Facet = keyof typeof VALUES;
export const FACETS = Object.keys(VALUES) as Facet[];

const listed = (value: string | null | undefined) => (value ? [value] : []);

/** Whether a job runs on it, or a person has reserved it, or neither. */
export function useOf(system: System): "job" | "reserved" | "free" {
  const ours = system.Oem.Lightsout;
  if (ours.Task) return "job";
  return ours.Reservation ? "reserved" : "free";
}

export const SORTS = ["name", "power", "health", "image", "use"] as const;
export type SortBy = (typeof SORTS)[number];
export interface Sort {
  by: SortBy;
  down: boolean;
}

export interface Criteria {
  text: string;
  view: View;
  facets: Record<Facet, string[]>;
  sort: Sort;
}

/** What is worst comes first. */
const POWERS = ["", "PoweringOn", "PoweringOff", "On", "Off"];
const HEALTHS = ["Critical", "Warning", "OK"];
const USES = ["job", "reserved", "free"];
const KEYS: Record<SortBy, (system: System) => number | string> = {
  name: () => 0,
  power: (system) => POWERS.indexOf(system.PowerState ?? ""),
  health: (system) => HEALTHS.indexOf(healthOf(system)),
  image: (system) => system.Oem.Lightsout.InstalledImage ?? "\uffff",
  use: (system) => USES.indexOf(useOf(system)),
};

/** A node's words are put together once: it is replaced when it changes, and a key stroke asks a thousand of them. */
const hays = new WeakMap<System, string>();

function hayOf(system: System): string {
  const known = hays.get(system);
  if (known !== undefined) return known;
  const ours = system.Oem.Lightsout;
  const shown = [
    system.Name,
    system.UUID,
    system.Model,
    system.Manufacturer,
    ours.Driver,
    ours.InstalledImage,
    ours.IPMI?.Host,
    ours.IPMI?.Port,
    ours.Reservation?.Holder,
    ours.Reservation?.Reason,
    ...ours.Tags,
  ];
  const hay = shown.join(" ").toLowerCase();
  hays.set(system, hay);
  return hay;
}

/** Every word must occur somewhere in what is known of the node; of each facet, one of the values that are wanted. */
export function filterSystems(systems: System[], { view, text, facets }: Omit<Criteria, "sort">): System[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = FACETS.filter((facet) => facets[facet].length > 0);
  return systems.filter(
    (system) =>
      SHOWS[view](system) &&
      wanted.every((facet) => VALUES[facet](system).some((value) => facets[facet].includes(value))) &&
      words.every((word) => hayOf(system).includes(word)),
  );
}

export function sortSystems(systems: System[], { by, down }: Sort): System[] {
  const { compare } = new Intl.Collator(locale(), { numeric: true });
  const sign = down ? -1 : 1;
  const key = KEYS[by];
  return [...systems].sort((one, other) => {
    const [mine, theirs] = [key(one), key(other)];
    const differ = mine === theirs ? compare(one.Name, other.Name) : mine < theirs ? -1 : 1;
    return sign * differ;
  });
}

export function countViews(systems: System[]): Record<View, number> {
  const count = (view: View) => systems.filter(SHOWS[view]).length;
  return { all: systems.length, on: count("on"), off: count("off"), attention: count("attention") };
}

/** The values that a facet has in this fleet, and how many nodes have each. */
export function choicesOf(systems: System[], facet: Facet): [value: string, count: number][] {
  const counts = new Map<string, number>();
  for (const system of systems)
    for (const value of VALUES[facet](system)) counts.set(value, (counts.get(value) ?? 0) + 1);
  const { compare } = new Intl.Collator(locale(), { numeric: true });
  return [...counts].sort(([one], [other]) => compare(one, other));
}
