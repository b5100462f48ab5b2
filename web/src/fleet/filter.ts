/** Which nodes the operator wants to see. */
import type { System } from "../api/types";
import { needsAttention } from "../power/words";

export const VIEWS = ["all", "on", "off", "attention"] as const;
export type View = (typeof VIEWS)[number];

const SHOWS: Record<View, (system: System) => boolean> = {
  all: () => true,
  on: (system) => system.PowerState === "On" || system.PowerState === "PoweringOff",
  off: (system) => system.PowerState === "Off" || system.PowerState === "PoweringOn",
  attention: needsAttention,
};

/** Every word must occur somewhere in what the row shows. */
export function matches(system: System, text: string): boolean {
  const ours = system.Oem.Lightsout;
  const shown = [
    system.Name,
    system.UUID,
    system.Model,
    system.Manufacturer,
    ours.InstalledImage,
    ours.IPMI?.Host,
    ours.IPMI?.Port,
    ours.Reservation?.Holder,
    ...ours.Tags,
  ];
  const hay = shown.join(" ").toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
}

export function filterSystems(systems: System[], view: View, text: string): System[] {
  return systems.filter((system) => SHOWS[view](system) && matches(system, text));
}

export function countViews(systems: System[]): Record<View, number> {
  const count = (view: View) => systems.filter(SHOWS[view]).length;
  return { all: systems.length, on: count("on"), off: count("off"), attention: count("attention") };
}
