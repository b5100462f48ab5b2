"""A power sense that asks: the rhythm of looking, the same for every adapter; what a look is, the adapter says."""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import AsyncIterator

from bmc.model.clock import Clock
from bmc.model.errors import BmcError
from bmc.model.power import PowerReading, PowerState
from robots.parts import Sense

log = logging.getLogger(__name__)

LOOK_APART = 0.25
"""Seconds between two looks at least: who waits for an effect must not flood the device."""


class Polled(Sense):
    """PowerSense. Those who ask at the same time share one look."""

    def __init__(self, clock: Clock, poll: float, apart: float = LOOK_APART) -> None:
        self._clock = clock
        self._poll = poll
        self._apart = apart
        self._looked = float("-inf")
        self._looking: asyncio.Task[PowerReading] | None = None

    @abstractmethod
    async def look(self) -> PowerState:
        """On, Off, or UNKNOWN where neither can be told. :raise BmcError: why it cannot; that is Unknown, never Off."""

    async def read(self) -> PowerReading:
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name=f"look of {self.name}")
            self._looking.add_done_callback(self._looked_at)
        return await asyncio.shield(self._looking)

    async def changes(self) -> AsyncIterator[PowerReading]:
        while True:
            yield await self.read()
            await self.rest()

    async def rest(self) -> None:
        """Until the next look is due."""
        await self._clock.sleep(self._poll)

    async def close(self) -> None:
        """Ends a look under way."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> PowerReading:
        wait = self._looked + self._apart - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)
        try:
            state, reason = await self.look(), ""
        except BmcError as error:
            state, reason = PowerState.UNKNOWN, str(error)
        except Exception as error:
            log.exception("%s cannot look", self.name)
            state, reason = PowerState.UNKNOWN, f"it cannot look ({error!r}): a fault of the adapter"
        self._looked = self._clock.monotonic()
        return PowerReading(state, self._clock.now(), reason=reason)

    def _looked_at(self, task: asyncio.Task[PowerReading]) -> None:
        if self._looking is task:
            self._looking = None
