/** The page's address tells what of the fleet is shown, and how: so it can be kept and sent. */
import { useMemo } from "react";
import { useAddress } from "../shell/useAddress";
import { FACETS, SORTS, VIEWS, type Criteria, type Facet, type Sort } from "./filter";

export const LAYOUTS = ["table", "grid"] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface FleetAddress extends Criteria {
  layout: Layout;
  /** The family of tags by which a grid is grouped; null: nobody has said. */
  group: string | null;
}

export function readAddress(params: URLSearchParams): FleetAddress {
  const sort = params.get("sort") ?? "name";
  const by = sort.replace(/^-/, "");
  return {
    text: params.get("q") ?? "",
    view: VIEWS.find((view) => view === params.get("state")) ?? "all",
    facets: Object.fromEntries(FACETS.map((facet) => [facet, params.getAll(facet)])) as Record<Facet, string[]>,
    sort: { by: SORTS.find((each) => each === by) ?? "name", down: sort.startsWith("-") },
    layout: LAYOUTS.find((layout) => layout === params.get("show")) ?? "table",
    group: params.get("group"),
  };
}

const FILTERS = ["q", "state", ...FACETS];

/** What is usual is left out of the address. */
export function useFleetAddress() {
  const { params, change, setParams } = useAddress();
  const set = (key: string, value: string, usual = "") =>
    change((after) => (value === usual ? after.delete(key) : after.set(key, value)));
  return {
    address: useMemo(() => readAddress(params), [params]),
    query: params.toString(),
    set,
    setSort: ({ by, down }: Sort) => set("sort", (down ? "-" : "") + by, "name"),
    toggle: (facet: Facet, value: string) =>
      change((after) => (after.has(facet, value) ? after.delete(facet, value) : after.append(facet, value))),
    clear: () => change((after) => FILTERS.forEach((key) => after.delete(key))),
    apply: (query: string) => setParams(new URLSearchParams(query)),
  };
}

export type FleetControl = ReturnType<typeof useFleetAddress>;
