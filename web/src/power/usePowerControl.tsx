/** Carries out power actions, after asking where something may be lost, and says how each went. */
import { useState, type ReactNode } from "react";
import { useConfirmPower, useReset, useResume } from "../api/systems";
import type { System } from "../api/types";
import { useNotices } from "../shell/Notices";
import { ConfirmStateDialog } from "./ConfirmStateDialog";
import { PowerDialog } from "./PowerDialog";
import { actionWords } from "./words";

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

  const send = (type: string) => {
    const { label } = actionWords(type);
    reset.mutate(type, {
      onSuccess: () => done(`${system.Name}: ${label} accepted`),
      onError: (error) => failed(`${system.Name}: ${label} failed`, error),
    });
  };
  return {
    reset: (type) => (actionWords(type).danger === undefined ? send(type) : setAsking(type)),
    resume: () =>
      resume.mutate(undefined, {
        onSuccess: () => done(`${system.Name} goes on`),
        onError: (error) => failed(`${system.Name}: resume failed`, error),
      }),
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
              confirm.mutate(state, { onError: (error) => failed(`${system.Name}: confirmation failed`, error) });
            }}
          />
        )}
      </>
    ),
  };
}
