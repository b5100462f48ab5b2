"""Reinstall of servers that Lightsout does not run, by the doors of a live service: machines behind BMCs that are not
ours, on a network where the service may boot them.
"""

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree

import pytest

from tests.e2e.conftest import NewService
from tests.e2e.reinstalls import TASKS, assert_released, start, until_end, until_step, words
from tests.e2e.service import LiveService, booting, wait_until
from tests.libvirt_node.daemon import NOBODY, Libvirtd, lacks
from tests.robots.conftest import Simulator
from tests.robots.deploy_lab import ports
from tests.robots.lan import BRIDGE, MAC, SERVICE, Lan, make_lan
from tests.robots.redfish_peers import emulator

pytestmark = pytest.mark.guest

NODE, ADDRESS, CONSOLE, MEDIA = "rack1-u7", "192.0.2.23", 4001, f"{SERVICE}:8088"
DISK = 256 << 20
DHCP = {67, 69, 4011}
"""The UDP ports of dnsmasq."""
MACHINE = """<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid>
  <memory unit='MiB'>512</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='{directory}/disk.raw'/><target dev='vda' bus='virtio'/>
    </disk>
    <interface type='ethernet'>
      <mac address='{mac}'/><target dev='{tap}' managed='no'/><model type='virtio'/>
    </interface>
    <serial type='tcp'>
      <source mode='bind' host='127.0.0.1' service='{console}'/><protocol type='raw'/>
      <log file='{directory}/console.log' append='on'/>
    </serial>
  </devices>
</domain>
"""
CHASSIS = """#!/bin/sh
# What ipmi_sim calls: power and boot device of a server, which is a QEMU. It removes `pid` when it ends.
cd {directory}
off() {{
  [ -e pid ] && kill "$(cat pid)"
  while [ -e pid ]; do sleep 0.05; done
}}
on() {{
  [ -e pid ] && return
  card=2 disk=1
  [ "$(cat boot)" = pxe ] && card=1 disk=2
  echo none > boot
  qemu-system-x86_64 -daemonize -pidfile pid -machine q35,accel=tcg -m 256 -nodefaults -display none \\
    -drive if=none,id=disk,format=raw,file=disk.raw -device virtio-blk-pci,drive=disk,bootindex=$disk \\
    -netdev tap,id=net,ifname={tap},script=no,downscript=no \\
    -device virtio-net-pci,netdev=net,mac={mac},bootindex=$card \\
    -chardev serial,id=line,path={directory}/line -serial chardev:line
}}
verb=$2; shift 2
while [ $# -gt 0 ]; do
  case "$verb $1" in
    "get power") [ -e pid ] && echo power:1 || echo power:0; shift;;
    "get boot") echo "boot:$(cat boot)"; shift;;
    get*) echo "$1:0"; shift;;
    "set power") [ "$2" = 1 ] && on || off; shift 2;;
    "set boot") echo "$2" > boot; shift 2;;
    check*) shift;;
    *) exit 1;;
  esac
done
"""
NO_SECURE_BOOT = "<firmware><feature enabled='no' name='secure-boot'/></firmware>"
CONFIG = f"""
[credentials.rack]
user = "admin"
password_file = "{{password}}"
[deploy.lab]
interface = "{BRIDGE}"
address = "{SERVICE}/24"
beside = "{{beside}}"
"""


@dataclass
class Rack:
    """A server with an empty disk, which is a domain; its BMC is sushy-emulator."""

    libvirtd: Libvirtd
    service: LiveService

    @property
    def boots_from(self) -> list[str]:
        """What libvirt is to have it boot from next, first things first."""
        saved = ElementTree.fromstring(self.libvirtd.virsh("dumpxml", "--inactive", NODE))
        devices = {
            boot.get("order", ""): device.get("device") or device.tag
            for device in saved.iterfind("devices/*")
            if (boot := device.find("boot")) is not None
        }
        return [devices[order] for order in sorted(devices)]


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    with make_lan(tmp_path) as lan:
        yield lan


@pytest.fixture
def libvirtd(lan: Lan) -> Iterator[Libvirtd]:
    """On the network of this test, with the pool that the emulator keeps media in."""
    pytest.importorskip("libvirt")
    if missing := lacks():
        pytest.skip(f"there is no {missing}")
    daemon = Libvirtd()
    try:
        daemon.start()
        (pool := daemon.directory / "pool").mkdir()
        daemon.give(pool)
        daemon.virsh("pool-define-as", "default", "dir", "--target", str(pool))
        daemon.virsh("pool-start", "default")
        yield daemon
    finally:
        daemon.destroy()


@pytest.fixture
async def rack(
    request: pytest.FixtureRequest, lan: Lan, libvirtd: Libvirtd, new_service: NewService, tmp_path: Path
) -> AsyncIterator[Rack]:
    """The service knows its power and its drives."""
    directory = libvirtd.directory
    with (directory / "disk.raw").open("wb") as disk:
        disk.truncate(DISK)
    libvirtd.give(directory / "disk.raw")
    machine = MACHINE.format(
        name=NODE, uuid=uuid4(), directory=directory, mac=MAC, tap=lan.tap("tap0", NOBODY), console=CONSOLE
    )
    if getattr(request, "param", "bios") == "uefi":
        machine = machine.replace("<os>", f"<os firmware='efi'>{NO_SECURE_BOOT}")
    (directory / "machine.xml").write_text(machine)
    libvirtd.virsh("define", str(directory / "machine.xml"))
    with emulator(tmp_path / "bmc", libvirt=libvirtd.uri) as bmc:
        await bmc.ready()
        service = new_service(demo=False, config=configuration(tmp_path, beside="no")).start()
        add_node(
            service,
            bmc={"adapter": "redfish", "url": bmc.url, "serve_from": MEDIA},
            console={"adapter": "serial", "host": "127.0.0.1", "port": CONSOLE, "mode": "raw"},
        )
        drives = f"/redfish/v1/Systems/{NODE}/VirtualMedia"
        wait_until(lambda: bool(service.call("GET", drives).body.get("Members")), 60, "its drive known")
        yield Rack(libvirtd, service)


def configuration(directory: Path, beside: str) -> str:
    """With the BMC's credential, and the network on which there is another DHCP server or is none."""
    (directory / "password").write_text("secret\n")
    return CONFIG.format(password=directory / "password", beside=beside)


def add_node(service: LiveService, bmc: dict[str, object], **more: object) -> None:
    """Its power is known then."""
    deploy = {"adapter": "deploy-network", "network": "lab", "macs": [MAC], "address": ADDRESS}
    service.add_node(NODE, "hardware", bmc={**bmc, "credential": "rack", "poll": 1}, deploy=deploy, **more)
    wait_until(lambda: service.power(NODE) == "Off", 60, "known to be off")


def assert_runs(service: LiveService, task: str, image: str, *proofs: str) -> None:
    """The job has ended well and left nothing behind: no medium, no boot device, no DHCP."""
    ended = service.get(task)
    assert ended["TaskState"] == "Completed", words(ended)
    assert set(ended["Oem"]["Lightsout"]["Proofs"]) == set(proofs)
    system = service.system(NODE)
    assert (system["PowerState"], system["Oem"]["Lightsout"]["InstalledImage"]) == ("On", image)
    assert_released(service, NODE)
    assert not ports() & DHCP
    assert list(service.state.rglob("armed.json")) == []


@pytest.mark.parametrize("rack", ["bios", pytest.param("uefi", marks=pytest.mark.slow)], indirect=True)
async def test_a_server_boots_the_virtual_medium_of_its_bmc_and_is_reinstalled_to_every_proof(rack: Rack) -> None:
    service, image = rack.service, "lightsout-server"
    async with booting():
        done = await asyncio.to_thread(service.bmc, "reinstall", NODE, image, "--yes", timeout=600)
    assert done.returncode == 0, done.stderr + done.stdout
    (task,) = service.get(TASKS)["Members"]
    assert_runs(service, task["@odata.id"], image, "phone-home", "serial-nonce", "ssh-login")
    assert rack.boots_from == ["disk"]


async def test_a_server_that_boots_by_network_gets_its_system_though_the_service_is_killed_while_it_writes(
    rack: Rack,
) -> None:
    service, image = rack.service, "lightsout-mini"
    async with booting():
        task = start(service, NODE, image, Way="Network")
        await until_step(service, task, "write", "verify")
        assert rack.boots_from == ["interface", "disk"]
        running = rack.libvirtd.virsh("domid", NODE)
        service.kill()
        wait_until(lambda: not ports() & DHCP, 30, "dnsmasq gone with the service")
        service.start()
        assert rack.libvirtd.virsh("domid", NODE) == running
        ended = await until_end(service, task)
    told = words(ended).splitlines()
    assert told.count("the service was restarted; going on") == 1
    assert [line for line in told if "fetches" in line] == [
        f"the network boot fetches the {name}" for name in ("boot script", "kernel", "configuration", "ramdisk")
    ]
    assert_runs(service, task, image, "phone-home", "serial-nonce")
    assert rack.boots_from == ["disk"]


@pytest.fixture
def simulator(lan: Lan, tmp_path: Path) -> Iterator[Simulator]:
    """A server with an empty disk; power, boot device and serial line by ipmi_sim alone."""
    if shutil.which("ipmi_sim") is None:
        pytest.skip("ipmi_sim (Debian package openipmi) is not installed")
    (directory := tmp_path / "sim").mkdir()
    with (directory / "disk.raw").open("wb") as disk:
        disk.truncate(DISK)
    simulator = Simulator(directory)
    chassis = directory / "chassis.sh"
    chassis.write_text(CHASSIS.format(directory=directory, tap=lan.tap("tap0"), mac=MAC))
    settings = (directory / "lan.conf").read_text()
    (directory / "lan.conf").write_text(re.sub(r'sol "[^"]*"', f'sol "{directory}/sol"', settings))
    lan.host.start("socat", f"PTY,link={directory}/sol,raw,echo=0", f"PTY,link={directory}/line,raw,echo=0")
    wait_until(lambda: (directory / "sol").exists() and (directory / "line").exists(), 10, "the serial line is there")
    simulator.start()
    try:
        yield simulator
    finally:
        subprocess.run([chassis, "0x20", "set", "power", "0"], check=True, timeout=60)
        simulator.close()


async def test_a_server_with_an_ipmi_bmc_boots_by_a_network_that_has_its_own_dhcp_server(
    lan: Lan, simulator: Simulator, new_service: NewService, tmp_path: Path
) -> None:
    """Its console, with one of the proofs, is Serial over LAN."""
    other, image = lan.other_dhcp(f"--dhcp-host={MAC},{ADDRESS}"), "lightsout-server"
    service = new_service(demo=False, config=configuration(tmp_path, beside="auto")).start()
    add_node(service, bmc={"adapter": "ipmi", "host": "127.0.0.1", "port": simulator.port})
    async with booting():
        task = start(service, NODE, image, Way="Network")
        await until_end(service, task)
    assert_runs(service, task, image, "phone-home", "serial-nonce", "ssh-login")
    assert f"DHCPACK(eth0) {ADDRESS} {MAC}" in other.read_text()
    assert simulator.read("boot") == "none"
