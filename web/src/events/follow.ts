/** Follows the service's event stream for as long as it is wanted, and says honestly whether it is up. */
import { PATHS } from "../api/paths";
import { liveEvents, StreamParser, type LiveEvent } from "./stream";

export type StreamState = "connecting" | "up" | "down" | "signed-out";
export type Notice = { type: "state"; state: StreamState } | { type: "events"; events: LiveEvent[] };
/** What a tab tells the one worker that follows for all tabs. */
export type TabMessage = "hello" | "restart" | "bye";

/** The service says something every 15 s; twice that and some in silence is a dead line. */
const SILENCE_MS = 35_000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];

/** Reads one connection to its end. Rejects when it cannot be made or breaks. */
async function readOnce(
  signal: AbortSignal,
  silent: () => void,
  notify: (notice: Notice) => void,
): Promise<"ended" | "signed-out"> {
  const response = await fetch(PATHS.eventStream, {
    headers: { Accept: "text/event-stream" },
    cache: "no-store",
    signal,
  });
  if (response.status === 401) return "signed-out";
  if (!response.ok || response.body === null) throw new Error(`event stream: HTTP ${response.status}`);
  notify({ type: "state", state: "up" });
  const parser = new StreamParser();
  const text = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let watchdog = setTimeout(silent, SILENCE_MS);
  try {
    for (;;) {
      const { done, value } = await text.read();
      if (done) return "ended";
      clearTimeout(watchdog);
      watchdog = setTimeout(silent, SILENCE_MS);
      const events = parser.push(value).flatMap((message) => liveEvents(message.data));
      if (events.length > 0) notify({ type: "events", events });
    }
  } finally {
    clearTimeout(watchdog);
  }
}

export interface Follower {
  /** Do not wait any longer before the next try. */
  wake: () => void;
  /** Drop the connection and ask again, since the session has changed. */
  restart: () => void;
  stop: () => void;
}

/** Follows until stopped. After "signed-out" it rests until woken. Listeners read everything again at each "up". */
export function follow(notify: (notice: Notice) => void): Follower {
  let connection = new AbortController();
  let failures = 0;
  const life = new AbortController();
  const stopped = () => life.signal.aborted;
  let rest: () => void = () => undefined;

  const hear = (notice: Notice) => {
    failures = 0;
    notify(notice);
  };
  const pause = (milliseconds?: number) =>
    new Promise<void>((resolve) => {
      rest = resolve;
      if (milliseconds !== undefined) setTimeout(resolve, milliseconds);
    });
  const run = async () => {
    while (!stopped()) {
      connection = new AbortController();
      const abort = connection.abort.bind(connection);
      const outcome = await readOnce(connection.signal, abort, hear).catch(() => "broken" as const);
      if (stopped()) return;
      if (outcome === "signed-out") {
        notify({ type: "state", state: "signed-out" });
        await pause();
      } else {
        notify({ type: "state", state: "down" });
        await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
        failures += 1;
      }
    }
  };
  void run();
  return {
    wake: () => rest(),
    restart: () => connection.abort(),
    stop: () => {
      life.abort();
      connection.abort();
      rest();
    },
  };
}
