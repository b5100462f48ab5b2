/** Who has a console open, and which of them has its one keyboard, as the console's WebSocket tells it. */
export interface Viewer {
  id: number;
  account: string;
  door: string;
  may_type: boolean;
  types: boolean;
}

/** `you` is the id of this page's own viewer. */
export interface Audience {
  you: number;
  viewers: Viewer[];
}

/** What the service says in text frames while a console is open. */
export type News = ({ type: "viewers" } & Audience) | { type: "taken"; by: Viewer } | { type: "error"; reason: string };

/** And at its end. */
export type Told = News | { type: "closed"; reason: string };

export const ownOf = (audience: Audience | null): Viewer | undefined =>
  audience?.viewers.find((viewer) => viewer.id === audience.you);
