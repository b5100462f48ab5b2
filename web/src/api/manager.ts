/** The service itself: its emergency stop, and what people are asked to do at servers. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, invoke } from "./http";
import { PATHS } from "./paths";
import type { ActionTarget, ServiceManager } from "./types";

export const MANAGER = ["manager"] as const;

export function useManager() {
  return useQuery({ queryKey: MANAGER, queryFn: () => get<ServiceManager>(PATHS.manager) });
}

/** What the account may do to the service; an action that is missing here would be refused. */
export function useManagerActions() {
  return useManager().data?.Actions?.Oem ?? {};
}

/** Whether the account may what concerns the whole fleet: the service shows its logs to no other. */
export function useGoverns(): boolean {
  return useManager().data?.LogServices !== undefined;
}

function useAct<V>(action: ActionTarget | undefined, body: (value: V) => unknown) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (value: V) => invoke(action, body(value)),
    onSettled: () => client.invalidateQueries({ queryKey: MANAGER }),
  });
}

export function useEmergencyStop() {
  const action = useManagerActions()["#Lightsout.EmergencyStop"];
  return useAct(action, (reason: string) => (reason === "" ? {} : { Reason: reason }));
}

export function useReleaseEmergencyStop() {
  return useAct<undefined>(useManagerActions()["#Lightsout.ReleaseEmergencyStop"], () => ({}));
}

export function useAnswerAssignment() {
  const action = useManagerActions()["#Lightsout.AnswerAssignment"];
  return useAct(action, (given: { Id: string; Answer: "Done" | "CouldNot" }) => given);
}
