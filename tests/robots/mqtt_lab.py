"""A mosquitto, and devices at it: each a process, in a directory of its own, which can be stopped and come back."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bmc.model.power import PowerReading, PowerState
from bmc.ports import PowerSense
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
RELAYS: dict[str, dict[str, object]] = {
    "tasmota": {"kind": "tasmota", "device": "dev1"},
    "shelly1": {"kind": "shelly1", "device": "dev1"},
    "shelly2": {"kind": "shelly2", "device": "dev1", "off_for": "1s"},
    "plain": {"command": "lab/dev1/0/set", "state": "lab/dev1/0", "on": "close", "off": "open"},
}
LED = "mqtt:lab/srv/led"
LOAD = "mqtt:lab/srv/load#watts:watts>30"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """Something that is started, killed, halted and let go on."""

    def __init__(self, command: list[str], directory: Path) -> None:
        self._command, self._directory = command, directory
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._directory / "out").open("ab") as out:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def halt(self) -> None:
        assert self.process
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process
        os.kill(self.process.pid, signal.SIGCONT)


class Mosquitto(Process):
    def __init__(self, directory: Path, extra: str = "") -> None:
        directory.mkdir()
        self.port = free_port()
        passwords = directory / "passwords"
        passwords.touch(mode=0o600)
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), "admin", "secret"], check=True, capture_output=True)
        configuration = directory / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.port} 127.0.0.1\n{extra}allow_anonymous false\npassword_file {passwords}\n"
            f"persistence false\nlog_type all\n" + ("user root\n" if os.geteuid() == 0 else "")
        )
        super().__init__(["/usr/sbin/mosquitto", "-c", str(configuration)], directory)
        self.log = directory / "out"

    def start(self) -> None:
        super().start()
        end = time.monotonic() + 10
        while not listens(self.port):
            if time.monotonic() > end:
                raise RuntimeError(self.log.read_text())
            time.sleep(0.02)


class Device(Process):
    """`heard` and `moves` are what it was told and did, line by line; `fault` befalls it from now on."""

    def __init__(self, kind: str, port: int, directory: Path, name: str) -> None:
        directory.mkdir()
        self.directory = directory
        super().__init__(
            [sys.executable, "-m", "tests.robots.mqtt_device", kind, str(port), str(directory), name], directory
        )

    def fault(self, name: str) -> None:
        (self.directory / "fault").write_text(name)

    def heard(self, part: str = "") -> list[str]:
        return [line for line in self._lines("heard") if part in line]

    def moves(self, index: int = 0) -> list[tuple[bool, float]]:
        """Each movement of a relay, and when."""
        split = [line.split() for line in self._lines("moves")]
        return [(each[1] == "1", float(each[2])) for each in split if each[0] == str(index)]

    def presses(self, index: int = 0) -> list[float]:
        """How long each press lasted; one that still does is not among them."""
        moves = self.moves(index)
        return [after[1] - before[1] for before, after in zip(moves[::2], moves[1::2], strict=False)]

    def _lines(self, name: str) -> list[str]:
        path = self.directory / name
        return path.read_text().splitlines() if path.exists() else []


class Lab:
    """A broker, a relay device of some kind, and the server that is wired to it, with senses of its own."""

    def __init__(self, directory: Path, kind: str, wired: str, broker: Mosquitto) -> None:
        self.directory, self.kind, self.broker = directory, kind, broker
        self.device = Device(kind, broker.port, directory / "device", "dev1")
        self.server = Device("server", broker.port, directory / "server", "srv")
        (directory / "server" / "kind").write_text(wired)

    @property
    def way(self) -> dict[str, object]:
        return {"host": "127.0.0.1", "port": self.broker.port, "credential": "lab"}


@contextmanager
def open_lab(directory: Path, kind: str, wired: str) -> Iterator[Lab]:
    broker = Mosquitto(directory / "broker")
    lab = Lab(directory, kind, wired, broker)
    running: list[Process] = [broker, lab.device, lab.server]
    try:
        for each in running:
            each.start()
        end = time.monotonic() + 20
        while not all(
            part in broker.log.read_text() for part in ("SUBSCRIBE from device-dev1", "PUBLISH from device-srv")
        ):
            if time.monotonic() > end:
                raise RuntimeError((directory / "device" / "out").read_text() + broker.log.read_text())
            time.sleep(0.05)
        yield lab
    finally:
        for each in running:
            each.stop()


async def says(sense: PowerSense, state: PowerState, within: float = 30) -> PowerReading:
    async with asyncio.timeout(within):
        while (reading := await sense.read()).state is not state:  # noqa: ASYNC110 - `read` is what is tested
            await asyncio.sleep(0.05)
    return reading


def push(lab: Lab, topic: str, payload: str, retain: bool = False) -> None:
    """By yet another client."""
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(lab.broker.port), "-u", "admin", "-P", "secret", "-q", "1"]
    subprocess.run([*command, "-t", topic, "-m", payload, *(["-r"] if retain else [])], check=True, timeout=10)


def outlet(lab: Lab, kind: str = "tasmota", sense: list[object] | None = None, **more: object) -> dict[str, object]:
    relay = {"adapter": "mqtt", **lab.way, **RELAYS[kind], **more}
    return {"power": relay, "sense": [LED, LOAD] if sense is None else sense, "settle": "3s"}
