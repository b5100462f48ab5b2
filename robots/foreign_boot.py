"""The boot override of a BMC that is not ours: armed there, and seen to be spent."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootOverride, BootSeen, BootTarget
from bmc.model.clock import Clock
from bmc.model.errors import BmcError
from robots.kept import KeptFile


class Boots:
    """When the server last began to boot, as far as anybody saw: seconds since the epoch."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.last: float | None = None

    def began(self) -> None:
        self.last = self._clock.now()


@dataclass(frozen=True, slots=True)
class Armed:
    """A once override in the BMC, when that was (epoch seconds), and how the BMC told of it; "" if it never did."""

    override: BootOverride
    at: float
    told: str


class ForeignBoot(ABC):
    """BootControl. A once override is spent when the BMC tells of it no more; or, with one that never does or firmware
    that takes nothing away, when the server began to boot `post_time` seconds ago: then we take it away.
    """

    def __init__(self, clock: Clock, poll: float, post_time: float, boots: Boots, file: KeptFile) -> None:
        self._clock = clock
        self._poll = poll
        self._post_time = post_time
        self._boots = boots
        self._file = file
        self._armed = _load(file)
        self._changing = asyncio.Lock()

    @abstractmethod
    async def arm(self, override: BootOverride) -> str:
        """Arm it, or take away what is armed, and return what is `told` then. :raise: as `BootControl.apply`."""

    @abstractmethod
    async def told(self) -> str:
        """How the BMC tells of an override now; "" where it tells of none."""

    async def apply(self, override: BootOverride) -> None:
        async with self._changing:
            wanted = override if override.enabled is not BootEnabled.DISABLED else NO_OVERRIDE
            told = await self.arm(wanted)
            once = wanted.enabled is BootEnabled.ONCE and wanted.target is not BootTarget.NONE
            self._remember(Armed(override, self._clock.now(), told) if once else None)

    async def seen(self) -> AsyncIterator[BootSeen]:
        while True:
            async with self._changing:
                spent = await self._spent()
            if spent is not None:
                yield spent
            await self._clock.sleep(self._poll)

    async def _spent(self) -> BootSeen | None:
        armed = self._armed
        if armed is None:
            return None
        began = self._boots.last if self._boots.last is not None and self._boots.last >= armed.at else None
        over = began is not None and self._clock.now() >= began + self._post_time
        try:
            told = await self.told()
            if told and not armed.told:
                armed = replace(armed, told=told)
                self._remember(armed)
            gone = armed.told not in ("", told)
            if not gone and not over:
                return None
            if not gone and told:
                await self.arm(NO_OVERRIDE)
        except BmcError:
            return None  # the sense tells that the BMC is away; what is armed stays so until it can be asked
        self._remember(None)
        return BootSeen(began if began is not None else self._clock.now(), armed.override)

    def _remember(self, armed: Armed | None) -> None:
        self._armed = armed
        if armed is None:
            self._file.forget()
        else:
            self._file.save({"override": armed.override.to_json(), "at": armed.at, "told": armed.told})


def _load(file: KeptFile) -> Armed | None:
    """The server may have booted while the service was dead."""
    kept = file.load()
    try:
        return kept and Armed(BootOverride.from_json(kept["override"]), float(kept["at"]), str(kept["told"]))
    except (KeyError, TypeError, ValueError) as error:
        file.damaged(error)
        return None
