/** How the fleet's filters and orders are called. */
import { named, t, type Message } from "../words/i18n";
import type { Facet, SortBy } from "./filter";

const FACET: Record<Facet, Message> = {
  health: "Health",
  tag: "Tag",
  driver: "Driver",
  image: "Image",
  use: "Use",
};
const HEALTH: Record<string, Message> = { OK: "Healthy", Warning: "Warning", Critical: "Critical" };
const USE: Record<string, Message> = { job: "Job runs", reserved: "Reserved", free: "Free" };
const SORT: Record<SortBy, Message> = { name: "Name", power: "Power", health: "Health", image: "Image", use: "Use" };

export const facetWords = (facet: Facet) => t(FACET[facet]);
export const sortWords = (by: SortBy) => t(SORT[by]);

export function valueWords(facet: Facet, value: string): string {
  if (facet === "health") return named(HEALTH, value);
  return facet === "use" ? named(USE, value) : value;
}
