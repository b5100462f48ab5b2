/** Carries out power actions, after asking where something may be lost, and says how each went. */
import { useState, type ReactNode } from "react";
import { isUnanswered } from "../api/http";
import { useConfirmPower, useReset, useResume } from "../api/systems";
import type { System } from "../api/types";
import { lazyDialog } from "../shell/lazyDialog";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";
import { actionWords } from "./words";

const ConfirmStateDialog = lazyDialog(() => import("./ConfirmStateDialog"));
const PowerDialog = lazyDialog(() => import("./PowerDialog"));

export interface PowerControl {
  /** Asks first if the action is a dangerous one. */
  reset: (type: string) => void;
  resume: () => void;
  confirmState: () => void;
  busy: boolean;
  /** Must be rendered somewhere. */
  dialogs: ReactNode;
}

/** What is said of an action without an answer. */
export const mayBeDone = ({ message }: Error) =>
  new Error(`${message} ${t("It may have been done all the same: look at the node’s state before you try again.")}`);

/** How each action went is told even where what asked for it is no longer drawn: a row that was scrolled away. */
export function usePowerControl(system: System): PowerControl {
  const { done, failed } = useNotices();
  const reset = useReset(system);
  const resume = useResume(system);
  const confirm = useConfirmPower(system);
  const [asking, setAsking] = useState<string | null>(null);
  const [confirming, setConfirming] = useState(false);

  const node = system.Name;
  const send = (type: string) => {
    const action = actionWords(type).label;
    reset.mutateAsync(type).then(
      () => done(t("{{node}}: {{action}} accepted", { node, action })),
      (error: unknown) =>
        isUnanswered(error)
          ? failed(t("{{node}}: nobody knows whether this was done: {{action}}", { node, action }), mayBeDone(error))
          : failed(t("{{node}}: {{action}} failed", { node, action }), error as Error),
    );
  };
  return {
    reset: (type) => (actionWords(type).danger === undefined ? send(type) : setAsking(type)),
    resume: () =>
      void resume.mutateAsync(undefined).then(
        () => done(t("{{node}} goes on", { node })),
        (error: unknown) => failed(t("{{node}}: resume failed", { node }), error as Error),
      ),
    confirmState: () => setConfirming(true),
    busy: reset.isPending || resume.isPending || confirm.isPending,
    dialogs: (
      <>
        {asking !== null && (
          <PowerDialog
            system={system}
            type={asking}
            onClose={() => setAsking(null)}
            onConfirm={() => {
              setAsking(null);
              send(asking);
            }}
          />
        )}
        {confirming && (
          <ConfirmStateDialog
            system={system}
            onClose={() => setConfirming(false)}
            onConfirm={(state) => {
              setConfirming(false);
              confirm
                .mutateAsync(state)
                .catch((error: unknown) => failed(t("{{node}}: confirmation failed", { node }), error as Error));
            }}
          />
        )}
      </>
    ),
  };
}
