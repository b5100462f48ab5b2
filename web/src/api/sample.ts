/** Wholes for tests that look at a part. */
import { memberPath, PATHS } from "./paths";
import type { System, Task } from "./types";

type Ours<T> = T extends { Oem?: { Lightsout: infer O } } ? O : never;

/** A node of which only this is known; what is not is not there, whatever its type says. */
export function sampleSystem(id: string, known: Partial<System>, ours: Partial<Ours<System>> = {}): System {
  const path = memberPath(PATHS.systems, id);
  return { "@odata.id": path, Id: id, Name: id, ...known, Oem: { Lightsout: ours } } as System;
}

export function sampleTask(known: Partial<Task>, ours: Partial<Ours<Task>>): Task {
  return { "@odata.id": memberPath(PATHS.tasks, "1"), Id: "1", ...known, Oem: { Lightsout: ours } } as Task;
}
