"""The permanent log of a serial line: all that was printed, with times, on disk up to a size; the oldest goes first.

A file is named by the position of its first byte, and holds records: when, how long, and what was printed. Adding never
waits: what was added is written a moment later, by a thread.
"""

import asyncio
import logging
import os
import shutil
import struct
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from bmc.console.lines import Chunk, Line, lines, overlap, unseen
from bmc.model.clock import Clock
from bmc.model.errors import BmcError

HEADER = struct.Struct(">QI")  # microseconds since the epoch, bytes that follow
FILES = 16
JOINED_WITHIN = 0.02
"""Seconds: what is printed so soon after is one record with what came before."""
LONGEST = 65536
WRITTEN_AFTER = 0.2
HELD = 4 * 1024 * 1024
"""Bytes that wait for a slow disk; what comes beyond them is lost, and said so."""
KNOWN = 64 * 1024
"""So much of the log's end is looked for in what the line's source has kept."""
SETTLED, HEARD = 0.25, 0.05
"""Seconds in which a fresh connection is heard, and in which what its source's own log has is heard by it, too."""

log = logging.getLogger(__name__)


class SerialLog:
    """Of one node, at most `quota` bytes. Its files are made when there is something to write."""

    def __init__(self, directory: Path, quota: int, clock: Clock) -> None:
        self._directory = directory
        self.quota = quota
        self._clock = clock
        self._waiting: deque[tuple[float, bytearray]] = deque()
        self._waiting_size = 0
        self._lost = 0
        self._trouble = ""
        self._catching_up = False
        self._work = asyncio.Event()
        self._writing = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._files: dict[int, int] = {}
        self._lines: dict[int, int] = {}
        self._end = 0
        self._at_line_end = True
        self._opened = False

    def add(self, data: bytes) -> None:
        """Just printed."""
        if self._waiting_size + len(data) > HELD:
            self._lost += len(data)
            return
        now = self._clock.now()
        self._waiting_size += len(data)
        if self._waiting and now - self._waiting[-1][0] < JOINED_WITHIN and len(self._waiting[-1][1]) < LONGEST:
            self._waiting[-1][1].extend(data)
        else:
            self._waiting.append((now, bytearray(data)))
        self._work.set()

    async def run(self) -> None:
        """Write what was added, without end."""
        while True:
            await self._work.wait()
            await asyncio.sleep(WRITTEN_AFTER)
            self._work.clear()
            await self.flush()

    async def flush(self) -> None:
        """What was added is in the files."""
        async with self._writing:
            if self._catching_up:
                return
            batch, self._waiting, self._waiting_size = self._waiting, deque(), 0
            size = sum(len(data) for _, data in batch)
            lost, self._lost = self._lost, 0
            if lost:
                place = 0 if self._trouble else len(batch)
                batch.insert(place, (self._clock.now(), bytearray(_gap(lost))))
            end = self._end
            try:
                await asyncio.to_thread(self._write, batch)
                self._trouble = ""
            except OSError as error:
                self._lost += lost + max(0, size - (self._end - end))
                if error.strerror != self._trouble:
                    log.error("the serial log in %s is not written: %s", self._directory, error)
                self._trouble = error.strerror or ""

    def catch_up(self, history: Callable[[int], Awaitable[bytes]], live: bool) -> Coroutine[None, None, None]:
        """Add what the source has kept and the log lacks, before what is added from now on, which is held back.

        `live`: the line was connected just now; what it says may be in its history, too.
        """
        self._catching_up = True
        return self._catch_up(history, live, len(self._waiting))

    async def _catch_up(self, history: Callable[[int], Awaitable[bytes]], live: bool, before: int) -> None:
        try:
            if live:
                await asyncio.sleep(SETTLED)
            kept = await history(self.quota)
            if live:
                await asyncio.sleep(HEARD)
            heard = self._waiting_bytes(before, None)[:LONGEST]
            missed = b""
            if kept:
                known = await self._written_tail(KNOWN) + self._waiting_bytes(0, before)
                missed = unseen(known[-KNOWN:], kept)
            if heard and missed:
                missed = missed[: _first_heard(missed, heard)]
            pieces = [missed[start : start + LONGEST] for start in range(0, len(missed), LONGEST)]
            waiting, now = list(self._waiting), self._clock.now()
            late = [(now, bytearray(piece)) for piece in pieces]
            self._waiting = deque([*waiting[:before], *late, *waiting[before:]])
            self._waiting_size += len(missed)
        except BmcError as error:
            log.warning("the serial log in %s may lack something: %s", self._directory, error)
        finally:
            self.go_on()

    def go_on(self) -> None:
        """Hold nothing back any more."""
        self._catching_up = False
        self._work.set()

    def _waiting_bytes(self, start: int, end: int | None) -> bytes:
        return b"".join(data for _, data in list(self._waiting)[start:end])

    async def tail(self, limit: int) -> bytes:
        """The last `limit` bytes."""
        await self.flush()
        return await self._written_tail(limit)

    async def find(
        self, text: str = "", since: float = 0.0, until: float = float("inf"), skip: int = 0, top: int = 1000
    ) -> tuple[list[Line], int]:
        """Lines newest first, and how many there are in all. `text` in any case; `since`, `until`: when they begin."""
        await self.flush()
        async with self._reading:
            return await asyncio.to_thread(self._find, text.casefold(), since, until, skip, top)

    async def around(self, position: int, count: int) -> list[Line]:
        """Some `count` lines with the one at `position` in their middle, newest first; none where nothing is kept."""
        await self.flush()
        async with self._reading:
            return await asyncio.to_thread(self._around, position, count)

    async def line(self, position: int) -> Line | None:
        await self.flush()
        async with self._reading:
            return await asyncio.to_thread(self._line, position)

    async def chunks(self, since: float = 0.0, until: float = float("inf")) -> AsyncIterator[list[Chunk]]:
        """All, oldest first, a file at a time."""
        await self.flush()
        for start in sorted(self._files):
            found = await asyncio.to_thread(partial(self._between, start, since, until))
            if found:
                yield found

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(self._files.values())

    async def open(self) -> None:
        """Find what was written before."""
        try:
            await asyncio.to_thread(self._open)
        except OSError as error:
            log.error("the serial log in %s cannot be read: %s", self._directory, error)

    async def close(self) -> None:
        self.go_on()
        await self.flush()

    async def erase(self) -> None:
        """The node was removed."""
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    async def _written_tail(self, limit: int) -> bytes:
        async with self._writing:
            return await asyncio.to_thread(self._tail, limit)

    # In a thread:

    def _open(self) -> None:
        if self._opened or not self._directory.is_dir():
            return
        for entry in os.scandir(self._directory):
            if entry.name.endswith(".log") and entry.name[:-4].isdecimal():
                self._files[int(entry.name[:-4])] = entry.stat().st_size
        self._opened = True
        if not self._files:
            return
        newest = max(self._files)
        records = self._read(newest)
        whole = sum(HEADER.size + len(chunk.data) for chunk in records)
        if whole < self._files[newest]:  # our death cut the last record off
            os.truncate(self._path(newest), whole)
            self._files[newest] = whole
        self._end = records[-1].position + len(records[-1].data) if records else newest
        self._at_line_end = not records or records[-1].data.endswith(b"\n")

    def _path(self, start: int) -> Path:
        return self._directory / f"{start:020}.log"

    def _write(self, batch: deque[tuple[float, bytearray]]) -> None:
        """:raise OSError: of what is left in the batch nothing is in the files."""
        while batch:
            start = self._current()
            share, room = bytearray(), self.quota // FILES - self._files.get(start, 0)
            taken, ends = 0, self._at_line_end
            for at, data in batch:
                if taken and len(share) >= room and (ends or len(share) >= 2 * room):
                    break
                share += HEADER.pack(int(at * 1_000_000), len(data)) + data
                ends = data.endswith(b"\n")
                taken += 1
            self._append(start, share)
            for _ in range(taken):
                self._end += len(batch.popleft()[1])
            self._at_line_end = ends

    def _current(self) -> int:
        """The file that is written now; a new one where the last is full, and then without the oldest."""
        share = self.quota // FILES
        newest = max(self._files, default=None)
        full = newest is not None and (
            self._files[newest] >= share and (self._at_line_end or self._files[newest] >= 2 * share)
        )
        if newest is not None and not full:
            return newest
        while len(self._files) > 1 and self.size > self.quota - share:
            oldest = min(self._files)
            self._path(oldest).unlink(missing_ok=True)
            del self._files[oldest]
            self._lines.pop(oldest, None)
        return self._end

    def _append(self, start: int, data: bytes | bytearray) -> None:
        for directory in (self._directory.parent, self._directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path(start), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            size = self._files.get(start, 0)
            try:
                written = os.pwrite(descriptor, data, size)
                if written < len(data):
                    written += os.pwrite(descriptor, data[written:], size + written)  # says why it is so little
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
            self._files[start] = size + written
        finally:
            os.close(descriptor)

    def _read(self, start: int) -> list[Chunk]:
        """The whole records of a file; none once it has gone."""
        try:
            content = self._path(start).read_bytes()
        except FileNotFoundError:
            return []
        found, place, position = [], 0, start
        while place + HEADER.size <= len(content):
            at, length = HEADER.unpack_from(content, place)
            place += HEADER.size
            if place + length > len(content):
                break
            found.append(Chunk(at / 1_000_000, position, content[place : place + length]))
            place, position = place + length, position + length
        return found

    def _between(self, start: int, since: float, until: float) -> list[Chunk]:
        return [chunk for chunk in self._read(start) if since <= chunk.at <= until]

    def _tail(self, limit: int) -> bytes:
        parts: list[bytes] = []
        for start in sorted(self._files, reverse=True):
            parts.insert(0, b"".join(chunk.data for chunk in self._read(start)))
            if sum(map(len, parts)) >= limit:
                break
        return b"".join(parts)[-limit:]

    def _find(self, text: str, since: float, until: float, skip: int, top: int) -> tuple[list[Line], int]:
        found: list[Line] = []
        total = 0
        plain = not text and since == 0.0 and until == float("inf")
        for start, is_newest in self._newest_first():
            if plain and start in self._lines and (total + self._lines[start] <= skip or total >= skip + top):
                total += self._lines[start]
                continue
            all_lines = list(lines(self._read(start)))
            if not is_newest:
                self._lines[start] = len(all_lines)
            matching = [
                line
                for line in reversed(all_lines)
                if since <= line.at <= until and (not text or text in line.text.casefold())
            ]
            found += matching[max(0, skip - total) : max(0, skip + top - total)]
            total += len(matching)
        return found, total

    def _newest_first(self) -> Iterator[tuple[int, bool]]:
        for place, start in enumerate(sorted(self._files, reverse=True)):
            yield start, place == 0

    def _around(self, position: int, count: int) -> list[Line]:
        starts = sorted(self._files)
        own = bisect_right(starts, position)
        if own == 0:
            return []
        near = [line for start in starts[max(0, own - 2) : own + 1] for line in lines(self._read(start))]
        first = max(0, bisect_left(near, position, key=lambda line: line.position) - count // 2)
        return near[first : first + count][::-1]

    def _line(self, position: int) -> Line | None:
        start = max((start for start in sorted(self._files) if start <= position), default=None)
        if start is None:
            return None
        return next((line for line in lines(self._read(start)) if line.position == position), None)


def _first_heard(missed: bytes, heard: bytes) -> int:
    """Where in `missed`, whose end may have been heard as well, `heard` begins."""
    if common := overlap(missed, heard):
        return len(missed) - common
    found = missed.find(heard)
    return found if found >= 0 else len(missed)


def _gap(lost: int) -> bytes:
    return f"\r\n[... {lost} bytes are not in this log: the disk was full or too slow ...]\r\n".encode()
