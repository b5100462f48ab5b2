/** Files and the clipboard. */
import { now } from "../words/clock";

export function download(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000); // some browsers begin to read it later
}

/** A file's name with the moment in it. */
export const stamped = (name: string, ending: string) =>
  `${name}-${new Date(now()).toISOString().slice(0, 19).replaceAll(":", "")}Z.${ending}`;

/** Browsers have a clipboard only under HTTPS and on this computer; elsewhere the old way must do. */
export async function copyText(text: string): Promise<void> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard !== undefined) return clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is nothing else without HTTPS
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("clipboard");
}
