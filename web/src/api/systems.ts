/** Nodes (Redfish systems) and what can be done to them. The event stream keeps both caches fresh. */
import { useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { get, invoke, members, patch, post } from "./http";
import { memberPath, PATHS } from "./paths";
import type { BootEnabled, BootMode, DiskBody, PowerPlan, PowerState, ReinstallBody, System, Task } from "./types";

/** What senses of real hardware say, and how fresh it is, changes without an event; a list of them costs more. */
const LOOK_MS = 5000;
const LOOK_AT_ALL_MS = 30_000;
export const SYSTEMS = ["systems"] as const;
export const SYSTEM = ["system"] as const;
export const systemKey = (id: string) => [...SYSTEM, id] as const;
export const isPhysical = (system: System) => system.SystemType === "Physical";
const systemPath = (id: string) => memberPath(PATHS.systems, id);

export const allSystems = { queryKey: SYSTEMS, queryFn: () => members<System>(PATHS.systems) };

export function useSystems() {
  return useQuery({
    ...allSystems,
    refetchInterval: ({ state }) => (state.data?.some(isPhysical) ? LOOK_AT_ALL_MS : false),
  });
}

export function useSystem(id: string) {
  const client = useQueryClient();
  return useQuery({
    queryKey: systemKey(id),
    queryFn: () => get<System>(systemPath(id)),
    initialData: () => client.getQueryData<System[]>(SYSTEMS)?.find((system) => system.Id === id),
    initialDataUpdatedAt: () => client.getQueryState(SYSTEMS)?.dataUpdatedAt,
    refetchInterval: ({ state }) => (state.data && isPhysical(state.data) ? LOOK_MS : false),
  });
}

/** Reads one node again and puts it into every cache that shows it. */
export async function refreshSystem(client: QueryClient, id: string): Promise<void> {
  const system = await get<System>(systemPath(id));
  client.setQueryData(systemKey(id), system);
  client.setQueryData<System[]>(SYSTEMS, (list) =>
    list?.some((known) => known.Id === id) === false
      ? [...list, system].sort((one, other) => one.Name.localeCompare(other.Name))
      : list?.map((known) => (known.Id === id ? system : known)),
  );
}

function useChange<V>(id: string, change: (value: V) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSettled: () => refreshSystem(client, id).catch(() => undefined) });
}

export function useReset(system: System) {
  return useChange(system.Id, (type: string) => invoke(system.Actions?.["#ComputerSystem.Reset"], { ResetType: type }));
}

/** What the node offers beside its power. */
const ours = (system: System) => system.Actions?.Oem;

export function useResume(system: System) {
  return useChange(system.Id, () => invoke(ours(system)?.["#Lightsout.Resume"]));
}

export function useConfirmPower(system: System) {
  return useChange(system.Id, (state: PowerState) =>
    invoke(ours(system)?.["#Lightsout.ConfirmPower"], { PowerState: state }),
  );
}

/** What the action would do if it were asked for now. */
export function usePowerPlan(system: System, type: string) {
  const action = ours(system)?.["#Lightsout.PlanPower"];
  return useQuery({
    queryKey: ["plan", system.Id, type],
    queryFn: () => invoke<PowerPlan>(action, { ResetType: type }),
    enabled: action !== undefined && isPhysical(system),
    staleTime: 0,
    gcTime: 0,
  });
}

export function useReserve(system: System) {
  return useChange(system.Id, ({ reason, minutes }: { reason: string; minutes: number | null }) =>
    invoke(ours(system)?.["#Lightsout.Reserve"], {
      Reason: reason,
      ...(minutes !== null && { TimeoutMinutes: minutes }),
    }),
  );
}

export function useRelease(system: System) {
  return useChange(system.Id, (note: string) =>
    invoke(ours(system)?.["#Lightsout.Release"], note === "" ? {} : { Note: note }),
  );
}

export interface BootOrder {
  target: string;
  enabled: BootEnabled;
  /** Null leaves it as it is. */
  mode: BootMode | null;
}

export function useBootOverride(system: System) {
  return useChange(system.Id, ({ target, enabled, mode }: BootOrder) =>
    patch(system["@odata.id"], {
      Boot: {
        BootSourceOverrideTarget: target,
        BootSourceOverrideEnabled: enabled,
        ...(mode !== null && { BootSourceOverrideMode: mode }),
      },
    }),
  );
}

export function useIdentify(system: System) {
  return useChange(system.Id, (active: boolean) => patch(system["@odata.id"], { LocationIndicatorActive: active }));
}

/** Starts a reinstall; its result is the Task. */
export function useReinstall(system: System) {
  return useChange(system.Id, (order: ReinstallBody) => invoke<Task>(ours(system)?.["#Lightsout.Reinstall"], order));
}

/** Starts a rescue; its result is the Task. */
export function useRescue(system: System) {
  return useChange(system.Id, (order: { SSHKeys: string[]; TimeoutMinutes: number }) =>
    invoke<Task>(ours(system)?.["#Lightsout.Rescue"], order),
  );
}

/** Of a node of which a job tells no more than its Id. */
export function useEndRescue(id: string) {
  return useChange(id, () => post(`${systemPath(id)}/Actions/Oem/Lightsout.EndRescue`));
}

/** Starts an erase; its result is the Task. */
export function useErase(system: System) {
  return useChange(system.Id, (order: { Method: string; Disk?: DiskBody }) =>
    invoke<Task>(ours(system)?.["#Lightsout.Erase"], order),
  );
}
