"""The health endpoint: whether the store takes a write."""

import asyncio

from aiohttp import web

from bmc.model.clock import Clock
from bmc.model.errors import BmcError
from bmc.store import Store

FRESH_SECONDS = 1.0


class Health:
    """Anybody may ask, so the store is written to at most once a second."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = asyncio.Lock()
        self._trouble = ""
        self._until = float("-inf")

    async def trouble(self) -> str:
        """What is wrong, "" if nothing is."""
        async with self._lock:
            if self._clock.monotonic() >= self._until:
                try:
                    await self._store.check()
                    self._trouble = ""
                except BmcError as error:
                    self._trouble = str(error)
                self._until = self._clock.monotonic() + FRESH_SECONDS
            return self._trouble


HEALTH = web.AppKey("health", Health)


async def health(request: web.Request) -> web.Response:
    trouble = await request.app[HEALTH].trouble()
    return web.Response(
        text=f"{trouble or 'ok'}\n", status=503 if trouble else 200, headers={"Cache-Control": "no-store"}
    )
