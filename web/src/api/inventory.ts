/** What a node consists of, as far as anything tells. */
import { useQuery } from "@tanstack/react-query";
import { get, members } from "./http";
import type { Link, System } from "./types";

export interface Processor extends Link {
  Id: string;
  Model?: string | null;
  Manufacturer?: string | null;
  InstructionSet?: string | null;
  TotalCores?: number | null;
  TotalThreads?: number | null;
}

export interface MemoryModule extends Link {
  Id: string;
  CapacityMiB?: number | null;
  MemoryDeviceType?: string | null;
  MemoryType?: string | null;
  Manufacturer?: string | null;
  PartNumber?: string | null;
  SerialNumber?: string | null;
}

export interface Drive extends Link {
  Id: string;
  Name?: string;
  Model?: string | null;
  SerialNumber?: string | null;
  CapacityBytes?: number | null;
  MediaType?: string | null;
  Protocol?: string | null;
}

export interface EthernetInterface extends Link {
  Id: string;
  MACAddress?: string | null;
  LinkStatus?: string | null;
  SpeedMbps?: number | null;
}

export interface Inventory {
  processors: Processor[];
  memory: MemoryModule[];
  drives: Drive[];
  interfaces: EthernetInterface[];
}

interface Parts {
  Processors?: Link;
  Memory?: Link;
  EthernetInterfaces?: Link;
}

const all = <T extends Link>(link: Link | undefined) =>
  link === undefined ? Promise.resolve([]) : members<T>(link["@odata.id"]);

export function useInventory(system: System) {
  const parts: Parts & System = system;
  return useQuery({
    queryKey: ["inventory", system.Id, system["@odata.etag"]?.split(".")[0]],
    queryFn: async (): Promise<Inventory> => {
      const chassis = await get<{ Drives?: Link }>(`/redfish/v1/Chassis/${encodeURIComponent(system.Id)}`);
      const [processors, memory, drives, interfaces] = await Promise.all([
        all<Processor>(parts.Processors),
        all<MemoryModule>(parts.Memory),
        all<Drive>(chassis.Drives),
        all<EthernetInterface>(parts.EthernetInterfaces),
      ]);
      return { processors, memory, drives, interfaces };
    },
    placeholderData: (before) => before,
  });
}
