import { useMayOperate, useSession } from "../api/session";
import type { System } from "../api/types";
import { heldWords } from "../power/words";
import { t } from "../words/i18n";

/** What keeps a job from beginning on the node now, in words; empty where it tells of nothing. */
export function useJobBar(system: System): string {
  const mayOperate = useMayOperate();
  const account = useSession().data?.account;
  const { Task, Reservation } = system.Oem.Lightsout;
  if (!mayOperate) return t("Your account may only look.");
  if (Task) return t("A job runs on this node: wait for its end, or cancel it.");
  return Reservation && Reservation.Holder !== account ? heldWords(system) : "";
}
