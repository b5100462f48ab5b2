/** The library: images that a reinstall can write, and media for virtual drives. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { members, patch, post, remove } from "./http";
import { useNow } from "../words/useNow";
import { useSession } from "./session";
import { TASKS, hasEnded, useTasks } from "./tasks";
import type { Link, Task } from "./types";

/** What the service calls a thing of each kind, in a job's request and in events. */
export type Shelf = "image" | "medium";

export interface LibraryItem extends Link {
  Id: string;
  Name: string;
  SizeBytes: number;
  SHA256: string | null;
  Added: string | null;
  Account: string | null;
  UsedBy: string[];
}

export interface LibraryImage extends LibraryItem {
  Description?: string;
  KernelFamily: string;
  Firmware: string[];
  Seed: string;
  Proofs: string[];
  /** Which parameters of a reinstall the new system can be told. */
  Settings: string[];
  UserDataBytesMax: number | null;
  BuiltIn: boolean;
  WrittenTo: string[];
}

export interface Medium extends LibraryItem {
  /** Somebody put it into the service's own directory, where alone it can be deleted. */
  InDirectory: boolean;
}

/** What an administrator says of an image. */
export interface AboutImage {
  Name?: string;
  Description?: string;
  KernelFamily?: string;
  Firmware?: string[];
  Seed?: string;
  Proofs?: string[];
}

export interface NewItem extends AboutImage {
  Id: string;
  FileSHA256?: string;
  FileSizeBytes?: number;
  URL?: string;
  Format?: string;
}

const PATHS: Record<Shelf, string> = {
  image: "/redfish/v1/Oem/Lightsout/Images",
  medium: "/redfish/v1/Oem/Lightsout/Media",
};
export const LIBRARY = ["library"] as const;
const shelfKey = (shelf: Shelf) => [...LIBRARY, shelf] as const;

export const allImages = { queryKey: shelfKey("image"), queryFn: () => members<LibraryImage>(PATHS.image) };

export const useImages = () => useQuery(allImages);

export function useMedia() {
  return useQuery({ queryKey: shelfKey("medium"), queryFn: () => members<Medium>(PATHS.medium) });
}

/** The library is an administrator's. The service decides; this only spares a person what would be refused. */
export const useMayAdd = () => useSession().data?.role === "Administrator";

/** Begins to add; its result is the Task, which says where a file is to be uploaded. */
export function useAdd(shelf: Shelf) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: NewItem) => (await post<Task>(PATHS[shelf], wanted)).body,
    onSettled: () => client.invalidateQueries({ queryKey: TASKS }),
  });
}

export function useDescribe() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ image, about }: { image: LibraryImage; about: AboutImage }) => patch(image["@odata.id"], about),
    onSettled: () => client.invalidateQueries({ queryKey: LIBRARY }),
  });
}

export function useDelete() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (item: LibraryItem) => remove(item["@odata.id"]),
    onSettled: () => client.invalidateQueries({ queryKey: LIBRARY }),
  });
}

const DAY_MS = 24 * 3600 * 1000;

/** The name of what a job adds to the shelf; undefined when it adds nothing there. */
export const nameOf = (task: Task, shelf: Shelf) => task.Oem?.Lightsout?.Request?.[shelf];

/** Jobs that add to a shelf: those under way, and those of the last day that failed. */
export function useAdditions(shelf: Shelf): Task[] {
  const tasks = useTasks().data ?? [];
  const now = useNow(60_000);
  const recent = (task: Task) => now - new Date(task.EndTime ?? 0).getTime() < DAY_MS;
  return tasks.filter(
    (task) =>
      task.Oem?.Lightsout?.Kind === "import" &&
      nameOf(task, shelf) !== undefined &&
      (!hasEnded(task) || (task.TaskState === "Exception" && recent(task))),
  );
}
