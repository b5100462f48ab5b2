import { useCallback, useEffect, useRef, useState } from "react";
import { onRegainedSession, reportLostSession } from "../api/http";
import type { System } from "../api/types";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";
import { ownOf, type Audience, type News } from "./audience";
import { ConsoleLink, type LinkState } from "./link";
import { reasonWords } from "./reasons";

interface ConsoleWanted {
  system: System;
  /** Undefined while there is nothing to connect to. */
  uri: string | undefined;
  /** Only to watch, without wanting the keyboard. */
  viewOnly: boolean;
  protocol?: string;
  /** Must keep its identity between renders, or the console connects anew. */
  attach: (socket: WebSocket, ready: () => void) => () => void;
}

/** Keeps a console connected for as long as its component is shown; `types` says whether its keyboard is ours. */
export function useConsoleLink({ system, uri, viewOnly, protocol, attach }: ConsoleWanted) {
  const { done, failed } = useNotices();
  const [state, setState] = useState<LinkState>({ phase: "connecting" });
  const [audience, setAudience] = useState<Audience | null>(null);
  const link = useRef<ConsoleLink | null>(null);
  const name = system.Name;
  const path = uri === undefined ? undefined : `${uri}?viewers=1`;
  // Whoever had the keyboard gets it back, after a lost line and when the node was off: those who only watched ask for
  // it no more than before.
  const had = useRef<boolean | null>(null);
  useEffect(() => {
    had.current = null;
  }, [system.Id, viewOnly]);

  const onTold = useCallback(
    (told: News) => {
      if (told.type === "viewers") {
        setAudience({ you: told.you, viewers: told.viewers });
        had.current = ownOf(told)?.types ?? false;
      } else if (told.type === "taken")
        done(t("{{account}} took the keyboard of {{node}}", { account: told.by.account, node: name }));
      else failed(t("{{node}}: not done", { node: name }), new Error(reasonWords(told.reason)));
    },
    [done, failed, name],
  );

  useEffect(() => {
    if (path === undefined) return;
    const opened = new ConsoleLink(path, protocol === undefined ? [] : [protocol], {
      attach,
      onState: (now) => {
        setState(now);
        if (now.phase !== "open") setAudience(null);
      },
      onTold,
      onSessionGone: reportLostSession,
      watches: () => viewOnly || had.current === false,
    });
    link.current = opened;
    return () => {
      link.current = null;
      opened.close();
    };
  }, [path, viewOnly, protocol, attach, onTold]);

  // News about the power is the best moment to try again.
  useEffect(() => link.current?.retry(), [system.PowerState]);
  useEffect(() => onRegainedSession(() => link.current?.retry()), []);

  const reconnect = useCallback(() => link.current?.retry(), []);
  const say = useCallback((type: "take" | "release" | "break") => link.current?.say(type), []);
  // Of a console that is gone, nothing holds.
  const shown: LinkState = path === undefined ? { phase: "off", reason: "" } : state;
  const present = path === undefined ? null : audience;
  return { state: shown, reconnect, audience: present, types: ownOf(present)?.types ?? false, say };
}
