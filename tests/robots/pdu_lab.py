"""A server with feeds that hang on simulated PDUs: snmpsim answers, and what it is told moves a few files."""

import asyncio
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from bmc.model.errors import InvalidRequest
from bmc.ports import Backend, Configured, Site
from robots.pdu_models import MODELS
from robots.testing import make_site, opened
from tests.ports import free_port

PLANT = """#!/bin/sh
# order FEED on|off|reboot, state FEED ON OFF, watts FEED [DIGITS]: prints what the PDU tells of it
cd {directory} || exit 1
watts() {{ [ "$(cat "feed.$1")" = on ] && watts=$((watts + 45)); }}
case $1 in
order)
    [ -e slow ] && sleep "$(cat slow)"
    echo "$2 $3" >> orders
    [ -e stuck ] && exit
    case $3 in
    reboot)
        echo off > "feed.$2"
        touch "rebooting.$2"
        (sleep 0.5; rm "rebooting.$2" && echo on > "feed.$2") > /dev/null 2>&1 & ;;
    *) echo "$3" > "feed.$2" ;;
    esac ;;
state) if [ "$(cat "feed.$2")" = on ]; then printf %s "$3"; else printf %s "$4"; fi ;;
watts)
    watts=0
    if [ "$2" = all ]; then for feed in 1 2; do watts $feed; done; else watts "$2"; fi
    printf %s "$watts$3" ;;
esac
"""
CONTROL = """#!/bin/sh
# FEED SETFLAG VALUE and pairs of what a value is: an order, when it is written
[ "$2" = 1 ] || {{ printf 0; exit; }}
feed=$1 value=$3
shift 3
while [ $# -gt 0 ]; do
    [ "$1" = "$value" ] && {directory}/plant order "$feed" "$2"
    shift 2
done
printf %s "$value"
"""

SNMPD = """agentAddress udp:127.0.0.1:{port}
createUser lightsout SHA-256 "authentic-words" AES "private-words"
rwuser lightsout authpriv
pass .1.3.6.1.4.1.318.1.1.26.9.2 {directory}/passed
"""
PASSED = """#!/bin/sh
# the pass protocol of snmpd: -g OID, -s OID TYPE VALUE
case $1$2 in
-g*.26.9.2.3.1.5.1) printf '%s\\ninteger\\n%s\\n' "$2" "$({plant}/plant state 1 2 1)" ;;
-g*.26.9.2.4.1.5.1) printf '%s\\ninteger\\n0\\n' "$2" ;;
-s*.26.9.2.4.1.5.1) {plant}/control 1 1 "$4" 1 on 2 off 3 reboot > {directory}/told ;;
esac
"""

CREDENTIALS = {
    "lab": (b"admin", b"secret-community"),
    "wrong": (b"admin", b"guess"),
    "v3": (b"lightsout", b"authentic-words"),
    "v3-privacy": (b"-", b"private-words"),
    "v3-wrong": (b"lightsout", b"other-words"),
    "v3-nobody": (b"nobody", b"authentic-words"),
}
COMMUNITY = "secret-community"
PDU, METER = "127.0.0.1", "127.0.0.2"
Open = Callable[[Mapping[str, object]], Awaitable[Backend]]
SEVERAL = 9
"""The outlet whose meter is that of all feeds."""


def credentials(name: str) -> tuple[bytes, bytes]:
    if name not in CREDENTIALS:
        raise InvalidRequest(f"credential {name!r} is not in the configuration file; there is lab")
    return CREDENTIALS[name]


def pdu_site(directory: Path) -> Site:
    return replace(make_site(directory), configured=Configured(credentials))


class Plant:
    """One server with two feeds, each an outlet of the same number."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name, text in (("plant", PLANT), ("control", CONTROL)):
            script = directory / name
            script.write_text(text.format(directory=directory))
            script.chmod(0o755)
        self.reset()

    def reset(self) -> None:
        for name in ("orders", "slow", "stuck", "rebooting.1", "rebooting.2"):
            (self.directory / name).unlink(missing_ok=True)
        for feed in (1, 2):
            self.write(f"feed.{feed}", "off")

    def orders(self) -> list[str]:
        """What reached the PDUs: a feed and what was ordered."""
        path = self.directory / "orders"
        return path.read_text().splitlines() if path.exists() else []

    def feed(self, number: int) -> str:
        return (self.directory / f"feed.{number}").read_text().strip()

    def write(self, name: str, text: str = "") -> None:
        (self.directory / name).write_text(text + "\n")

    def records(self) -> str:
        """What a PDU knows of these outlets, in the MIB of each model."""
        run = f"2:subprocess|{self.directory}"
        lines = {
            "1.3.6.1.2.1.1.1.0": "4|A PDU",
            "1.3.6.1.2.1.1.2.0": "6|1.3.6.1.4.1.318.1.3.4.5",
            # where others look for the outlets of an AP79xx and of a PX2
            **{f"1.3.6.1.4.1.318.1.1.12.3.5.1.1.2.{feed}": f"4|Outlet {feed}" for feed in (1, 2)},
            "1.3.6.1.4.1.13742.6.3.2.1.1.3.1": "4|PX2-5475",
            "1.3.6.1.4.1.13742.6.3.2.2.1.4.1": "2|2",
            **{f"1.3.6.1.4.1.13742.6.3.5.3.1.3.1.{feed}": f"4|Outlet {feed}" for feed in (1, 2)},
            **{f"1.3.6.1.4.1.13742.6.3.5.3.1.28.1.{feed}": "2|1" for feed in (1, 2)},
        }
        for model in MODELS.values():
            on, off = (
                next(key for key, state in model.states.items() if state.value == name) for name in ("On", "Off")
            )
            for feed in (1, 2):
                lines[model.status.format(feed)] = f"{run}/plant state {feed} {on} {off}"
                told: dict[str, str] = {}
                for name, order in (("on", model.on), ("off", model.off), ("reboot", model.reboot)):
                    told[order.oid] = told.get(order.oid, "") + f" {order.value} {name}"
                for oid, pairs in told.items():
                    lines[oid.format(feed)] = f"{run}/control {feed} @SETFLAG@ @ORIGVALUE@{pairs}"
            for outlet in (1, 2, SEVERAL):
                if model.watts:
                    feed_name = "all" if outlet == SEVERAL else outlet
                    lines[model.watts.format(outlet)] = f"{run}/plant watts {feed_name}" + (
                        " 0" if model.digits else ""
                    )
                if model.digits:
                    lines[model.digits.format(outlet)] = "66|1"
        # outlets that may be looked at, but not written
        lines[MODELS["apc"].status.format(6)] = "2|1"
        lines[MODELS["apc"].on.oid.format(6)] = "2|1"
        lines[MODELS["apc"].status.format(7)] = "2|1"
        lines[MODELS["apc"].on.oid.format(7)] = "2:error|op=set,status=notWritable,value=1"
        # one in the middle of something
        lines[MODELS["apc"].status.format(8)] = "2|5"
        ordered = sorted(lines, key=lambda oid: [int(part) for part in oid.split(".")])
        return "".join(f"{oid}|{lines[oid]}\n" for oid in ordered)


class Snmpsim:
    """A PDU: one process of snmpsim."""

    def __init__(self, directory: Path, plant: Plant, address: str, port: int) -> None:
        self._directory = directory
        self.address, self.port = address, port
        data = directory / "data"
        data.mkdir(parents=True)
        (data / f"{COMMUNITY}.snmprec").write_text(plant.records())
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        (package,) = importlib.util.find_spec("snmpsim").submodule_search_locations  # type: ignore[union-attr,misc]
        command = [
            sys.executable,
            "-c",
            "from snmpsim.commands.responder import main; main()",
            f"--data-dir={self._directory / 'data'}",
            f"--cache-dir={self._directory / 'cache'}",
            f"--variation-modules-dir={package}/variation",
            "--process-user=root",
            "--process-group=root",
            "--logging-method=null",
            f"--agent-udpv4-endpoint={self.address}:{self.port}",
        ]
        with (self._directory / "out").open("wb") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        end = time.monotonic() + 60
        while not _listens(self.address, self.port):
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError((self._directory / "out").read_text())
            time.sleep(0.02)

    def stop(self) -> None:
        """With what it has in hand."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@dataclass(frozen=True, slots=True)
class Lab:
    """The server, and its PDUs in the order of their addresses."""

    plant: Plant
    pdus: Sequence[Snmpsim]


@contextmanager
def running_pdus(directory: Path, addresses: Sequence[str]) -> Iterator[Lab]:
    """PDUs that feed or meter one server, at the same port of each address."""
    (directory / "plant").mkdir()
    plant, port = Plant(directory / "plant"), free_port(*addresses)
    with ExitStack() as stack:
        pdus = [Snmpsim(directory / each, plant, each, port) for each in addresses]
        for pdu in pdus:
            stack.callback(pdu.stop)
            pdu.start()
        yield Lab(plant, pdus)


@asynccontextmanager
async def opener(site: Site) -> AsyncIterator[Open]:
    """Opens nodes by their options, for as long as it is open itself."""
    async with AsyncExitStack() as stack:

        async def open_node(options: Mapping[str, object]) -> Backend:
            return await stack.enter_async_context(opened(options, site))

        yield open_node


@pytest.fixture
def plant(lab: Lab) -> Plant:
    """As it was at first; `lab` is the module's own."""
    lab.plant.reset()
    return lab.plant


@pytest.fixture
async def open_node(tmp_path: Path) -> AsyncIterator[Open]:
    async with opener(pdu_site(tmp_path)) as open_node:
        yield open_node


class Snmpd:
    """A PDU of model apc with outlet 1, which speaks version 3 only: Net-SNMP's own agent."""

    def __init__(self, directory: Path, plant: Plant) -> None:
        self._directory = directory
        self.port = free_port()
        script = directory / "passed"
        script.write_text(PASSED.format(directory=directory, plant=plant.directory))
        script.chmod(0o755)
        (directory / "snmpd.conf").write_text(SNMPD.format(port=self.port, directory=directory))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["snmpd", "-f", "-Lo", "-I", "-smux", "-M", "", "-x", f"{self._directory}/agentx"]
        with (self._directory / "out").open("wb") as out:
            self._process = subprocess.Popen(
                command,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment(
                    SNMPCONFPATH=str(self._directory), SNMP_PERSISTENT_DIR=str(self._directory / "persistent")
                ),
            )
        end = time.monotonic() + 20
        while not _listens("127.0.0.1", self.port):
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError((self._directory / "out").read_text())
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


def _listens(address: str, port: int) -> bool:
    host = int.from_bytes(socket.inet_aton(address), sys.byteorder)
    wanted = f"{host:08X}:{port:04X}"
    return any(line.split()[1:2] == [wanted] for line in Path("/proc/net/udp").read_text().splitlines())


class LossyRelay(asyncio.DatagramProtocol):
    """Passes SNMP on to a PDU. `deaf`: answers to a write (version 2c) are lost; `writes` counts those passed on."""

    def __init__(self, pdu: tuple[str, int]) -> None:
        self._pdu = pdu
        self.deaf = False
        self.writes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, client: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._pass(data, client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass(self, data: bytes, client: tuple[str, int]) -> None:
        end = data.index(COMMUNITY.encode()) + len(COMMUNITY)
        write = data[end] == 0xA3
        self.writes += write
        loop = asyncio.get_running_loop()
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as way:
            way.setblocking(False)
            way.connect(self._pdu)
            await loop.sock_sendall(way, data)
            async with asyncio.timeout(30):
                answer = await loop.sock_recv(way, 65536)
        if not (write and self.deaf):
            self._transport.sendto(answer, client)

    async def close(self) -> None:
        self._transport.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def lossy(pdu: tuple[str, int]) -> AsyncIterator[tuple[LossyRelay, int]]:
    """The relay, and its port on the loopback address."""
    transport, relay = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: LossyRelay(pdu), local_addr=("127.0.0.1", 0)
    )
    try:
        yield relay, transport.get_extra_info("sockname")[1]
    finally:
        await relay.close()


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **more}


def outlet(pdu: Snmpsim, **more: object) -> dict[str, object]:
    given = {"host": PDU, "port": pdu.port, "outlet": 1, "credential": "lab", "timeout": "1.5s"}
    return {"adapter": "pdu", **given, **more}


def node(pdu: Snmpsim, **more: object) -> dict[str, object]:
    return {"power": outlet(pdu, **more), "sense": [f"pdu:{METER}/1:watts>30"], "settle": "3s"}
