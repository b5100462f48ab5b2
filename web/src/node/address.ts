/** Where a node's page and its views are. */
export const TABS = ["overview", "timeline", "health", "screen", "serial", "jobs"] as const;
export type TabName = (typeof TABS)[number];

export const nodePath = (id: string, tab: TabName = "overview") =>
  `/nodes/${encodeURIComponent(id)}${tab === "overview" ? "" : `/${tab}`}`;
