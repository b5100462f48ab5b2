/** What a node consists of, as far as a reinstall asks for it: its disks and its network cards. */
import { useQuery } from "@tanstack/react-query";
import { get, members } from "./http";
import type { Drive, EthernetInterface, Storage } from "./redfish";
import type { System } from "./types";

async function drivesOf(path: string): Promise<Drive[]> {
  const storages = await members<Storage>(path);
  return Promise.all(storages.flatMap(({ Drives }) => Drives).map((drive) => get<Drive>(drive["@odata.id"])));
}

/** None where the service knows of none, as of most real hardware. */
export function useDrives(system: System) {
  const path = system.Storage?.["@odata.id"];
  return useQuery({ queryKey: ["drives", system.Id], queryFn: () => (path ? drivesOf(path) : []) });
}

export function useNetworkCards(system: System) {
  const path = system.EthernetInterfaces?.["@odata.id"];
  return useQuery({ queryKey: ["cards", system.Id], queryFn: () => (path ? members<EthernetInterface>(path) : []) });
}
