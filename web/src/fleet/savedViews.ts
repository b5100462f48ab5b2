/** Views that have a name: each is the query of an address. Kept in this browser, for each account its own. */
import { useCallback, useState } from "react";

export interface SavedView {
  name: string;
  query: string;
}

const keyOf = (account: string) => `lightsout-views:${account}`;

function read(account: string): SavedView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(account)) ?? "[]");
    return Array.isArray(kept) ? (kept as SavedView[]).filter((view) => typeof view.name === "string") : [];
  } catch {
    return [];
  }
}

export function useSavedViews(account: string) {
  const [views, setViews] = useState(() => read(account));
  const change = useCallback(
    (alter: (views: SavedView[]) => SavedView[]) => {
      // Another tab may have saved one meanwhile.
      const after = alter(read(account));
      localStorage.setItem(keyOf(account), JSON.stringify(after));
      setViews(after);
    },
    [account],
  );
  return {
    views,
    /** In place of one of the same name. */
    save: (view: SavedView) =>
      change((views) => [...views.filter(({ name }) => name !== view.name), view].sort(byName)),
    forget: (name: string) => change((views) => views.filter((view) => view.name !== name)),
  };
}

const byName = (one: SavedView, other: SavedView) => one.name.localeCompare(other.name);
