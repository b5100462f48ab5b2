"""A provisioning network: a bridge in a network namespace, and machines in namespaces of their own."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from bmc.ports import DeployNetwork
from tests.virtual_node.own_network import ip, own_network

BRIDGE, SERVICE, OTHER = "br0", "192.0.2.1", "192.0.2.2"
MAC, STRANGER = "52:54:00:00:00:17", "52:54:00:00:00:99"
SCRIPT = 'echo "$1 ip=$ip boot=$boot_file next=$siaddr"\n'


@dataclass
class Box:
    """A machine on the network, as its operating system: `run` runs a program there. Process 0: the service's host."""

    pid: int
    directory: Path
    stack: ExitStack

    def words(self, *command: str) -> list[str]:
        return ["nsenter", "-t", str(self.pid), "-n", "--", *command] if self.pid else list(command)

    def run(self, *command: str, timeout: float = 30) -> str:
        done = subprocess.run(self.words(*command), capture_output=True, text=True, timeout=timeout, check=False)
        return done.stdout + done.stderr

    def start(self, *command: str) -> Path:
        """Runs to the end of the test; where all that it says goes."""
        log = self.directory / "log"
        with log.open("w") as out:
            process = subprocess.Popen(self.words(*command), stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        self.stack.callback(_end, process)
        return log

    def dhcp(self, *words: str) -> str:
        """What BusyBox's DHCP client gets within two seconds, "" for nothing."""
        script = self.directory / "udhcpc.sh"
        script.write_text("#!/bin/sh\n" + SCRIPT)
        script.chmod(0o755)
        client = ("busybox", "udhcpc", "-f", "-q", "-n", "-i", "eth0", "-t", "2", "-T", "1", "-s", str(script))
        said = self.run(*client, *words)
        return next((line for line in said.splitlines() if line.startswith("bound")), "")


@dataclass
class Lan:
    """This thread is on the host of the service, whose `BRIDGE` is on the network."""

    directory: Path
    stack: ExitStack
    boxes: list[Box] = field(default_factory=list)

    @staticmethod
    def network(beside: bool | None = False) -> DeployNetwork:
        return DeployNetwork("lab", BRIDGE, IPv4Interface(f"{SERVICE}/24"), beside, 20000)

    @property
    def host(self) -> Box:
        return Box(0, self.directory, self.stack)

    def box(self, mac: str, address: str = "") -> Box:
        words = ["unshare", "--net", "--", "sh", "-c", "ip link set lo up; echo ready; exec sleep 600"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.stack.callback(_end, process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        directory = self.directory / f"box{len(self.boxes)}"
        directory.mkdir()
        box, link = Box(process.pid, directory, self.stack), f"v{len(self.boxes)}"
        ip(f"link add {link} type veth peer name eth0 address {mac} netns {process.pid}")
        ip(f"link set {link} master {BRIDGE} up")
        box.run("ip", "link", "set", "eth0", "up")
        if address:
            box.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")
        self.boxes.append(box)
        return box

    def other_dhcp(self, *words: str) -> Path:
        """A DHCP server on the network; returns its log."""
        return self.dhcp_server(self.box("52:54:00:00:00:02", OTHER), "eth0", *words)

    def dhcp_server(self, box: Box, interface: str, *words: str) -> Path:
        """It gives 192.0.2.100 to 120 to whoever asks, unless `words` for dnsmasq say otherwise."""
        log = box.start(
            *("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", f"--interface={interface}"),
            *("--bind-interfaces", "--leasefile-ro", "--dhcp-range=192.0.2.100,192.0.2.120", "--log-facility=-"),
            *words,
        )
        end = time.monotonic() + 10
        while "sockets bound" not in log.read_text():
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        return log

    def tap(self, name: str, user: str = "root") -> str:
        ip(f"tuntap add {name} mode tap user {user}")
        ip(f"link set {name} master {BRIDGE} up")
        return name


@contextmanager
def make_lan(directory: Path) -> Iterator[Lan]:
    if os.geteuid() != 0:
        pytest.skip("only root may make the network namespaces of this test")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody make network namespaces")
    with own_network(), ExitStack() as stack:
        ip(f"link add {BRIDGE} type bridge")
        ip(f"addr add {SERVICE}/24 dev {BRIDGE}")
        ip(f"link set {BRIDGE} up")
        yield Lan(directory, stack)


def _end(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
