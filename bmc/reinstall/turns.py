"""Whose guest may boot: so many at a time on this machine, that jobs never overload it."""

import asyncio
from collections.abc import Awaitable, Callable


class Turns:
    """Places that jobs hold, named by their numbers: the one that began first is served first."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._held: set[int] = set()
        self._waiting: set[int] = set()
        self._changed = asyncio.Event()

    async def take(self, job: int, waits: Callable[[], Awaitable[None]]) -> None:
        """Returns once `job` has a place; `waits` is called when there is none at once. Twice does no harm."""
        self._waiting.add(job)
        try:
            if not self._is_next(job):
                await waits()
            while not self._is_next(job):
                await self._changed.wait()
            self.keep(job)
        finally:
            self._waiting.discard(job)
            self._tell()

    def keep(self, job: int) -> None:
        """It has one, also when that is one too many: its guest runs since before a restart of the service."""
        self._held.add(job)

    def give_back(self, job: int) -> None:
        """Must not fail when it has none."""
        self._held.discard(job)
        self._tell()

    def _is_next(self, job: int) -> bool:
        before = sum(other < job for other in self._waiting)
        return job in self._held or before < self.places - len(self._held)

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
