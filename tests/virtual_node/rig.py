"""One virtual node under test: its backend, what its serial line prints, and what its senses tell."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

from bmc.model.boot import BootSeen
from bmc.model.clock import SystemClock
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerReading, PowerState
from bmc.ports import Backend, BootControl, ByteStream, MediaBay, PowerSense, SerialSource
from bmc.virtual_node.driver import open_virtual_node
from bmc.virtual_node.files import NodeFiles
from bmc.virtual_node.options import MIB, VirtualNodeOptions, parse_options
from tests.virtual_node.sector import write_disk

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
"""Seconds for a guest to get somewhere, on a machine that is busy with other tests."""

SMALL: Mapping[str, object] = {"memory_mib": 96, "accelerator": "tcg", "disks": [{"size_mib": 8}], "nics": []}


class Serial:
    """Owns the serial line and keeps everything."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._line: ByteStream | None = None
        self.printed = bytearray()
        self._task = asyncio.create_task(self._drain())

    async def until(self, text: str, after: int = 0) -> int:
        """Wait for `text` after position `after`; the position behind it."""
        wanted = text.encode()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if (found := self.printed.find(wanted, after)) >= 0:
                return found + len(wanted)
            await asyncio.sleep(0.01)
        raise AssertionError(f"{text!r} was not printed after {after}, but: {bytes(self.printed[after:])[-2000:]!r}")

    async def say(self, text: str) -> int:
        """Type; the position of what is printed from now on."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if self._line is not None:
                    position = len(self.printed)
                    await self._line.write(text.encode())
                    return position
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _drain(self) -> None:
        assert self._backend.serial is not None
        while True:
            self._line = await self._backend.serial.connect()
            try:
                while data := await self._line.read():
                    self.printed += data
            finally:
                line, self._line = self._line, None
                await line.close()


class Rig:
    """`start` opens the backend as a starting service does; `stop` lets go of it, the guest running on."""

    def __init__(self, directory: Path, name: str = "n1", **options: object) -> None:
        self.definition = NodeDefinition(name, uuid4(), "qemu", {**SMALL, **options})
        self.directory = directory
        self.files = NodeFiles(directory / name)
        self.readings: list[tuple[str, PowerReading]] = []
        self.boots: list[BootSeen] = []
        self.interfaces: frozenset[str] = frozenset()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def options(self) -> VirtualNodeOptions:
        return parse_options(self.definition.options, self.definition.uuid)

    def compose(self) -> Backend:
        return open_virtual_node(self.definition, self.directory, SystemClock(), interfaces=self.interfaces)

    async def start(self, follow_boots: bool = True) -> "Rig":
        self.backend = self.compose()
        await self.backend.lifecycle.start()
        self.serial = Serial(self.backend)
        self._tasks = [asyncio.create_task(self._follow(sense)) for sense in self.backend.senses]
        if follow_boots:
            self._tasks.append(asyncio.create_task(self._follow_boots()))
        return self

    async def stop(self) -> None:
        await self.serial.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.backend.lifecycle.close()

    async def clean_up(self) -> None:
        if self._tasks:
            await self.stop()
        kill_qemu(self.files)

    def write_disk(self, greeting: str = "DISK-UP", index: int = 0) -> None:
        self.files.make()
        write_disk(self.files.guest / f"disk{index}.raw", 8 * MIB, greeting)

    async def apply(self, action: PowerAction) -> None:
        await self.backend.switch.apply(action)

    async def power_on(self, expect: str = "DISK-UP") -> int:
        """The position in the serial output behind the guest's greeting."""
        begin = len(self.serial.printed)
        await self.apply(PowerAction.ON)
        return await self.serial.until(expect, begin)

    async def told(
        self, wanted: Callable[[PowerReading], bool], sense: str = "qmp", within: float = PATIENCE
    ) -> PowerReading:
        async with asyncio.timeout(within):
            while True:
                for name, reading in self.readings:
                    if name == sense and wanted(reading):
                        return reading
                await asyncio.sleep(0.01)

    async def shows(self, state: PowerState, within: float = PATIENCE) -> None:
        """Both senses read `state`."""
        async with asyncio.timeout(within):
            while {(await sense.read()).state for sense in self.backend.senses} != {state}:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    @property
    def media(self) -> MediaBay:
        assert self.backend.media is not None
        return self.backend.media

    @property
    def line(self) -> SerialSource:
        assert self.backend.serial is not None
        return self.backend.serial

    @property
    def boot(self) -> BootControl:
        assert self.backend.boot is not None
        return self.backend.boot

    @property
    def pid(self) -> int:
        return int(self.files.pid.read_text().split()[0])

    async def _follow(self, sense: PowerSense) -> None:
        async for reading in sense.changes():
            self.readings.append((sense.name, reading))

    async def _follow_boots(self) -> None:
        assert self.backend.boot is not None
        async for seen in self.backend.boot.seen():
            self.boots.append(seen)


async def managed_and_killed(rig: Rig, *words: str) -> None:
    """Let another process manage the node as `words` say, then kill -9 it."""
    manager = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.virtual_node.manager", str(rig.directory), rig.definition.name),
        *(str(rig.definition.uuid), *words),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert manager.stdout is not None
        async with asyncio.timeout(PATIENCE):
            assert (await manager.stdout.readline()).strip() == b"READY"
    finally:
        manager.kill()
        await manager.wait()


def kill_qemu(files: NodeFiles) -> None:
    """End the QEMU of this directory, if any, by the pid that its launcher wrote."""
    try:
        pid = int(files.pid.read_text().split()[0])
        if Path(f"/proc/{pid}/cwd").samefile(files.guest):
            os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + 5
            while Path(f"/proc/{pid}/cwd").exists() and time.monotonic() < deadline:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass
                time.sleep(0.01)
    except (OSError, ValueError, IndexError):
        pass
