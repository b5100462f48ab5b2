/** A node's virtual drives. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { invoke, members } from "./http";
import type { System, VirtualMedia } from "./types";

export const mediaKey = (systemId: string) => ["media", systemId] as const;

export function useVirtualMedia(system: System) {
  const path = system.VirtualMedia?.["@odata.id"];
  return useQuery({
    queryKey: mediaKey(system.Id),
    queryFn: () => members<VirtualMedia>(path ?? ""),
    enabled: path !== undefined,
  });
}

export function useInsertMedia(system: System) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ drive, image }: { drive: VirtualMedia; image: string }) =>
      invoke(drive.Actions?.["#VirtualMedia.InsertMedia"], { Image: image }),
    onSettled: () => client.invalidateQueries({ queryKey: mediaKey(system.Id) }),
  });
}

export function useEjectMedia(system: System) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (drive: VirtualMedia) => invoke(drive.Actions?.["#VirtualMedia.EjectMedia"]),
    onSettled: () => client.invalidateQueries({ queryKey: mediaKey(system.Id) }),
  });
}
