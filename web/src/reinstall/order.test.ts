import { expect, test } from "vitest";
import { emptyDraft, fromJob, toRequest, type Draft } from "./order";

const ALL = ["Hostname", "SSHKeys", "Password", "User", "Network", "UserData"];
const draft: Draft = {
  ...emptyDraft(" n1 "),
  image: "debian-12",
  keys: "ssh-ed25519 A a\r\n\n# mine\n ssh-rsa B b ",
};

test("an order holds one key a line and nothing that was left empty", () => {
  expect(toRequest(draft, ALL)).toEqual({
    Image: "debian-12",
    Hostname: "n1",
    SSHKeys: ["ssh-ed25519 A a", "ssh-rsa B b"],
  });
  expect(toRequest({ ...draft, password: "x" }, ALL).Password).toBe("x");
});

test("an image is not told what it does not take", () => {
  expect(toRequest({ ...draft, user: "olga", userData: "#cloud-config" }, [])).toEqual({ Image: "debian-12" });
});

test("a disk is named by its serial number or by a rule", () => {
  expect(toRequest({ ...draft, disk: { by: "serial", serial: " LO1 " } }, []).Disk).toEqual({ Serial: "LO1" });
  expect(toRequest({ ...draft, disk: { by: "pick", pick: "largest" } }, []).Disk).toEqual({ Pick: "largest" });
});

test("addresses stand between spaces or commas", () => {
  const network = { ...draft.network, isStatic: true, addresses: "10.0.0.2/24, fd00::2/64", vlan: "7" };
  expect(toRequest({ ...draft, network }, ALL).Network).toEqual({
    VLANId: 7,
    Addresses: ["10.0.0.2/24", "fd00::2/64"],
    Gateways: [],
    NameServers: [],
    SearchDomains: [],
  });
});

test("a job is asked for again with the same choices", () => {
  const asked = {
    image: "web",
    hostname: "n7",
    ssh_keys: ["ssh-ed25519 A a"],
    disk: { serial: "LO1" },
    user: "olga",
    network: { mac: "52:54:00:00:00:01", addresses: ["10.0.0.2/24"], dns: ["10.0.0.1"] },
  };
  const again = fromJob(asked, "n1");
  expect(toRequest(again, ALL)).toEqual({
    Image: "web",
    Disk: { Serial: "LO1" },
    Hostname: "n7",
    SSHKeys: ["ssh-ed25519 A a"],
    User: "olga",
    Network: {
      MACAddress: "52:54:00:00:00:01",
      Addresses: ["10.0.0.2/24"],
      Gateways: [],
      NameServers: ["10.0.0.1"],
      SearchDomains: [],
    },
  });
});
