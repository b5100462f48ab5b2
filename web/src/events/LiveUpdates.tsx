/** Keeps what the page shows equal to what the service knows, and tells components whether it is. */
import { useQueryClient, type QueryClient, type QueryKey } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { ADMINISTRATION } from "../api/administrationKey";
import { onRegainedSession, reportLostSession } from "../api/http";
import { LIBRARY } from "../api/library";
import { MANAGER } from "../api/manager";
import { mediaKey } from "../api/media";
import { selKey } from "../api/sel";
import { refreshSystem, SYSTEM, SYSTEMS, systemKey } from "../api/systems";
import { TASKS, taskKey } from "../api/tasks";
import { timelineKey } from "../api/timeline";
import { connectEvents } from "./connect";
import type { Notice, StreamState } from "./follow";
import type { LiveEvent } from "./stream";

/** Events come in bursts; nodes they name are read again once a burst. */
const BURST_MS = 100;
/** From so many changed nodes on, and such a part of all, one list is cheaper than each node. */
const LIST_FROM = 20;
const LIST_PART = 0.2;

const LiveContext = createContext<StreamState>("connecting");

export const useStreamState = () => useContext(LiveContext);

/** Whether the service's own Manager tells something else after such an event. */
const concernsManager = (kind: string) => /^(safety|assignment)\.|^node\.(added|changed|removed)$/.test(kind);

/** Whether the library, or who uses what of it, is another one after such an event. */
const concernsLibrary = (kind: string) => /^(image|media)\.|^job\.ended$/.test(kind);

/** Collects what events name and reads it again, each node once a burst and never twice at a time. */
class Refresher {
  private readonly dirty = new Set<string>();
  private readonly dirtyKeys = new Map<string, QueryKey>();
  private readonly client: QueryClient;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: QueryClient) {
    this.client = client;
  }

  node(name: string): void {
    this.dirty.add(name);
    this.soon();
  }

  resource(key: QueryKey): void {
    this.dirtyKeys.set(JSON.stringify(key), key);
    this.soon();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private soon(): void {
    this.timer ??= setTimeout(() => void this.flush(), BURST_MS);
  }

  private async flush(): Promise<void> {
    const names = [...this.dirty];
    this.dirty.clear();
    for (const queryKey of this.dirtyKeys.values()) void this.client.invalidateQueries({ queryKey });
    this.dirtyKeys.clear();
    const all = this.client.getQueryData<unknown[]>(SYSTEMS)?.length ?? 0;
    if (names.length >= Math.max(LIST_FROM, LIST_PART * all)) {
      await this.client.invalidateQueries({ queryKey: SYSTEMS });
      await this.client.invalidateQueries({ queryKey: SYSTEM });
    } else {
      await Promise.allSettled(names.map((name) => refreshSystem(this.client, name)));
    }
    this.timer = undefined;
    if (this.dirty.size + this.dirtyKeys.size > 0) this.soon();
  }
}

/** Which cached resources an event has made old. */
function apply(client: QueryClient, refresher: Refresher, event: LiveEvent): void {
  // No event of ours: it says that some were lost.
  if (event.kind === "") void client.invalidateQueries();
  if (event.task !== undefined) void client.invalidateQueries({ queryKey: taskKey(event.task) });
  if (event.kind === "job.started" || event.kind === "job.ended") void client.invalidateQueries({ queryKey: TASKS });
  if (/^(account|certificate)\./.test(event.kind)) refresher.resource(ADMINISTRATION);
  if (concernsManager(event.kind)) refresher.resource(MANAGER);
  if (concernsLibrary(event.kind)) {
    refresher.resource(LIBRARY);
    // Which images a node can be reinstalled with is said by the node.
    refresher.resource(SYSTEM);
  }
  if (event.node === "") return;
  if (event.kind === "node.removed") {
    // A page of it that is open asks again, and says that there is no such node.
    void client.invalidateQueries({ queryKey: systemKey(event.node) });
    void client.invalidateQueries({ queryKey: SYSTEMS });
    return;
  }
  if (event.kind === "job.progress") return;
  refresher.node(event.node);
  refresher.resource(timelineKey(event.node));
  refresher.resource(selKey(event.node));
  if (event.kind.startsWith("media.")) void client.invalidateQueries({ queryKey: mediaKey(event.node) });
}

export function LiveUpdates({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>("connecting");

  useEffect(() => {
    const refresher = new Refresher(client);
    const onNotice = (notice: Notice) => {
      if (notice.type === "events") {
        for (const event of notice.events) apply(client, refresher, event);
        return;
      }
      setState(notice.state);
      // Events may have been missed while the stream was down.
      if (notice.state === "up") void client.invalidateQueries();
      if (notice.state === "signed-out") reportLostSession();
    };
    const follower = connectEvents(onNotice);
    const wake = () => follower.wake();
    window.addEventListener("online", wake);
    const deaf = onRegainedSession(wake);
    return () => {
      deaf();
      window.removeEventListener("online", wake);
      refresher.stop();
      // Components go only when the session has: the stream must ask again who is there.
      follower.restart();
      follower.stop();
    };
  }, [client]);

  return <LiveContext value={state}>{children}</LiveContext>;
}
