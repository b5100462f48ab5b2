/** What a node consists of, as far as anything tells. */
import { useQuery } from "@tanstack/react-query";
import { get, members } from "./http";
import { chassisPath } from "./paths";
import type { Chassis, Drive, EthernetInterface, Memory, Processor } from "./redfish";
import type { Link, System } from "./types";

export interface Inventory {
  processors: Processor[];
  memory: Memory[];
  drives: Drive[];
  interfaces: EthernetInterface[];
}

const all = <T extends Link>(link: Link | undefined) =>
  link === undefined ? Promise.resolve([]) : members<T>(link["@odata.id"]);

export function useInventory(system: System) {
  return useQuery({
    queryKey: ["inventory", system.Id, system["@odata.etag"].split(".")[0]],
    queryFn: async (): Promise<Inventory> => {
      const chassis = await get<Chassis>(chassisPath(system));
      const [processors, memory, drives, interfaces] = await Promise.all([
        all<Processor>(system.Processors),
        all<Memory>(system.Memory),
        all<Drive>(chassis.Drives),
        all<EthernetInterface>(system.EthernetInterfaces),
      ]);
      return { processors, memory, drives, interfaces };
    },
    placeholderData: (before) => before,
  });
}
