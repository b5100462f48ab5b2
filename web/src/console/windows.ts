/** Consoles in windows of their own. */
export const CONSOLES = ["screen", "serial", "both"] as const;
export type ConsoleView = (typeof CONSOLES)[number];

export const windowPath = (node: string, view: ConsoleView) => `/window/${encodeURIComponent(node)}/${view}`;

/** One window for each console: asking again brings it to the front. */
export function openWindow(node: string, view: ConsoleView): void {
  const size = view === "both" ? "width=1600,height=800" : "width=1100,height=860";
  window.open(windowPath(node, view), `lightsout-${view}-${node}`, size)?.focus();
}
