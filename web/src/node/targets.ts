/** How the things that a node can boot from, and the ways to boot from them, are called. */
import { named, type Message } from "../words/i18n";

const TARGETS: Record<string, Message> = {
  None: "The node’s own boot order",
  Pxe: "Network (PXE)",
  Hdd: "Disk",
  Cd: "CD/DVD (virtual media)",
  BiosSetup: "Firmware setup",
};

const MODES: Record<string, Message> = {
  Legacy: "Legacy BIOS",
};

export const modeWords = (mode: string) => named(MODES, mode);

export const targetWords = (target: string) => named(TARGETS, target);
