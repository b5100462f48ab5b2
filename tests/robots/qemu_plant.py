"""The plant with a real machine in it: a QEMU that the wires start, ask by ACPI, reset and cut, as they would a server.

What is on its disk is written to a copy that is gone with it. Its serial line is a file.
"""

import argparse
import gzip
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bmc.reinstall.build import build_all, default_cache
from tests.robots.plant import Plant, RemotePlant, Rules, running_plant, serve

SERIAL, QMP = "serial.log", "qmp"


class QemuPlant(Plant):
    """`directory` is for its serial log and its QMP; `disk` a raw image."""

    def __init__(self, rules: Rules, directory: Path, disk: Path) -> None:
        super().__init__(rules)
        self._directory = directory
        self._disk = disk
        self._process: subprocess.Popen[bytes] | None = None

    def _advance(self) -> None:
        super()._advance()
        if self._process is not None and self._process.poll() is not None:
            self._process = None
            if self._running:
                super()._stop("off")

    def _start(self) -> None:
        qmp = self._directory / QMP
        qmp.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL"),  # whatever becomes of this process
                *(
                    "qemu-system-x86_64",
                    "-accel",
                    "tcg",
                    "-machine",
                    "pc",
                    "-m",
                    "192",
                    "-nic",
                    "none",
                    "-display",
                    "none",
                ),
                *("-chardev", f"file,id=ser0,path={self._directory / SERIAL},append=on", "-serial", "chardev:ser0"),
                *("-drive", f"file={self._disk},format=raw,if=virtio,snapshot=on"),
                *("-qmp", f"unix:{qmp},server=on,wait=off"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        super()._start()

    def _reset(self) -> None:
        super()._reset()
        self._say("system_reset")

    def _ask(self) -> None:
        self._say("system_powerdown")

    def _stop(self, event: str) -> None:
        super()._stop(event)
        self.unplug()

    def unplug(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _say(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as qmp:
            qmp.settimeout(10)
            qmp.connect(str(self._directory / QMP))
            lines = qmp.makefile("rwb")
            for each in ("qmp_capabilities", command):
                lines.write(json.dumps({"execute": each}).encode() + b"\n")
                lines.flush()
                while b'"return"' not in lines.readline():
                    pass


@contextmanager
def running_qemu_plant(directory: Path, disk: Path, rules: Rules | None = None) -> Iterator[RemotePlant]:
    """One in a process of its own; `serial_of(directory)` is what its machine has printed."""
    with running_plant(rules, __name__, str(directory), str(disk)) as plant:
        yield plant
        plant.open("power")
        for feed in (rules or Rules()).feeds:
            plant.mend(feed)
            plant.open(feed)


def small_disk(directory: Path) -> Path:
    """A disk with the smallest of the service's own systems, which obeys ACPI."""
    disk = directory / "mini.raw"
    packed = build_all(default_cache()).catalogue / "lightsout-mini.raw.gz"
    with gzip.open(packed) as source, disk.open("wb") as target:
        shutil.copyfileobj(source, target)
    return disk


def serial_of(directory: Path) -> str:
    log = directory / SERIAL
    return log.read_text(errors="replace") if log.exists() else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", type=json.loads)
    parser.add_argument("directory", type=Path)
    parser.add_argument("disk", type=Path)
    given = parser.parse_args()
    plant = QemuPlant(Rules(**given.rules), given.directory, given.disk)
    try:
        serve(plant)
    finally:
        plant.unplug()


if __name__ == "__main__":
    main()
