"""What every benchmark stands on: a service of its own, guests that lie still, and tables of side-by-side medians."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bmc.cli.client import Client, system_path

POLL = 0.002
PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Service:
    """A service on a state directory of its own, with the demo nodes, all off."""

    state: Path
    environment: Mapping[str, str]
    pid: int
    url: str
    ports: Mapping[str, int]
    key_file: Path

    def ipmitool(self, node: str, *arguments: str) -> None:
        where = ["-H", "127.0.0.1", "-p", str(self.ports[node])]
        command = ["ipmitool", "-I", "lanplus", *where, "-U", "admin", "-f", str(self.key_file), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def bmc(self, *arguments: str) -> str:
        """What the command prints. :raise SystemExit: it failed, in its own words."""
        command = [sys.executable, "-m", "bmc.cli", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise SystemExit(f"bmc {arguments[0]} failed: {done.stderr or done.stdout}")
        return done.stdout

    @property
    def token(self) -> str:
        return (self.state / "cli-token").read_text().strip()

    def power(self, node: str, action: str, until: str) -> None:
        """Do it over Redfish, and wait until the node's power state is `until`."""
        client, path = Client(self.state), system_path(node)
        client.post(f"{path}/Actions/ComputerSystem.Reset", {"ResetType": action})
        wait_for(lambda: client.get(path)["PowerState"] == until, f"{node} to be {until}", every=0.05)

    def directory(self, node: str) -> Path:
        """QEMU's working directory."""
        return self.state / "drivers" / "qemu" / node / "guest"

    def qemu(self, node: str) -> list[str]:
        """The command line of the node's QEMU, which runs."""
        return Path(f"/proc/{self.qemu_pid(node)}/cmdline").read_text().split("\0")[:-1]

    def qemu_pid(self, node: str) -> int:
        """Of the node's QEMU, which runs."""
        return int((self.directory(node).parent / "pid").read_text().split()[0])


@contextmanager
def service() -> Iterator[Service]:
    """Start the service with its demo nodes, and end both, also when the benchmark itself is ended."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="lightsout-bench-") as folder:
        base = Path(folder)
        base.chmod(0o711)  # guests run as users of their own, and their directories lie below
        secrets = {"BMC_ADMIN_PASSWORD_FILE": "benchmark-password", "BMC_IPMI_PASSWORD_FILE": "benchmark-key"}
        environment = {**os.environ, "BMC_STATE": str(base / "state")}
        for variable, secret in secrets.items():
            file = base / variable
            file.touch(0o600)
            file.write_text(secret + "\n")
            environment[variable] = str(file)
        log = (base / "log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "bmc.cli", "serve", "--demo"], env=environment, stdout=log, stderr=log
        )
        try:
            yield _reach(process, base, environment)
        finally:
            subprocess.run([sys.executable, "-m", "bmc.cli", "down", "--yes"], env=environment, stdout=log, stderr=log)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
            log.close()


def _reach(process: "subprocess.Popen[bytes]", base: Path, environment: Mapping[str, str]) -> Service:
    def known() -> Any:
        if process.poll() is not None:
            raise SystemExit(f"the service did not start:\n{(base / 'log').read_text()}")
        if "Lightsout is up" not in (base / "log").read_text():
            return None
        command = [sys.executable, "-m", "bmc.cli", "info", "--json"]
        return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)

    found = wait_for(known, "the service", every=0.2)
    ports = {node["name"]: node["ipmi"]["port"] for node in found["nodes"]}
    key = Path(environment["BMC_IPMI_PASSWORD_FILE"])
    return Service(base / "state", environment, process.pid, found["url"], ports, key)


@contextmanager
def by_hand(argv: Sequence[str], directory: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start QEMU as a person would, in `directory`, and end it."""
    with (directory / "qemu.log").open("wb") as log:
        process = subprocess.Popen(argv, cwd=directory, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def copy_guest(source: Path, target: Path) -> None:
    """What QEMU opens by name, without the sockets and logs of a run; disks stay sparse."""
    target.mkdir()
    for file in source.iterdir():
        if file.is_file() and not file.name.endswith((".log", ".jsonl", ".1")):
            subprocess.run(["cp", "--sparse=always", file, target], check=True)


def free_port(first: int = 0) -> int:
    for port in range(first, 65536):
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(trial.getsockname()[1])
    raise SystemExit("no port is free")


def listens(port: int) -> bool:
    """Whether anybody listens on this TCP port of 127.0.0.1."""
    return f"0100007F:{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()


def wait_for(look: Callable[[], Any], what: str, every: float = POLL) -> Any:
    """The first true value of `look`. :raise SystemExit: it took longer than PATIENCE."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(every)
    raise SystemExit(f"{what} took longer than {PATIENCE:.0f} s")


def report(
    title: str,
    names: tuple[str, str],
    rows: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    unit: str,
    aim: float,
) -> None:
    """Print the medians of ours and theirs, row by row, and their ratio beside the aim."""
    table = Table(title=f"{title} ({unit}, median; aim: ratio at most {aim})", title_justify="left")
    for column in ("", *names, "ratio", "runs"):
        table.add_column(column, justify="left" if not column else "right")
    for name, (ours, theirs) in rows.items():
        ratio = median(ours) / median(theirs)
        cells = [f"{median(values):.3f} ({min(values):.3f}-{max(values):.3f})" for values in (ours, theirs)]
        table.add_row(name, *cells, f"{ratio:.2f}", str(len(ours)))
    Console(width=120).print(table)


def compare(title: str, unit: str, rows: Mapping[str, Mapping[str, Sequence[float]]], ours: str) -> None:
    """Print medians row by row for any number of alternatives, each with the ratio of ours to it."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = Table(title=f"{title} ({unit}, median of {_runs(rows)})", title_justify="left")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for row, values in rows.items():
        cells = [
            f"{median(values[name]):,.1f}{_ratio(values, ours, name)}" if name in values else "-" for name in names
        ]
        table.add_row(row, *cells)
    Console(width=120).print(table)


def _runs(rows: Mapping[str, Mapping[str, Sequence[float]]]) -> int:
    return max(len(values) for row in rows.values() for values in row.values())


def _ratio(values: Mapping[str, Sequence[float]], ours: str, name: str) -> str:
    return "" if name == ours else f" (ours is {median(values[ours]) / median(values[name]):.2f} of it)"
