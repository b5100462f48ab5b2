"""Waiting for something, but not for ever."""

import asyncio
from typing import Any

from bmc.model.clock import Clock


async def done_after(clock: Clock, seconds: float, work: asyncio.Future[Any]) -> bool:
    """Wait for `work`, `seconds` at most; whether it is done. It goes on either way."""
    pause = asyncio.ensure_future(clock.sleep(seconds))
    waiting: list[asyncio.Future[Any]] = [work, pause]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        pause.cancel()
    return work.done()
