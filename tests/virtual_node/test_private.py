"""Private networks: who reaches whom, what an armed deploy listener hears, and how long the network is there."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bmc.model.errors import BackendFailed, Refused
from bmc.model.power import PowerAction
from bmc.virtual_node import private, sandbox, tap
from bmc.virtual_node.network_keeper import BRIDGE_MAC
from bmc.virtual_node.private import PrivateNetwork, configuration
from bmc.virtual_node.sandbox import Namespaces
from tests.virtual_node.linux_guest import install
from tests.virtual_node.rig import Rig

MISSING = private.missing()
DHCP = (
    r"""printf '#!/bin/sh\n[ "$1" = bound ] || exit 0\nip addr flush dev $interface\n"""
    r"""ip addr add $ip/24 dev $interface; echo LEASE $ip $boot_file $router $dns END\n' > /lease; chmod +x /lease; """
    "udhcpc -i eth0 -n -q -t 10 -T 2 -s /lease"
)
SPOOF = (
    "ip link set eth0 down; ip link set eth0 address {mac}; ip link set eth0 up; ip addr flush dev eth0; "
    "ip addr add {address}/24 dev eth0"
)


async def lease(rig: Rig, expect: str) -> None:
    position = await rig.serial.say(f"run {DHCP}\n")
    await rig.serial.until(f"LEASE {expect} END", position)
    await rig.serial.until("RUN-DONE", position)


async def run(rig: Rig, command: str) -> None:
    position = await rig.serial.say(f"run {command}\n")
    await rig.serial.until("RUN-DONE", position)


async def tries(rig: Rig, where: str, expect: str) -> None:
    position = await rig.serial.say(f"try {where}\n")
    position = await rig.serial.until("TRY-", position)
    await rig.serial.until(expect, position)


async def answered(listener_of: Rig) -> asyncio.Server:
    """The deploy listener of that node, which says DEPLOY."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\nDEPLOY\n")
        await writer.drain()
        writer.close()

    assert listener_of.backend.deploy is not None
    return await asyncio.start_server(serve, sock=await listener_of.backend.deploy.listener())


@pytest.mark.guest
@pytest.mark.skipif(MISSING is not None, reason=f"private networks cannot be made here: {MISSING}")
async def test_nodes_reach_each_other_in_their_network_and_nothing_else(
    make_rig: Callable[..., Rig],
    host_port: int,
):
    rigs = []
    for name, network in (("n1", "lab"), ("n2", "lab"), ("n3", "dmz")):
        rig = make_rig(name, memory_mib=192, disks=[{"size_mib": 24}], nics=[{"network": {"private": network}}])
        install(rig)
        await rig.start()
        await rig.power_on("GUEST-UP")
        rigs.append(rig)
    armed, neighbour, stranger = rigs
    lab, dmz = (PrivateNetwork.of(armed.directory, name) for name in ("lab", "dmz"))
    keepers = {lab.keeper(), dmz.keeper()}
    networks = {os.readlink(f"/proc/{pid}/ns/net") for pid in (*keepers, armed.pid, os.getpid())}
    assert len(networks) == 4, "QEMU is not in the private network either: it has a tap of it alone"

    lab.set_boot_file(neighbour.options.nics[0].mac or "", "http://10.64.0.1/boot.ipxe")
    await lease(armed, "10.64.0.2")
    await lease(neighbour, "10.64.0.3 http://10.64.0.1/boot.ipxe")
    await lease(stranger, "10.65.0.2")

    await run(armed, "nc -ll -p 7777 -e /bin/true & sleep 1")
    await tries(neighbour, "10.64.0.2 7777", "OPEN")
    await tries(stranger, "10.64.0.2 7777", "CLOSED")
    await run(stranger, "ip addr add 10.64.0.9/24 dev eth0")
    await tries(stranger, "10.64.0.2 7777", "CLOSED")
    for target in (f"10.64.0.1 {host_port}", "10.64.0.1 22", f"127.0.0.1 {host_port}", "10.0.2.2 80"):
        await tries(neighbour, target, "CLOSED")

    # Only the armed node is heard, also by a service that has been started anew.
    url = "http://10.64.0.1:8002"
    for _ in range(2):
        assert armed.backend.deploy is not None
        assert armed.backend.deploy.url == url
        server = await answered(armed)
        position = await armed.serial.say(f"get {url}/\n")
        await armed.serial.until("DEPLOY", position)
        await tries(neighbour, "10.64.0.1 8002", "CLOSED")
        server.close()
        await server.wait_closed()
        await armed.stop()
        await armed.start()
        await lease(armed, "10.64.0.2")
    server = await answered(armed)
    await run(neighbour, SPOOF.format(mac=armed.options.nics[0].mac, address="10.64.0.2"))
    await tries(neighbour, "10.64.0.1 8002", "CLOSED")
    position = await armed.serial.say(f"get {url}/\n")
    await armed.serial.until("DEPLOY", position)
    server.close()
    await server.wait_closed()
    assert not any(b"SECRET" in rig.serial.printed for rig in rigs)

    for rig in rigs:
        await rig.apply(PowerAction.FORCE_OFF)
    async with asyncio.timeout(60):
        while any(Path(f"/proc/{keeper}").exists() for keeper in keepers):  # noqa: ASYNC110 - the test is not its parent
            await asyncio.sleep(0.1)
    with pytest.raises(BackendFailed, match="power its nodes off and on"):
        lab.keeper()


def children(pid: int) -> set[int]:
    """Those that are no zombies: a process whose parent was killed may wait for its funeral."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.add(int(stat.parent.name))
    return found


def running(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def eventually(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(MISSING is not None, reason=f"private networks cannot be made here: {MISSING}")
def test_the_dhcp_server_has_three_rights_is_begun_anew_and_ends_with_its_keeper(tmp_path: Path):
    lab = PrivateNetwork.of(tmp_path, "lab")
    card = lab.plug_in("52:54:00:00:00:01")
    try:
        keeper = lab.keeper()
        (first,) = children(keeper)
        eventually(lambda: Path(f"/proc/{first}/comm").read_text() == "dnsmasq\n")
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{first}/status").read_text().splitlines() if ":" in line
        )
        assert {int(status[kind], 16) for kind in ("CapEff", "CapBnd")} == {1 << 10 | 1 << 12 | 1 << 13}
        assert status["NoNewPrivs"].strip() == "1"
        os.kill(first, signal.SIGKILL)
        eventually(lambda: bool(children(keeper) - {first}))
        (second,) = children(keeper)
        os.kill(keeper, signal.SIGKILL)
        eventually(lambda: not running(second))
        with pytest.raises(BackendFailed, match="is not there"):
            lab.keeper()
    finally:
        os.close(card)


def test_a_card_keeps_its_address_until_its_node_is_removed(tmp_path: Path):
    lab, dmz = (PrivateNetwork.of(tmp_path, name) for name in ("lab", "dmz"))
    first, second = "52:54:00:00:00:01", "52:54:00:00:00:02"
    assert (lab.address(first), lab.address(second), lab.address(first)) == ("10.64.0.2", "10.64.0.3", "10.64.0.2")
    assert dmz.address(first) == "10.65.0.2", "a node may be on several"
    lab.forget(first)
    assert lab.address("52:54:00:00:00:03") == "10.64.0.2"
    for number in range(4, 255):
        lab.address(f"52:54:00:00:01:{number:02x}")
    with pytest.raises(Refused, match="no address left"):
        lab.address(first)


@pytest.mark.parametrize(
    ("networks", "url"),
    [
        (["user"], "http://10.0.2.2"),
        (["user", {"private": "lab"}], "http://10.0.2.2"),
        ([{"bridge": "br0"}, {"private": "lab"}, "user"], "http://10.64.0.1:8002"),
        ([{"bridge": "br0"}], None),
    ],
)
def test_the_ramdisk_comes_by_the_first_card_that_leads_to_us(tmp_path: Path, networks: list[object], url: str | None):
    deploy = Rig(tmp_path, nics=[{"network": network} for network in networks]).compose().deploy
    assert deploy is not None
    if url is None:
        with pytest.raises(Refused, match="no card on a user or private network"):
            _ = deploy.url
    else:
        assert deploy.url == url


def test_the_dhcp_server_has_no_dns_and_no_router_and_serves_whom_it_knows():
    plan = {"number": 64, "hosts": {"52:54:00:00:00:01": {"host": 2, "boot": ""}}}
    lines = configuration(plan).splitlines()
    assert {"port=0", "interface=br0", "bind-interfaces", "dhcp-option=3", "dhcp-option=6"} <= set(lines)
    assert "dhcp-range=10.64.0.0,static,255.255.255.0,1h" in lines
    assert "dhcp-host=52:54:00:00:00:01,set:h2,10.64.0.2" in lines
    assert not any(line.startswith("dhcp-boot") for line in lines)


def test_what_this_machine_lacks_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(private, "PROGRAMS", {"no-such-dnsmasq": "dnsmasq-base"})
    with pytest.raises(Refused, match="there is no no-such-dnsmasq; apt install dnsmasq-base"):
        PrivateNetwork.of(tmp_path, "lab").plug_in("52:54:00:00:00:01")
    (check,) = private.checks()
    assert check.remedy == "apt install dnsmasq-base"
    monkeypatch.setattr(private, "PROGRAMS", {})
    monkeypatch.setattr(tap, "TUN", str(tmp_path / "none"))
    monkeypatch.setattr(sandbox, "try_namespaces", lambda: Namespaces("root"))
    (check,) = private.checks()
    assert check.remedy.startswith("modprobe tun")


DISCOVER = """
import socket, struct, sys, time
from bmc.virtual_node.network_keeper import LOG_MAX
from pathlib import Path
def discover(mac):
    bootp = struct.pack(">BBBBIHHIIII", 1, 1, 6, 0, 7, 0, 0x8000, 0, 0, 0, 0) + mac + bytes(202)
    bootp = (bootp + bytes.fromhex("6382536335 0101ff")).ljust(300, b"\\0")
    udp = struct.pack(">HHHH", 68, 67, 8 + len(bootp), 0) + bootp
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\\xff" * 4)
    total = sum(struct.unpack(">10H", head))
    total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return b"\\xff" * 6 + mac + b"\\x08\\0" + head[:10] + struct.pack(">H", total) + head[12:] + udp
log, known = Path(sys.argv[1]), bytes.fromhex("525400000001")
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
    wire.bind((sys.argv[2], 0x0800))
    end = time.monotonic() + 40
    while log.stat().st_size < LOG_MAX and time.monotonic() < end:
        for _ in range(50):
            wire.send(discover(bytes.fromhex("525400000099")))
        time.sleep(0.002)
    wire.settimeout(0.5)
    while time.monotonic() < end:  # the flood may take the room of a first one
        wire.send(discover(known))
        try:
            if wire.recv(2048)[42:43] == b"\\x02":
                break
        except TimeoutError:
            continue
    else:
        sys.exit("no answer")
print(log.stat().st_size, LOG_MAX)
"""


@pytest.mark.skipif(MISSING is not None, reason=f"private networks cannot be made here: {MISSING}")
def test_a_guest_that_floods_the_dhcp_server_fills_no_disk_and_others_are_served(tmp_path: Path):
    lab = PrivateNetwork.of(tmp_path, "lab")
    card = lab.plug_in("52:54:00:00:00:01")
    try:
        keeper = lab.keeper()
        for words in ("link add guest type veth peer name port", "link set port master br0 up", "link set guest up"):
            subprocess.run([*lab.enter(keeper), "ip", *words.split()], check=True)
        flood = [sys.executable, "-c", DISCOVER, str(lab.directory / "log"), "guest"]
        done = subprocess.run([*lab.enter(keeper), *flood], stdout=subprocess.PIPE, text=True, check=True)
        size, most = map(int, done.stdout.split())
        assert size == most
        os.kill(keeper, signal.SIGTERM)
    finally:
        os.close(card)


@pytest.mark.skipif(MISSING is not None, reason=f"private networks cannot be made here: {MISSING}")
@pytest.mark.parametrize("mac", ["52:54:00:00:00:01", BRIDGE_MAC])
def test_no_second_card_gets_what_is_for_the_first_or_for_us(tmp_path: Path, mac: str):
    lab = PrivateNetwork.of(tmp_path, "lab")
    card = lab.plug_in("52:54:00:00:00:01")
    try:
        with pytest.raises(Refused, match=f"another card that is on it has the address {mac}"):
            lab.plug_in(mac)
    finally:
        os.close(card)
    os.close(lab.plug_in("52:54:00:00:00:01"))  # once it is unplugged
    os.kill(lab.keeper(), signal.SIGTERM)


def test_a_network_that_has_no_card_left_takes_no_number(tmp_path: Path):
    card = "52:54:00:00:00:01"
    for index in range(200):
        network = PrivateNetwork.of(tmp_path, f"n{index}")
        network.address(card)
        if index:
            network.forget(card)
    first, again = PrivateNetwork.of(tmp_path, "n0"), PrivateNetwork.of(tmp_path, "n7")
    assert (first.address(card), again.address(card)) == ("10.64.0.2", "10.65.0.2")
