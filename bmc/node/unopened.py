"""What stands in for a backend that could not be opened, so that its node is shown with the reason and not left out."""

import asyncio
from collections.abc import AsyncIterator

from bmc.model.clock import Clock
from bmc.model.errors import NotSupported, Refused
from bmc.model.power import Health, PowerAction, PowerReading, PowerState
from bmc.ports import Backend


class Unopened:
    """Lifecycle, PowerSwitch and PowerSense of a machine that nobody can reach: touches nothing, knows only why."""

    name = "backend"
    domain = "backend"
    actions: frozenset[PowerAction] = frozenset()

    def __init__(self, why: str, clock: Clock) -> None:
        self._why = why
        self._clock = clock

    def backend(self) -> Backend:
        return Backend(lifecycle=self, switch=self, senses=(self,))

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def erase(self) -> None:
        """:raise Refused: its disks and whatever runs on them are out of reach."""
        raise Refused(self._why)

    async def apply(self, action: PowerAction) -> None:
        raise Refused(self._why)

    async def resume(self) -> None:
        raise NotSupported(self._why)

    async def read(self) -> PowerReading:
        return PowerReading(PowerState.UNKNOWN, self._clock.now(), health=Health.CRITICAL, reason=self._why)

    async def changes(self) -> AsyncIterator[PowerReading]:
        yield await self.read()
        await asyncio.Event().wait()
