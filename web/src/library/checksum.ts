/** The SHA-256 of a file that somebody has chosen, with progress. */
import { t } from "../words/i18n";
import type { Found } from "./found";

/** In hexadecimal; `onProgress` gets the bytes read so far. :throws Error when the file cannot be read, or `signal` says stop. */
export function checksum(file: Blob, onProgress: (done: number) => void, signal: AbortSignal): Promise<string> {
  const worker = new Worker(new URL("./checksum.worker.ts", import.meta.url), { type: "module" });
  return new Promise<string>((resolve, reject) => {
    const fail = () => reject(new Error(t("The file cannot be read; choose it again.")));
    signal.addEventListener("abort", fail);
    worker.onerror = fail;
    worker.onmessage = ({ data }: MessageEvent<Found>) => {
      if ("done" in data) onProgress(data.done);
      else if ("digest" in data) resolve(data.digest);
      else fail();
    };
    worker.postMessage(file);
  }).finally(() => worker.terminate());
}
