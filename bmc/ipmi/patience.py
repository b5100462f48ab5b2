"""Waiting for something, but not for ever."""

import asyncio
from typing import Any

from bmc.model.clock import Clock


async def within(clock: Clock, seconds: float, work: asyncio.Future[Any]) -> bool:
    """Whether `work` was done in time; it goes on either way."""
    pause = asyncio.ensure_future(clock.sleep(seconds))
    waiting: list[asyncio.Future[Any]] = [work, pause]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        pause.cancel()
    return work.done()
