"""Connections that a rescue's guest holds ready, and who is led to them: no network leads from outside into a guest."""

import asyncio
from collections import deque
from typing import Protocol

from bmc.model.errors import BackendFailed, Busy
from bmc.ports import ByteStream

WAIT = 10.0
"""Seconds that the guest gets to open another connection: it does so again a second after the last one ended."""


class Line(ByteStream, Protocol):
    """One connection from the guest, on which nothing has been said yet."""

    async def begin(self) -> None:
        """Have the guest's server talk. :raise BackendFailed: the guest has hung up."""

    async def ended(self) -> None:
        """Returns when either end has hung up."""


class Lines:
    def __init__(self) -> None:
        self._ready: deque[Line] = deque()
        self._offered = asyncio.Event()

    async def offer(self, line: Line) -> None:
        """Hold `line` ready; returns when it has been used to its end, or was lost before."""
        self._ready.append(line)
        self._offered.set()
        try:
            await line.ended()
        finally:
            if line in self._ready:
                self._ready.remove(line)
            await line.close()

    async def take(self) -> ByteStream:
        """A connection whose far end is the guest's SSH server; the caller closes it.

        :raise Busy: all that the guest holds are in use.
        """
        try:
            async with asyncio.timeout(WAIT):
                while True:
                    while self._ready:
                        line = self._ready.popleft()
                        try:
                            await line.begin()
                        except BackendFailed:
                            continue
                        return line
                    self._offered.clear()
                    await self._offered.wait()
        except TimeoutError:
            raise Busy("all connections to the guest are in use, or it does not answer; try again") from None
