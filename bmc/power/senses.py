"""All senses of one node: what each said last, and what that is to be taken for."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from bmc.model.clock import Clock
from bmc.model.power import PowerReading, PowerState, Vote
from bmc.ports import PowerSense
from bmc.power.belief import believe, votes

LOOK_EVERY = 0.05


def as_it_is(reading: PowerReading) -> PowerReading:
    return reading


class Senses:
    """`moved` are the failure domains that are not believed by themselves; `attribute` knows more of a reading's cause
    than the sense that saw it.
    """

    def __init__(
        self,
        senses: Sequence[PowerSense],
        moved: frozenset[str],
        clock: Clock,
        attribute: Callable[[PowerReading], PowerReading] = as_it_is,
    ) -> None:
        self._senses = senses
        self._moved = moved
        self._clock = clock
        self._attribute = attribute
        self._domains = {sense.name: sense.domain for sense in senses}
        self._said: dict[str, PowerReading] = {}

    @property
    def said(self) -> Mapping[str, PowerReading]:
        """What each said last, by name."""
        return self._said

    @property
    def votes(self) -> tuple[Vote, ...]:
        return votes(self._said, self._domains)

    def believed(self) -> PowerReading:
        """What they say together, as of their last looks."""
        return believe(self._said, self._clock.now(), self._domains, self._moved)

    def hear(self, name: str, reading: PowerReading) -> tuple[PowerReading | None, PowerReading]:
        """What the sense said before, and what it says now."""
        before, self._said[name] = self._said.get(name), self._attribute(reading)
        return before, self._said[name]

    async def look(self) -> PowerReading:
        """All of them look now."""
        readings = await asyncio.gather(*(sense.read() for sense in self._senses))
        for sense, reading in zip(self._senses, readings, strict=True):
            self.hear(sense.name, reading)
        return self.believed()

    async def agree(self, patience: float) -> PowerReading:
        """Look, and give those that differ so many seconds to see the same."""
        return await self.look_until(lambda reading: reading.state is not PowerState.UNKNOWN, patience)

    async def look_until(self, seen: Callable[[PowerReading], bool], patience: float) -> PowerReading:
        """Look until `seen`, or for so many seconds; the last look."""
        end = self._clock.monotonic() + patience
        while not seen(reading := await self.look()) and self._clock.monotonic() < end:
            await self._clock.sleep(LOOK_EVERY)
        return reading
