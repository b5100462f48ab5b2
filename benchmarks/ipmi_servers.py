"""The IPMI servers that the benchmarks compare, each in processes of its own, and what they cost."""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ipmi_load import PATIENCE, Client, Where
from tests.ipmi.client import Refused

NAME, KEY = "admin", "benchmark-key"
OURS, PYGHMI, SIM = "Lightsout", "pyghmi", "ipmi_sim"

_SIM_LAN = """name "{name}"
set_working_mc 0x20
  startlan 1
    addr {address} {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "{user}" "{key}" admin 63 none md2 md5 straight
"""
_SIM_EMU = """mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 100 0x0a
mc_enable 0x20
"""


def address(number: int) -> str:
    """A loopback address of its own for each endpoint."""
    return f"127.77.{number // 250}.{number % 250 + 1}"


def raise_file_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@dataclass(slots=True)
class Server:
    """Some endpoints at `address(0)` and on, all on one port, and the processes that serve them."""

    name: str
    port: int
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def where(self) -> Where:
        return address(0), self.port

    def cpu(self) -> float:
        """Seconds of CPU that its processes have used, all threads, to the nanosecond."""
        return sum(
            int((task / "schedstat").read_text().split()[0]) / 1e9
            for process in self.processes
            for task in Path(f"/proc/{process.pid}/task").iterdir()
        )

    def memory(self) -> int:
        """Bytes that are its processes' own (private, resident), without what they share with others."""
        return sum(_private(process.pid) for process in self.processes)

    def resize(self, endpoints: int) -> None:
        """For servers that take a number of endpoints on their standard input."""
        (process,) = self.processes
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"%d\n" % endpoints)
        process.stdin.flush()
        if process.stdout.readline().strip() != b"%d" % endpoints:
            raise SystemExit(f"{self.name} did not open {endpoints} endpoints")


def missing(name: str) -> str:
    """Why this server cannot be measured here; empty when it can."""
    if name == SIM and shutil.which("ipmi_sim") is None:
        return "ipmi_sim is not installed (Debian package openipmi)"
    return ""


@contextmanager
def server(name: str, port: int, endpoints: int, kind: str = "node") -> Iterator[Server]:
    """`kind` is what stands behind our own door, see `ipmi_door`."""
    if name == SIM:
        with _simulators(port, endpoints) as simulators:
            yield simulators
        return
    words = ("benchmarks.ipmi_door", kind) if name == OURS else ("benchmarks.ipmi_pyghmi",)
    command = [sys.executable, "-W", "ignore", "-m", *words, str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        started = Server(name, port, [process])
        started.resize(endpoints)
        yield started
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def servers(port: int, endpoints: int, kind: str = "node") -> Iterator[list[Server]]:
    """All that are there, each on a port of its own; tells which are not."""
    with ExitStack() as stack:
        found = []
        for number, name in enumerate((OURS, PYGHMI, SIM)):
            if why := missing(name):
                print(f"{name} is left out: {why}")
            else:
                found.append(stack.enter_context(server(name, port + number, endpoints, kind)))
        yield found


@contextmanager
def _simulators(port: int, endpoints: int) -> Iterator[Server]:
    """ipmi_sim serves one BMC a process."""
    found = Server(SIM, port)
    with tempfile.TemporaryDirectory(prefix="lightsout-bench-") as folder:
        try:
            for number in range(endpoints):
                found.processes.append(_simulator(Path(folder) / str(number), number, port))
            for number in range(endpoints):
                _answers((address(number), port))
            yield found
        finally:
            for process in found.processes:
                process.terminate()
            for process in found.processes:
                process.wait(timeout=30)


def _simulator(home: Path, number: int, port: int) -> "subprocess.Popen[bytes]":
    home.mkdir()
    where = {"name": f"sim{number}", "address": address(number), "port": port}
    (home / "lan.conf").write_text(_SIM_LAN.format(**where, user=NAME, key=KEY))
    (home / "emu").write_text(_SIM_EMU)
    command = ["ipmi_sim", "-c", "lan.conf", "-f", "emu", "-s", ".", "-n"]
    null = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=home, stdin=null, stdout=null, stderr=null)


def _answers(where: Where) -> None:
    """Wait until a session can be had. :raise SystemExit: there is none for long."""
    end = time.monotonic() + PATIENCE
    while True:
        client = Client(where, NAME.encode(), KEY.encode())
        client.socket.settimeout(0.5)
        try:
            client.login()
            client.logout()
            return
        except (OSError, Refused) as error:
            if time.monotonic() > end:
                raise SystemExit(f"no server at {where}: {error!r}") from error
            time.sleep(0.05)
        finally:
            client.socket.close()


def _private(pid: int) -> int:
    kilobytes = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_"):
            kilobytes += int(line.split()[1])
    return kilobytes * 1024
