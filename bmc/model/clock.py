"""Time as a constructor argument, so that time-outs, lockouts and retries can be tested in no time."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Protocol

from bmc.model.errors import TimedOut


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, object]) -> bool:
    """Wait for `work`, but no longer than `seconds`; then it is given up. Returns whether it came to its end."""
    task, late = asyncio.ensure_future(work), asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, late}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        return task.done()
    finally:
        task.cancel()
        late.cancel()
        await asyncio.gather(task, late, return_exceptions=True)


async def in_time(clock: Clock, seconds: float, work: Coroutine[Any, Any, object]) -> None:
    """:raise TimedOut: it was not done within `seconds`."""
    if not await within(clock, seconds, work):
        raise TimedOut(f"not done after {seconds:.0f} s")
