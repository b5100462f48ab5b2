/** What administration has read is kept under this; apart from the rest, as the event stream needs no more of it. */
export const ADMINISTRATION = ["administration"] as const;
