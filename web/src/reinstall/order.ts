/** What the operator has filled in, as a request. The service checks it; only the split into lines is ours. */
import type { DiskBody, JobRequest, NetworkBody, ReinstallBody, WayIn } from "../api/types";
import { wordsIn } from "../words/wordsIn";

/** Which disk: the only one there is, one by its serial number, or one of several by a rule. */
export type DiskRule = { by: "only" } | { by: "serial"; serial: string } | { by: "pick"; pick: string };

export interface NetworkDraft {
  isStatic: boolean;
  mac: string;
  vlan: string;
  addresses: string;
  gateways: string;
  nameServers: string;
  searchDomains: string;
}

export interface Draft {
  image: string;
  way: string;
  disk: DiskRule;
  hostname: string;
  user: string;
  keys: string;
  password: string;
  network: NetworkDraft;
  userData: string;
}

const BY_DHCP: NetworkDraft = {
  isStatic: false,
  mac: "",
  vlan: "",
  addresses: "",
  gateways: "",
  nameServers: "",
  searchDomains: "",
};

export const emptyDraft = (hostname: string): Draft => ({
  image: "",
  way: "",
  disk: { by: "only" },
  hostname,
  user: "",
  keys: "",
  password: "",
  network: BY_DHCP,
  userData: "",
});

/** One key a line; what begins with # is a remark. */
export function keyLines(keys: string): string[] {
  const lines = keys.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

/** What stands between spaces or commas. */
export function toDisk(disk: DiskRule): DiskBody | undefined {
  if (disk.by === "serial" && disk.serial.trim() !== "") return { Serial: disk.serial.trim() };
  return disk.by === "pick" ? { Pick: disk.pick as NonNullable<DiskBody["Pick"]> } : undefined;
}

function toNetwork(draft: NetworkDraft): NetworkBody | undefined {
  if (!draft.isStatic) return undefined;
  return {
    ...(draft.mac !== "" && { MACAddress: draft.mac }),
    ...(draft.vlan.trim() !== "" && { VLANId: Number(draft.vlan) }),
    Addresses: wordsIn(draft.addresses),
    Gateways: wordsIn(draft.gateways),
    NameServers: wordsIn(draft.nameServers),
    SearchDomains: wordsIn(draft.searchDomains),
  };
}

/** `settings`: what the image's system can be told; nothing else is asked for. */
export function toRequest(draft: Draft, settings: string[]): ReinstallBody {
  const takes = (setting: string) => settings.includes(setting);
  const disk = toDisk(draft.disk);
  const network = toNetwork(draft.network);
  return {
    Image: draft.image,
    ...(draft.way !== "" && { Way: draft.way as WayIn }),
    ...(disk && { Disk: disk }),
    ...(takes("Hostname") && { Hostname: draft.hostname.trim() }),
    ...(takes("SSHKeys") && { SSHKeys: keyLines(draft.keys) }),
    ...(takes("Password") && draft.password !== "" && { Password: draft.password }),
    ...(takes("User") && draft.user.trim() !== "" && { User: draft.user.trim() }),
    ...(takes("Network") && network && { Network: network }),
    ...(takes("UserData") && draft.userData !== "" && { UserData: draft.userData }),
  };
}

/** What a job was asked for, to be asked again: all but its secrets, which nobody keeps. */
export function fromJob(request: JobRequest, hostname: string): Draft {
  const { disk, network } = request;
  return {
    ...emptyDraft(request.hostname ?? hostname),
    image: request.image ?? "",
    way: request.way ?? "",
    disk: disk?.serial
      ? { by: "serial", serial: disk.serial }
      : disk?.pick
        ? { by: "pick", pick: disk.pick }
        : { by: "only" },
    user: request.user ?? "",
    keys: (request.ssh_keys ?? []).join("\n"),
    network: network
      ? {
          isStatic: true,
          mac: network.mac ?? "",
          vlan: network.vlan ? String(network.vlan) : "",
          addresses: (network.addresses ?? []).join(" "),
          gateways: (network.gateways ?? []).join(" "),
          nameServers: (network.dns ?? []).join(" "),
          searchDomains: (network.search ?? []).join(" "),
        }
      : BY_DHCP,
  };
}
