"""Motions that must be ended whatever becomes of who began them: a coil that is on, a finger that is out."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

R = TypeVar("R")


async def apart(work: Coroutine[Any, Any, R]) -> R:
    """Run `work` to its end in a task of its own, also when the caller is cancelled; the caller then still waits.

    Clean-up needs this: in a task that is being cancelled, a time-out that expires is told as one more cancellation.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:  # asked again; the clean-up is not over
                continue
        if not task.cancelled():
            task.exception()
        raise
