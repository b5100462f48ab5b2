/** How what is said of images is called. */
import { named, t, type Message } from "../words/i18n";

/** Called the same in every language. */
const KERNELS: Record<string, string> = { linux: "Linux", windows: "Windows", bsd: "BSD" };

const SEEDS: Record<string, Message> = {
  none: "Nothing: it cannot be told",
  nocloud: "cloud-init, NoCloud",
  configdrive: "cloud-init, ConfigDrive",
  lightsout: "As our own systems do",
};

export const SETTINGS: Record<string, Message> = {
  Hostname: "host name",
  SSHKeys: "SSH keys",
  Password: "password",
  User: "user",
  Network: "network",
  UserData: "user data",
};

export const kernelWords = (kernel: string) => KERNELS[kernel] ?? t("Other");
export const seedWords = (seed: string) => named(SEEDS, seed);
export const settingWords = (setting: string) => named(SETTINGS, setting);

/** What an administrator can choose from; the service says if it knows better. */
export const CHOICES = {
  KernelFamily: [...Object.keys(KERNELS), "other"],
  Seed: ["none", "nocloud", "configdrive", "lightsout"],
  Proofs: ["serial-nonce", "phone-home", "ssh-login"],
  Firmware: ["UEFI", "Legacy"],
  Format: ["raw", "raw.gz", "raw.xz", "raw.zst", "qcow2", "qcow2.gz", "qcow2.xz", "qcow2.zst"],
};

const ENDINGS = [".gz", ".xz", ".zst", ".raw", ".img", ".qcow2"];

/** The name of a file in `source`, which is one, or the URL of one. */
export const fileName = (source: string) =>
  source
    .replace(/[?#].*$/, "")
    .split("/")
    .at(-1) ?? "";

/** What an image in this file may be called: "Debian_12.raw.zst" is "debian-12". */
export function imageName(file: string): string {
  let name = file;
  for (let ending; (ending = ENDINGS.find((each) => name.endsWith(each)));) name = name.slice(0, -ending.length);
  return name.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, "-");
}

/** How the image in a file of this name is made and packed; "raw" if the name does not tell. */
export function formatOf(file: string): string {
  const [, packed = ""] = /(\.gz|\.xz|\.zst)$/.exec(file) ?? [];
  const kind = file.slice(0, file.length - packed.length).endsWith(".qcow2") ? "qcow2" : "raw";
  return kind + packed;
}
