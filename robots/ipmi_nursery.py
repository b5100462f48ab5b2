"""Our side of the process that forks workers: where they come from, and how they are spoken to and killed."""

import asyncio
import contextlib
import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from robots.motion import apart

BORN_WITHIN = 30.0
"""Seconds after which a nursery that has answered nothing hangs. Its start may take long on a busy machine."""
ENDED_WITHIN = 2.0
LINE_LIMIT = 1 << 20


class Hand:
    """One worker: lines of JSON there and back."""

    def __init__(self, pid: int, pidfd: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._reader = reader
        self._writer = writer

    async def tell(self, message: Mapping[str, object]) -> None:
        """:raise ConnectionError: it has ended."""
        self._writer.write(json.dumps(message).encode() + b"\n")
        await self._writer.drain()

    async def hear(self) -> dict[str, Any]:
        """:raise ConnectionError: it has ended."""
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the worker has ended")
        said: dict[str, Any] = json.loads(line)
        return said

    async def end(self, patience: float) -> None:
        """Let it give back what the BMC gave it, if that is quick."""
        if self._pidfd < 0:
            return
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(patience):
                await self.tell({"end": True})
                await _readable(self._pidfd)
        await self.kill()

    async def kill(self) -> None:
        """At once, whatever it does."""
        if self._pidfd < 0:
            return
        pidfd, self._pidfd = self._pidfd, -1
        try:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ENDED_WITHIN):
                    await _readable(pidfd)
        finally:
            os.close(pidfd)
            self._writer.transport.abort()


class Nursery:
    """One process for all BMCs, begun when the first worker is asked for, and again should it have died."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._asked = 0
        self._silent_from = math.inf
        """Since when it owes an answer."""

    async def worker(self, first: Mapping[str, object]) -> Hand:
        """A new one, that is told `first`. :raise ConnectionError, TimeoutError: there is none to be had."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                pid, pidfd = await self._birth(theirs)
        except BaseException:
            ours.close()
            raise
        try:
            hand = Hand(pid, pidfd, *await asyncio.open_connection(sock=ours, limit=LINE_LIMIT))
        except BaseException:
            os.close(pidfd)
            ours.close()
            raise
        try:
            await hand.tell(first)
        except BaseException:
            await hand.kill()
            raise
        return hand

    async def close(self) -> None:
        """Ends the nursery. Workers end by themselves when nobody speaks to them any more."""
        async with self._lock:
            await self._end()

    async def _birth(self, theirs: socket.socket) -> tuple[int, int]:
        async with self._lock:
            try:
                return await self._born(theirs)
            except OSError:
                await self._end()
                raise

    async def _born(self, theirs: socket.socket) -> tuple[int, int]:
        gone = self._process is not None and self._process.returncode is not None
        if gone or time.monotonic() > self._silent_from + BORN_WITHIN:
            await self._end()
        control = self._control
        if control is None:
            control = await apart(self._begin())
        self._asked += 1
        socket.send_fds(control, [str(self._asked).encode()], [theirs.fileno()])
        self._silent_from = min(self._silent_from, time.monotonic())
        while True:
            await _readable(control)
            self._silent_from = math.inf
            answer, descriptors, _, _ = socket.recv_fds(control, 64, 1)
            if not answer:
                raise ConnectionError("the process that forks workers has ended")
            asked, _, pid = answer.partition(b" ")
            if int(asked) == self._asked:
                if not descriptors:
                    raise ConnectionError("a worker died at its birth")
                return int(pid), descriptors[0]
            for each in descriptors:
                os.close(each)  # whoever wanted that one was gone before it came
            self._silent_from = time.monotonic()

    async def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-m", "robots.ipmi_worker"),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,  # pyghmi prints
                start_new_session=True,
            )
        self._control = ours
        return ours

    async def _end(self) -> None:
        process, self._process = self._process, None
        self._silent_from = math.inf
        if self._control is not None:
            self._control.close()
            self._control = None
        if process is None:
            return
        try:
            async with asyncio.timeout(ENDED_WITHIN):
                await process.wait()
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if not isinstance(error, TimeoutError):
                raise


async def _readable(listened: socket.socket | int) -> None:
    """Until there is something to read; of a pidfd: until that process is no more."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(listened, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(listened)
