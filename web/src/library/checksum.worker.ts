/** Computes a file's SHA-256 away from the page, which stays smooth. Gets a Blob, tells of it as `Found`. */
import type { Found } from "./found";
import { Sha256 } from "./sha256";

declare const self: DedicatedWorkerGlobalScope;

const PIECE = 4 * 1024 * 1024;

async function read(file: Blob): Promise<string> {
  const sum = new Sha256();
  for (let at = 0; at < file.size; at += PIECE) {
    sum.push(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
    self.postMessage({ done: Math.min(at + PIECE, file.size) } satisfies Found);
  }
  return sum.digest();
}

self.onmessage = ({ data }: MessageEvent<Blob>) => {
  read(data).then(
    (digest) => self.postMessage({ digest } satisfies Found),
    (error: unknown) => self.postMessage({ problem: String(error) } satisfies Found),
  );
};
