import { useCallback, useEffect, useRef, useState } from "react";
import { reportLostSession } from "../api/http";
import type { PowerState } from "../api/types";
import { ConsoleLink, type LinkState } from "./link";

interface ConsoleWanted {
  /** Undefined while there is nothing to connect to. */
  path: string | undefined;
  protocol?: string;
  power: PowerState | null;
  /** Must keep its identity between renders, or the console connects anew. */
  attach: (socket: WebSocket, ready: () => void) => () => void;
}

/** Keeps a console connected for as long as its component is shown. */
export function useConsoleLink({ path, protocol, power, attach }: ConsoleWanted) {
  const [state, setState] = useState<LinkState>({ phase: "connecting" });
  const link = useRef<ConsoleLink | null>(null);

  useEffect(() => {
    if (path === undefined) return;
    const opened = new ConsoleLink(path, protocol === undefined ? [] : [protocol], {
      attach,
      onState: setState,
      onSessionGone: reportLostSession,
    });
    link.current = opened;
    return () => {
      link.current = null;
      opened.close();
    };
  }, [path, protocol, attach]);

  // News about the power is the best moment to try again.
  useEffect(() => link.current?.retry(), [power]);

  const reconnect = useCallback(() => link.current?.retry(), []);
  const shown: LinkState = path === undefined ? { phase: "off" } : state;
  return { state: shown, reconnect };
}
