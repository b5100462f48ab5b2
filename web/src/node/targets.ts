/** How the things that a node can boot from are called. */
import { named, type Message } from "../words/i18n";

const TARGETS: Record<string, Message> = {
  None: "The node’s own boot order",
  Pxe: "Network (PXE)",
  Hdd: "Disk",
  Cd: "CD/DVD (virtual media)",
  BiosSetup: "Firmware setup",
};

export const targetWords = (target: string) => named(TARGETS, target);
