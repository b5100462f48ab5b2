/** Carries out power actions, after asking where something may be lost, and says how each went. */
import { lazy, Suspense, useState, type ReactNode } from "react";
import { useConfirmPower, useReset, useResume } from "../api/systems";
import type { System } from "../api/types";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";
import { actionWords } from "./words";

const ConfirmStateDialog = lazy(() => import("./ConfirmStateDialog"));
const PowerDialog = lazy(() => import("./PowerDialog"));

export interface PowerControl {
  /** Asks first if the action is a dangerous one. */
  reset: (type: string) => void;
  resume: () => void;
  confirmState: () => void;
  busy: boolean;
  /** Must be rendered somewhere. */
  dialogs: ReactNode;
}

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
    reset.mutate(type, {
      onSuccess: () => done(t("{{node}}: {{action}} accepted", { node, action })),
      onError: (error) => failed(t("{{node}}: {{action}} failed", { node, action }), error),
    });
  };
  return {
    reset: (type) => (actionWords(type).danger === undefined ? send(type) : setAsking(type)),
    resume: () =>
      resume.mutate(undefined, {
        onSuccess: () => done(t("{{node}} goes on", { node })),
        onError: (error) => failed(t("{{node}}: resume failed", { node }), error),
      }),
    confirmState: () => setConfirming(true),
    busy: reset.isPending || resume.isPending || confirm.isPending,
    dialogs: (
      <Suspense>
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
              confirm.mutate(state, {
                onError: (error) => failed(t("{{node}}: confirmation failed", { node }), error),
              });
            }}
          />
        )}
      </Suspense>
    ),
  };
}
