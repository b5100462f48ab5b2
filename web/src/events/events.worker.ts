/** One event stream for all tabs of a browser: HTTP/1.1 allows six connections to a host. */
import { follow, type Notice, type StreamState, type TabMessage } from "./follow";

declare const self: SharedWorkerGlobalScope;

const tabs = new Set<MessagePort>();
let state: StreamState = "connecting";

const follower = follow((notice) => {
  if (notice.type === "state") state = notice.state;
  for (const tab of tabs) tab.postMessage(notice);
});

/** A tab only comes when somebody has signed in, so an old "signed-out" is news no more. */
function welcome(tab: MessagePort): void {
  tabs.add(tab);
  if (state === "signed-out") state = "connecting";
  tab.postMessage({ type: "state", state } satisfies Notice);
  follower.wake();
}

self.onconnect = ({ ports }) => {
  const tab = ports[0];
  if (tab === undefined) return;
  tab.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    if (data === "hello") welcome(tab);
    else if (data === "bye") tabs.delete(tab);
    else follower.restart();
  };
};
