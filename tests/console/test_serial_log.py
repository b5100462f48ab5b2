"""All that was printed is kept, with its times, within a size; nothing twice, and nothing lost by a restart."""

import asyncio
import os
import random
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bmc.console.serial import SerialHub
from bmc.console.serial_log import HEADER, HELD, SerialLog
from bmc.model.clock import SystemClock
from tests.world import MemoryStream, until

QUOTA = 64 * 1024


class Clock(SystemClock):
    """Whose time of day a test sets."""

    time = 1_000_000.0

    def now(self) -> float:
        return self.time


class Machine:
    """A SerialSource that keeps a log of its own, as QEMU does of what it tells whoever is connected."""

    def __init__(self) -> None:
        self.kept = b""
        self.line: MemoryStream | None = None
        self.on = asyncio.Event()
        self.on.set()

    def print(self, data: bytes) -> None:
        if self.line is not None:
            self.line.incoming.put_nowait(data)
        self.kept += data

    async def connect(self) -> MemoryStream:
        await self.on.wait()
        self.line = MemoryStream()
        return self.line

    async def send_break(self) -> None: ...

    async def history(self, limit: int) -> bytes:
        return self.kept[-limit:]


@asynccontextmanager
async def service(machine: Machine, directory: Path, quota: int = QUOTA) -> AsyncIterator[SerialLog]:
    """A life of the service; its end is as sudden as it can be."""
    log = SerialLog(directory, quota, SystemClock())
    tasks = {asyncio.create_task(log.run()), asyncio.create_task(SerialHub(machine, log).run())}
    try:
        yield log
    finally:
        machine.line = None
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def holds(log: SerialLog, data: bytes) -> None:
    async with asyncio.timeout(30):
        while await log.tail(1 << 30) != data:  # noqa: ASYNC110 - it is written by a thread
            await asyncio.sleep(0.02)


async def test_what_is_printed_is_kept_through_a_restart_and_what_is_printed_meanwhile_too(tmp_path: Path):
    machine = Machine()
    machine.print(b"before anybody came\r\n")
    async with service(machine, tmp_path / "log") as log:
        await holds(log, machine.kept)
        await until(lambda: machine.line is not None)
        machine.print(b"live\r\nlogin: ")
        await holds(log, b"before anybody came\r\nlive\r\nlogin: ")
    machine.print(b"while the service was away\r\n")
    async with service(machine, tmp_path / "log") as log:
        await holds(log, machine.kept)
        machine.print(b"and again live\r\n")
        await holds(log, machine.kept)
    async with service(machine, tmp_path / "log") as log:
        await asyncio.sleep(0.5)
        await holds(log, machine.kept)
        assert [line.text for line in (await log.find())[0]] == [
            "and again live",
            "login: while the service was away",
            "live",
            "before anybody came",
        ]


async def test_a_machine_that_never_stops_printing_is_logged_without_gap_or_repetition(tmp_path: Path):
    machine, number = Machine(), 0

    async def chatter() -> None:
        nonlocal number
        while True:
            machine.print(f"line {number}\r\n".encode())
            number += 1
            await asyncio.sleep(0.001)

    talking = asyncio.create_task(chatter())
    try:
        for _ in range(4):
            async with service(machine, tmp_path / "log", 1 << 20) as log:
                await asyncio.sleep(0.8)
            await asyncio.sleep(0.1)
    finally:
        talking.cancel()
        await asyncio.wait({talking})
    async with service(machine, tmp_path / "log", 1 << 20) as log:
        await holds(log, machine.kept)


async def test_what_is_printed_while_the_source_is_asked_for_its_own_log_is_kept_once(tmp_path: Path):
    class SlowMachine(Machine):
        async def history(self, limit: int) -> bytes:
            if self.line is not None:
                self.print(b"tick-15\r\n")
            return await super().history(limit)

    machine = SlowMachine()
    for printed in (b"tick-1\r\n", b"tick-14\r\n"):
        machine.print(printed)
        async with service(machine, tmp_path / "log") as log:
            await until(lambda: machine.line is not None)
            await asyncio.sleep(0.5)
            await holds(log, machine.kept)


async def test_the_nodes_own_restart_adds_nothing_twice(tmp_path: Path):
    machine = Machine()
    async with service(machine, tmp_path / "log") as log:
        await until(lambda: machine.line is not None)
        machine.print(b"first boot\r\n")
        await holds(log, machine.kept)
        assert machine.line is not None
        machine.line.incoming.put_nowait(b"")  # off
        machine.line = None
        await until(lambda: machine.line is not None)
        machine.print(b"first boot\r\n")
        await asyncio.sleep(0.5)
        await holds(log, machine.kept)


async def test_the_oldest_goes_first_and_the_size_is_kept(tmp_path: Path):
    log = SerialLog(tmp_path / "log", QUOTA, SystemClock())
    await log.open()
    everything = b""
    for number in range(400):
        line = f"{number:06} {random.Random(number).randbytes(300).hex()}\r\n".encode()
        everything += line
        log.add(line)
        if number % 7 == 0:
            await log.flush()
    await log.flush()
    files = sorted((tmp_path / "log").iterdir())
    assert sum(file.stat().st_size for file in files) == log.size <= QUOTA + QUOTA // 8
    kept = await log.tail(1 << 30)
    assert len(kept) > QUOTA * 3 // 4
    assert everything.endswith(kept)
    lines, total = await log.find(top=10)
    assert lines[0].text.startswith("000399 ")
    assert total == kept.count(b"\n")
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700


async def test_pages_of_a_search_newest_first_with_the_times(tmp_path: Path):
    clock = Clock()
    log = SerialLog(tmp_path / "log", QUOTA, clock)
    await log.open()
    for number in range(2000):
        clock.time += 1
        log.add(f"\x1b[32m{'Panic' if number % 100 == 0 else 'quiet'}\x1b[0m {number}\r\n".encode())
    found, total = await log.find("pANIC ", skip=3, top=2)
    assert total == len(range(0, 2000, 100)) - (2000 - (await log.find())[1] + 99) // 100
    assert [(line.text, line.at) for line in found] == [
        ("Panic 1600", 1_000_000 + 1601),
        ("Panic 1500", 1_000_000 + 1501),
    ]
    for line in found:
        assert await log.line(line.position) == line
    assert await log.line(found[0].position + 1) is None
    first, every = await log.find(skip=0, top=1000)
    rest, again = await log.find(skip=1000, top=1000)
    assert every == again
    assert first[-1].position > rest[0].position
    assert len({line.position for line in first + rest}) == min(every, 2000)
    for line in (*found, first[0], rest[-1]):
        near = [each.position for each in await log.around(line.position, 11)]
        assert line.position in near
        assert near == sorted(near, reverse=True)
        assert len(near) == (6 if line is first[0] else 11)
    window, count = await log.find(since=1_000_000 + 1900.5, until=1_000_000 + 1950)
    assert (count, window[0].text, window[-1].text) == (50, "quiet 1949", "Panic 1900")


async def test_a_record_that_was_cut_off_by_our_death_is_left_out(tmp_path: Path):
    log = SerialLog(tmp_path, QUOTA, SystemClock())
    await log.open()
    log.add(b"whole\r\n")
    await log.flush()
    (file,) = tmp_path.iterdir()
    with file.open("ab") as torn:
        torn.write(HEADER.pack(1, 100) + b"only a part")
    again = SerialLog(tmp_path, QUOTA, SystemClock())
    await again.open()
    again.add(b"after\r\n")
    assert await again.tail(100) == b"whole\r\nafter\r\n"
    assert [line.text for line in (await again.find())[0]] == ["after", "whole"]


async def test_what_could_not_be_written_is_said_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    log = SerialLog(tmp_path / "log", QUOTA, SystemClock())
    await log.open()
    log.add(b"before\r\n")
    await log.flush()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        log.add(b"lost")
        await log.flush()
        await log.flush()
    log.add(b"after\r\n")
    note = "[... 4 bytes are not in this log: the disk was full or too slow ...]"
    assert (await log.tail(1000)).decode() == f"before\r\n\r\n{note}\r\nafter\r\n"


async def test_a_disk_that_stands_still_costs_no_memory(tmp_path: Path):
    log = SerialLog(tmp_path / "log", 2 * HELD, SystemClock())
    await log.open()
    for _ in range(HELD // 65536 + 20):
        log.add(bytes(65536))
    assert log._waiting_size <= HELD
    await log.flush()
    assert b"bytes are not in this log" in await log.tail(200)


async def test_a_log_that_is_erased_is_gone(tmp_path: Path):
    log = SerialLog(tmp_path / "log", QUOTA, SystemClock())
    await log.open()
    log.add(b"secret")
    await log.close()
    await log.erase()
    assert not (tmp_path / "log").exists()
