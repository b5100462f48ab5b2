/** Connects this tab to the browser's one event stream, or follows it alone where there are no shared workers. */
import { follow, type Follower, type Notice, type TabMessage } from "./follow";

function shareStream(notify: (notice: Notice) => void, onFailure: () => void): Follower {
  const worker = new SharedWorker(new URL("./events.worker.ts", import.meta.url), {
    type: "module",
    name: "lightsout-events",
  });
  const tell = (message: TabMessage) => worker.port.postMessage(message);
  const hello = () => tell("hello");
  const bye = () => tell("bye");
  worker.port.onmessage = ({ data }: MessageEvent<Notice>) => notify(data);
  worker.onerror = onFailure;
  // A page that comes back from the back/forward cache has said goodbye.
  window.addEventListener("pageshow", hello);
  window.addEventListener("pagehide", bye);
  hello();
  return {
    wake: hello,
    restart: () => tell("restart"),
    stop: () => {
      window.removeEventListener("pageshow", hello);
      window.removeEventListener("pagehide", bye);
      bye();
      worker.port.close();
    },
  };
}

export function connectEvents(notify: (notice: Notice) => void): Follower {
  if (typeof SharedWorker === "undefined") return follow(notify);
  let current: Follower = shareStream(notify, () => {
    current.stop();
    current = follow(notify);
  });
  return { wake: () => current.wake(), restart: () => current.restart(), stop: () => current.stop() };
}
