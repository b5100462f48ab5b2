/** The library: images that a reinstall can write, and media for virtual drives. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { members, patch, post, remove } from "./http";
import { useNow } from "../words/useNow";
import { PATHS } from "./paths";
import { equal } from "./query";
import { useGoverns } from "./manager";
import { TASKS, hasEnded, useTasks } from "./tasks";
import type { LightsoutImage, LightsoutMedium, NewImage, NewMedium } from "./lightsout";
import type { Task } from "./types";

export type { LightsoutImage as LibraryImage, LightsoutMedium as Medium } from "./lightsout";

/** What the service calls a thing of each kind, in a job's request and in events. */
export type Shelf = "image" | "medium";

/** What an image and a medium have in common. */
export type LibraryItem = LightsoutImage | LightsoutMedium;
export type NewItem = NewImage | NewMedium;
/** What an administrator says of an image. */
export type AboutImage = Partial<
  Pick<LightsoutImage, "Name" | "Description" | "KernelFamily" | "Firmware" | "Seed" | "Proofs">
>;

const SHELVES: Record<Shelf, string> = { image: PATHS.images, medium: PATHS.media };
export const LIBRARY = ["library"] as const;
const shelfKey = (shelf: Shelf) => [...LIBRARY, shelf] as const;

export const allImages = { queryKey: shelfKey("image"), queryFn: () => members<LightsoutImage>(SHELVES.image) };

export const useImages = () => useQuery(allImages);

export function useMedia() {
  return useQuery({ queryKey: shelfKey("medium"), queryFn: () => members<LightsoutMedium>(SHELVES.medium) });
}

/** The library is the whole fleet's. The service decides; this only spares a person what would be refused. */
export const useMayAdd = useGoverns;

/** Begins to add; its result is the Task, which says where a file is to be uploaded. */
export function useAdd(shelf: Shelf) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: NewItem) => (await post<Task>(SHELVES[shelf], wanted)).body,
    onSettled: () => client.invalidateQueries({ queryKey: TASKS }),
  });
}

export function useDescribe() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ image, about }: { image: LightsoutImage; about: AboutImage }) => patch(image["@odata.id"], about),
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
export const nameOf = (task: Task, shelf: Shelf) => task.Oem?.Lightsout.Request[shelf];

/** All that was ever added to the library, as far as it is remembered. */
export const useImports = () => useTasks(equal("Oem/Lightsout/Kind", "import"));

/** Jobs that add to a shelf: those under way, and those of the last day that failed. */
export function useAdditions(shelf: Shelf): Task[] {
  const tasks = useImports().data ?? [];
  const now = useNow(60_000);
  const recent = (task: Task) => now - new Date(task.EndTime ?? 0).getTime() < DAY_MS;
  return tasks.filter(
    (task) =>
      nameOf(task, shelf) !== undefined && (!hasEnded(task) || (task.TaskState === "Exception" && recent(task))),
  );
}
