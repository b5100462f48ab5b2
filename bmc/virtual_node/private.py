"""Private networks among nodes: each is a network namespace of its own, kept by a process that outlives the service.

A card's tap is made in there and handed to QEMU. Nothing leads from one into another, or to this host: there are only
the bridge, our DHCP server, and the deploy listener of an armed job, which hears one address.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bmc.model.checks import Check, Verdict
from bmc.model.errors import BackendFailed, Refused
from bmc.virtual_node import process, sandbox, tap

FIRST_NUMBER, LAST_NUMBER = 64, 250
FIRST_HOST, LAST_HOST = 2, 254
FIRST_PORT = 8000
DEADLINE = 15.0
LEASE = "1h"
PLANS, KEEPERS = ".plans.lock", ".keepers.lock"
PROGRAMS = {"dnsmasq": "dnsmasq-base", "ip": "iproute2", "bridge": "iproute2", "setpriv": "util-linux"}
"""What it takes, and the package that brings each."""


@dataclass(frozen=True, slots=True)
class PrivateNetwork:
    """10.NUMBER.0.0/24, whose every card has an address for good. `directory` holds what has to outlive the service."""

    name: str
    directory: Path

    @classmethod
    def of(cls, driver: Path, name: str) -> "PrivateNetwork":
        """No node has such a name as its directory's."""
        return cls(name, driver / "_networks" / name)

    def gateway(self) -> str:
        return f"10.{self._plan()['number']}.0.1"

    def address(self, mac: str) -> str:
        """The one that this card gets; waits only the first time. :raise Refused: none is left."""
        with suppress(BackendFailed):
            if mac in (plan := _read(self.directory / "plan.json"))["hosts"]:
                return _address(plan, mac)
        with self._locked(PLANS):
            plan = self._plan()
            if mac not in plan["hosts"]:
                taken = {host["host"] for host in plan["hosts"].values()}
                free = next((host for host in range(FIRST_HOST, LAST_HOST + 1) if host not in taken), None)
                if free is None:
                    raise Refused(f"the private network {self.name} has no address left; remove nodes that are on it")
                plan["hosts"][mac] = {"host": free, "boot": ""}
                self._write(plan)
            return _address(plan, mac)

    def set_boot_file(self, mac: str, url: str) -> None:
        """What DHCP tells that card to boot by network; "" is nothing. Counts from its next request on."""
        self.address(mac)
        with self._locked(PLANS):
            plan = self._plan()
            if plan["hosts"][mac]["boot"] != url:
                plan["hosts"][mac]["boot"] = url
                self._write(plan)

    def forget(self, mac: str) -> None:
        """The card is gone: its address may be another's."""
        if not self.directory.exists():
            return
        with self._locked(PLANS):
            plan = self._plan()
            if plan["hosts"].pop(mac, None) is not None:
                self._write(plan)

    def plug_in(self, mac: str) -> int:
        """The tap of that card, on the network, which is begun if it is not there. Takes up to a few seconds.

        :raise Refused: what this machine lacks, and what to do about it.
        """
        require_private(self.name)
        address = self.address(mac)
        with self._locked(KEEPERS):
            keeper = self._keeper() or self._begin()
            ours, theirs = socket.socketpair()
            with ours, theirs:
                words = ["-I", "-m", "bmc.virtual_node.tap_inside", str(theirs.fileno()), mac, address]
                done = self._run([*self.enter(keeper), sys.executable, *words], theirs.fileno())
                if done.returncode != 0:
                    raise Refused(f"no card can be put on the private network {self.name}: {_last(done.stderr)}")
                return received(ours)

    def enter(self, keeper: int) -> list[str]:
        """The command prefix that runs a program inside."""
        return sandbox.enter(sandbox.own_way(), keeper)

    def keeper(self) -> int:
        """The process that keeps it. :raise BackendFailed: nothing does; its nodes are off."""
        with self._locked(KEEPERS):
            found = self._keeper()
        if found is None:
            raise BackendFailed(f"the private network {self.name} is not there; power its nodes off and on")
        return found

    def _begin(self) -> int:
        with self._locked(PLANS):
            plan = self._plan()
            self._write(plan)
        user = sandbox.guest_user(uuid5(NAMESPACE_URL, f"lightsout-network:{self.name}"))
        words = ["-I", "-m", "bmc.virtual_node.network_keeper", str(self.directory), f"10.{plan['number']}.0.1"]
        command = [*sandbox.unshare(sandbox.own_way()), sys.executable, *words, "" if user is None else str(user)]
        begun = self._run(["setsid", "--fork", *command])
        keeper = self._keeper()
        if begun.stdout.strip() != "ready" or keeper is None:
            raise Refused(f"the private network {self.name} cannot be made: {_last(begun.stderr)}")
        return keeper

    def _run(self, command: list[str], *descriptors: int) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                command,
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=DEADLINE,
                env={"PATH": _path(), "LC_ALL": "C"},
            )
        except subprocess.TimeoutExpired:
            raise BackendFailed(f"the private network {self.name} was not ready within {DEADLINE:g} s") from None

    def _keeper(self) -> int | None:
        return process.find_pid(self.directory / "keeper", self.directory, b"bmc.virtual_node.network_keeper")

    def _plan(self) -> dict[str, Any]:
        """:raise BackendFailed: it cannot be read."""
        file = self.directory / "plan.json"
        return _read(file) if file.exists() else {"number": self._free_number(), "hosts": {}}

    def _free_number(self) -> int:
        """Another one than any other private network has, so that a node may be on several. One that has no card left
        has none any more.
        """
        taken = set()
        for file in self.directory.parent.glob("*/plan.json"):
            plan, network = _read(file), PrivateNetwork(file.parent.name, file.parent)
            if plan["hosts"] or network._keeper() is not None:
                taken.add(plan["number"])
            else:
                file.unlink()
        free = next((number for number in range(FIRST_NUMBER, LAST_NUMBER + 1) if number not in taken), None)
        if free is None:
            where = self.directory.parent
            raise Refused(f"there are {len(taken)} private networks already; remove the directory of one in {where}")
        return free

    def _write(self, plan: Mapping[str, Any]) -> None:
        """What was decided, and what the DHCP server serves by; told to it if it runs.

        :raise BackendFailed: the disk is full or forbidden.
        """
        try:
            for file, text in (("plan.json", json.dumps(plan)), ("dnsmasq.conf", configuration(plan))):
                scratch = self.directory / f"{file}.new"
                scratch.write_text(text)
                scratch.replace(self.directory / file)
        except OSError as error:
            raise BackendFailed(f"cannot write {self.directory}: {error.strerror}") from None
        if (keeper := self._keeper()) is not None:
            with suppress(ProcessLookupError):
                os.kill(keeper, signal.SIGHUP)

    @contextmanager
    def _locked(self, what: str) -> Iterator[None]:
        """For all private networks at once: their plans, for as long as a file takes, or beginnings and ends.

        :raise BackendFailed: the directory cannot be made.
        """
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.directory.parent / what, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BackendFailed(f"cannot make {self.directory}: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _read(plan: Path) -> dict[str, Any]:
    """:raise BackendFailed: it is damaged."""
    try:
        found: dict[str, Any] = json.loads(plan.read_text())
    except (OSError, ValueError) as error:
        raise BackendFailed(f"{plan} cannot be read: {error}; remove it") from None
    return found


def configuration(plan: Mapping[str, Any]) -> str:
    """dnsmasq's: no DNS, no router, and an address for each card that is known, for no other."""
    net = f"10.{plan['number']}.0"
    lines = [
        *("port=0", "interface=br0", "except-interface=lo", "bind-interfaces", "leasefile-ro", "no-ping"),
        *("dhcp-authoritative", f"dhcp-range={net}.0,static,255.255.255.0,{LEASE}", "dhcp-option=3", "dhcp-option=6"),
    ]
    for mac, host in plan["hosts"].items():
        lines.append(f"dhcp-host={mac},set:h{host['host']},{net}.{host['host']}")
        if host["boot"]:
            lines.append(f"dhcp-boot=tag:h{host['host']},{host['boot']}")
    return "\n".join(lines) + "\n"


def _address(plan: Mapping[str, Any], mac: str) -> str:
    return f"10.{plan['number']}.0.{plan['hosts'][mac]['host']}"


def port_of(address: str) -> int:
    """Where at the gateway the deploy listener for the card with that address is."""
    return FIRST_PORT + int(address.rpartition(".")[2])


def require_private(name: str) -> None:
    """:raise Refused: this machine lacks what a private network takes; with the remedy."""
    if (problem := missing()) is not None:
        raise Refused(f"the private network {name} cannot be made: {problem[0]}; {problem[1]}")


def missing() -> tuple[str, str] | None:
    """What this machine lacks for private networks, and the remedy."""
    for program, package in PROGRAMS.items():
        if shutil.which(program, path=_path()) is None:
            return f"there is no {program}", f"apt install {package}"
    namespaces = sandbox.try_namespaces()
    if namespaces.way == "none":
        return namespaces.problem, namespaces.remedy
    try:
        os.close(os.open(tap.TUN, os.O_RDWR | os.O_CLOEXEC))
    except PermissionError:
        return f"{tap.TUN} is not for the service's user", f"chmod 0666 {tap.TUN}, or run the service as root"
    except OSError as error:
        return f"{tap.TUN}: {error.strerror}", "modprobe tun (in a container: --device /dev/net/tun)"
    return None


def checks() -> Iterator[Check]:
    problem = missing()
    if problem is None:
        yield Check("private networks", Verdict.OK, "nodes can have them")
    else:
        yield Check("private networks", Verdict.WARNING, f"nodes can have none: {problem[0]}", problem[1])


def received(channel: socket.socket) -> int:
    """The open file that a helper has sent. No QEMU that is started meanwhile may inherit it, and `socket.recv_fds`
    takes no heed of its flags.
    """
    _, [(_, _, data)], _, _ = channel.recvmsg(16, socket.CMSG_LEN(struct.calcsize("i")), socket.MSG_CMSG_CLOEXEC)
    descriptor: int = struct.unpack("i", data)[0]
    return descriptor


def _path() -> str:
    """Debian keeps dnsmasq, ip and bridge where an ordinary user does not look."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"


def _last(complaint: str) -> str:
    return (complaint.strip().splitlines() or ["no reason"])[-1]
