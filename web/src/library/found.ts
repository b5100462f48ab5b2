/** What the worker that computes a checksum tells: how far it is, what it found, or that it could not. */
export type Found = { done: number } | { digest: string } | { problem: string };
