/** One console WebSocket that comes back by itself: after a lost line, and when the node is powered on again. */
import { t } from "../words/i18n";
import type { News, Told } from "./audience";

export type LinkState =
  | { phase: "connecting" }
  | { phase: "open" }
  /** The node is off, or there is nothing to connect to yet; `reason` is the service's. */
  | { phase: "off"; reason: string }
  /** The line broke, or the service has ended it for `reason`; another try is coming. */
  | { phase: "lost"; reason: string }
  /** The service says no, and asking again would not help. */
  | { phase: "refused"; reason: string };

/** Close codes of the service's console sockets. */
const SESSION_GONE = 4401;
const DENIED = 4403;
const NOT_FOUND = 4404;
const WRONG_STATE = 4409;

const RETRY_MS = [300, 1000, 2000, 4000];

/** What a socket that was closed so means for its console; `reason` is "" where the service gave none. */
export function afterClose(code: number, reason: string): LinkState {
  switch (code) {
    case DENIED:
      return { phase: "refused", reason: reason || t("Your account may not open this console.") };
    case NOT_FOUND:
      return { phase: "refused", reason };
    case WRONG_STATE:
      return { phase: "off", reason };
    default:
      return { phase: "lost", reason };
  }
}

interface Handlers {
  /** Puts a socket to use; calls `ready` when the console can be used; returns how to let go of it. */
  attach: (socket: WebSocket, ready: () => void) => () => void;
  onState: (state: LinkState) => void;
  /** Text frames are the service's own words; what is attached gets the console's bytes alone. */
  onTold: (news: News) => void;
  onSessionGone: () => void;
  /** Whether the next connection is only to watch. */
  watches: () => boolean;
}

export class ConsoleLink {
  private readonly address: string;
  private readonly protocols: string[];
  private readonly handlers: Handlers;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private letGo: (() => void) | undefined;
  private socket: WebSocket | undefined;
  private closed = false;

  /** `path` has a query. */
  constructor(path: string, protocols: string[], handlers: Handlers) {
    const url = new URL(path, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.address = url.href;
    this.protocols = protocols;
    this.handlers = handlers;
    this.begin();
  }

  /** Tries now, unless a connection is there or on its way. */
  retry(): void {
    if (this.letGo === undefined && !this.closed) this.begin();
  }

  /** Asks something of the service; nothing while there is no connection. */
  say(type: "take" | "release" | "break"): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type }));
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.letGo?.();
  }

  private begin(): void {
    this.handlers.onState({ phase: "connecting" });
    this.connect();
  }

  /** Tries that nobody asked for change no words: why the last one failed is to be read. */
  private connect(): void {
    clearTimeout(this.timer);
    const socket = new WebSocket(this.address + (this.handlers.watches() ? "&view=1" : ""), this.protocols);
    this.socket = socket;
    // A close frame has room for 123 bytes of it.
    let reason = "";
    // A refusal, too, comes over a connection that has been made.
    let isReady = false;
    let isAccepted = false;
    const opened = () => {
      if (!isReady || !isAccepted) return;
      this.failures = 0;
      this.handlers.onState({ phase: "open" });
    };
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", (event: MessageEvent<ArrayBuffer | string>) => {
      const told = typeof event.data === "string" ? (JSON.parse(event.data) as Told) : undefined;
      if (told) event.stopImmediatePropagation();
      if (told?.type === "closed") {
        reason = told.reason;
        return;
      }
      if (!isAccepted) {
        isAccepted = true;
        opened();
      }
      if (told) this.handlers.onTold(told);
    });
    const detach = this.handlers.attach(socket, () => {
      isReady = true;
      opened();
    });
    const onClose = (event: CloseEvent) => {
      this.letGo?.();
      if (!this.closed) this.lost(event.code, reason || event.reason);
    };
    socket.addEventListener("close", onClose);
    this.letGo = () => {
      this.letGo = undefined;
      socket.removeEventListener("close", onClose);
      detach();
      socket.close();
    };
  }

  private lost(code: number, reason: string): void {
    if (code === SESSION_GONE) {
      this.handlers.onSessionGone();
      return;
    }
    const state = afterClose(code, reason);
    this.handlers.onState(state);
    if (state.phase === "refused") return;
    this.timer = setTimeout(() => this.connect(), RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]);
    this.failures += 1;
  }
}
