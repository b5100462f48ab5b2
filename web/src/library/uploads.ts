/** The uploads of this tab. They go on whichever page is shown, through lost connections and restarts of the service. */
import { useSyncExternalStore } from "react";
import { ApiError, onRegainedSession } from "../api/http";
import { pause } from "../api/pause";
import type { Task } from "../api/types";
import { t } from "../words/i18n";
import { checksum } from "./checksum";
import { arrived, send } from "./tus";

const PIECE = 4 * 1024 * 1024;
const RETRY_MS = [1000, 2000, 4000, 8000, 15_000];

/** `lost`: it cannot go on now, and is tried again; `failed`: it is not. `why` says of both what was wrong. */
export type Phase = "checking" | "sending" | "paused" | "lost" | "sent" | "failed";

export interface Upload {
  task: string;
  phase: Phase;
  done: number;
  total: number;
  why?: string;
}

interface Order {
  task: Task;
  file: File;
}

/** Waits; sooner when the network or the session is back, or somebody says stop. */
async function pauseUntilBack(milliseconds: number, stop: AbortSignal): Promise<void> {
  const back = new AbortController();
  const end = () => back.abort();
  window.addEventListener("online", end, { signal: back.signal });
  const deaf = onRegainedSession(end);
  await pause(milliseconds, AbortSignal.any([stop, back.signal]));
  end();
  deaf();
}

/** What to say of a failure that passes: the service is away, the session has ended, another piece took this one's place. */
function passing(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  if (error.status === 401) return t("Your session has ended");
  if (error.status === 409) return error.message.replace(/[.。]$/, "");
  return error.status === 0 || error.status >= 502 ? t("The service cannot be reached") : undefined;
}

class Uploads {
  private shown: readonly Upload[] = [];
  private readonly orders = new Map<string, Order>();
  private readonly stops = new Map<string, AbortController>();
  private readonly listeners = new Set<() => void>();

  readonly list = () => this.shown;

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Sends the file that the task waits for. */
  start(task: Task, file: File): void {
    this.orders.set(task.Id, { task, file });
    this.put({ task: task.Id, phase: "sending", done: 0, total: file.size });
    void this.run(task.Id);
  }

  /** Goes on with an upload that was begun elsewhere, or before the page was loaded anew, when it is the same file. */
  async goOn(task: Task, file: File): Promise<void> {
    this.put({ task: task.Id, phase: "checking", done: 0, total: file.size });
    const request = task.Oem?.Lightsout.Request;
    const stop = this.control(task.Id);
    try {
      const other = new Error(t("This is another file than the one whose upload was begun."));
      if (request?.file_size !== file.size) throw other;
      const digest = await checksum(file, (done) => this.change(task.Id, { done }), stop.signal);
      if (request.file_sha256 !== digest) throw other;
      this.start(task, file);
    } catch (error) {
      this.fail(task.Id, error);
    }
  }

  pause(id: string): void {
    this.stops.get(id)?.abort();
    this.change(id, { phase: "paused" });
  }

  resume(id: string): void {
    this.change(id, { phase: "sending" });
    void this.run(id);
  }

  /** Nothing is sent or known of it any more. */
  forget(id: string): void {
    this.stops.get(id)?.abort();
    this.orders.delete(id);
    this.shown = this.shown.filter((upload) => upload.task !== id);
    this.tell();
  }

  private control(id: string): AbortController {
    this.stops.get(id)?.abort();
    const stop = new AbortController();
    this.stops.set(id, stop);
    return stop;
  }

  private async run(id: string): Promise<void> {
    const order = this.orders.get(id);
    const uri = order?.task.Oem?.Lightsout.UploadURI;
    if (!order || !uri) return;
    const { signal } = this.control(id);
    const { file } = order;
    const stopped = () => signal.aborted;
    let failures = 0;
    while (!stopped()) {
      try {
        let offset = await arrived(uri, signal);
        failures = 0;
        while (!stopped() && offset < file.size) {
          this.change(id, { phase: "sending", done: offset });
          offset = await send(uri, offset, file.slice(offset, offset + PIECE), signal);
        }
        if (!stopped()) this.change(id, { phase: "sent", done: offset });
        return;
      } catch (error) {
        if (stopped()) return;
        const why = passing(error);
        if (why === undefined) {
          this.fail(id, error);
          return;
        }
        this.change(id, { phase: "lost", why });
        await pauseUntilBack(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0, signal);
        failures += 1;
      }
    }
  }

  private fail(id: string, error: unknown): void {
    this.change(id, { phase: "failed", why: error instanceof Error ? error.message : String(error) });
  }

  private put(upload: Upload): void {
    this.shown = [...this.shown.filter(({ task }) => task !== upload.task), upload];
    this.tell();
  }

  private change(id: string, news: Partial<Upload>): void {
    this.shown = this.shown.map((upload) => (upload.task === id ? { ...upload, ...news } : upload));
    this.tell();
  }

  private tell(): void {
    const sending = this.shown.some(({ phase }) => phase === "sending" || phase === "lost");
    // The browser asks before it leaves the page, in its own words.
    window.onbeforeunload = sending ? (event) => event.preventDefault() : null;
    for (const listener of this.listeners) listener();
  }
}

export const uploads = new Uploads();

export const useUpload = (task: string) =>
  useSyncExternalStore(uploads.subscribe, uploads.list).find((upload) => upload.task === task);
