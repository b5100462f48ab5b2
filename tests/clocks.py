"""Clocks that tests move, or that run faster than ours."""

import asyncio

from bmc.model.clock import SystemClock


class HandClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def waited_for(self, seconds: float) -> bool:
        """Whether somebody has just begun to wait for so long."""
        return any(abs(due - self.time - seconds) < 1e-6 for due, future in self._sleepers if not future.done())

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Lets time pass and everybody who waited for it do what they then do."""
        await settle()
        self.time += seconds
        for due, future in self._sleepers:
            if due <= self.time and not future.done():
                future.set_result(None)
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].done()]
        await settle()


async def settle() -> None:
    """Every task that can run has run."""
    for _ in range(20):
        await asyncio.sleep(0)


class PushedClock(SystemClock):
    """Real time plus what a test adds; sleepers wake by what was added alone."""

    def __init__(self) -> None:
        self._added = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return super().now() + self._added

    def monotonic(self) -> float:
        return self._added

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._added + seconds, future))
        await future

    def waited_for(self, seconds: float) -> bool:
        """Whether somebody has just begun to wait for so long."""
        return any(abs(due - self._added - seconds) < 1e-6 for due, future in self._sleepers if not future.done())

    async def advance(self, seconds: float) -> None:
        self._added += seconds
        for due, future in self._sleepers:
            if due <= self._added and not future.done():
                future.set_result(None)
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].done()]
        for _ in range(5):
            await asyncio.sleep(0)


class StillClock:
    """Moves only when told to."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0.001)


class QuickClock(SystemClock):
    """Half a minute of polling takes a second."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 30)
