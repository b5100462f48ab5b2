"""Several outlets that feed one server, as one switch and one supply: all on, all off."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import Field, JsonValue

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused, Unreachable
from bmc.model.power import PowerAction
from bmc.ports import Site
from robots.adapter import Adapter, AnyAdapter, Options, Parts, Place, Running, Seconds
from robots.parts import Feed, Moved, Switch

NEEDED = frozenset({PowerAction.ON, PowerAction.FORCE_OFF})

R = TypeVar("R")


class TogetherOptions(Options):
    """`off_for`: how long all are off in a power cycle."""

    together: list[dict[str, JsonValue]] = Field(min_length=2, max_length=8)
    off_for: Seconds = Field(default=5.0, ge=0, le=120)


@dataclass(frozen=True, slots=True)
class Member:
    """One adapter among them; `path` is its key path in the node's options."""

    path: str
    title: str
    adapter: AnyAdapter
    options: Options


class _All(Moved):
    """Does one thing with every outlet at the same time, and tells what became of each."""

    def __init__(self, outlets: Sequence[tuple[str, Switch]] | Sequence[tuple[str, Feed]]) -> None:
        self._outlets = outlets

    @property
    def domains(self) -> frozenset[str]:
        return frozenset(outlet.domain for _, outlet in self._outlets)

    def joined(self) -> str:
        return " and ".join(sorted(self.domains))

    async def _each(self, works: Sequence[Coroutine[Any, Any, R]]) -> list[R]:
        told = await asyncio.gather(*works, return_exceptions=True)
        done, failed = list[R](), list[tuple[str, BmcError]]()
        names = [f"{name} ({outlet.domain})" for name, outlet in self._outlets]
        for name, result in zip(names, told, strict=True):
            if isinstance(result, BmcError):
                failed.append((name, result))
            elif isinstance(result, BaseException):
                raise result
            else:
                done.append(result)
        if failed:
            well = [name for name in names if name not in dict(failed)]
            raise _told(failed, well)
        return done


class TogetherSwitch(_All, Switch):
    """PowerSwitch. A cycle is ours: all off, a while, all on; so the server does lose its power."""

    actions = NEEDED | {PowerAction.POWER_CYCLE}

    def __init__(self, switches: Sequence[tuple[str, Switch]], off_for: float, clock: Clock) -> None:
        super().__init__(switches)
        self._switches = switches
        self._off_for = off_for
        self._clock = clock
        self.domain = self.joined()
        self.patience = 2 * max(switch.patience for _, switch in switches) + off_for

    async def apply(self, action: PowerAction) -> None:
        if action is PowerAction.POWER_CYCLE:
            await self._cycle()
        else:
            await self._every(action)

    async def _cycle(self) -> None:
        try:
            await self._every(PowerAction.FORCE_OFF)
        except (Refused, Unreachable):
            raise
        except BmcError as error:
            raise type(error)(f"not cycled: {error}; {await self._on_again()}") from error
        await self._clock.sleep(self._off_for)
        try:
            await self._every(PowerAction.ON)
        except BmcError as error:
            raise BackendFailed(f"all were turned off, but not all are on again: {error}") from error

    async def _on_again(self) -> str:
        """A server that still runs by one feed shall not be left without the others."""
        try:
            await self._every(PowerAction.ON)
        except BmcError as error:
            return f"and not all are on again: {error}"
        return "all were told to be on again"

    async def _every(self, action: PowerAction) -> None:
        await self._each([switch.apply(action) for _, switch in self._switches])


class TogetherSupply(_All, Feed):
    """PowerSupply. It was off only if all were: a server with one live feed has its power."""

    def __init__(self, supplies: Sequence[tuple[str, Feed]]) -> None:
        super().__init__(supplies)
        self._supplies = supplies
        self.domain = self.joined()

    async def feed(self) -> bool:
        return all(await self._each([supply.feed() for _, supply in self._supplies]))

    async def cut(self) -> None:
        await self._each([supply.cut() for _, supply in self._supplies])


class AllRunning:
    """What runs of several adapters."""

    def __init__(self, running: Sequence[Running]) -> None:
        self._running = running

    async def start(self) -> None:
        for each in self._running:
            await each.start()

    async def close(self) -> None:
        async with AsyncExitStack() as stack:  # one that cannot be closed keeps no other open
            for each in self._running:
                stack.push_async_callback(each.close)


class Together(Adapter[TogetherOptions]):
    """Made for one table of a node; in no entry point, since what it is composed of stands in that table.

    `running` is what runs of its members: when one cannot be opened, that of those before it, for who asked to close.
    """

    name = family = "together"
    options = TogetherOptions

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members
        self.running: list[Running] = []

    def check(self, options: TogetherOptions, site: Site) -> None:
        for member in self._members:
            member.adapter.check(member.options, site)

    def open(self, options: TogetherOptions, place: Place) -> Parts:
        opened: list[tuple[str, Parts]] = []
        for member in self._members:
            kept = place.kept / member.path
            parts = member.adapter.open(member.options, Place(place.node, member.title, kept, place.site))
            opened.append((member.path, parts))
            if parts.running:
                self.running.append(parts.running)
        switches = [(path, parts.switch) for path, parts in opened if parts.switch and _is_outlet(parts)]
        supplies = [(path, parts.supply) for path, parts in opened if parts.supply]
        whole = len(opened)
        return Parts(
            running=AllRunning(self.running),
            switch=TogetherSwitch(switches, options.off_for, place.clock) if len(switches) == whole else None,
            supply=TogetherSupply(supplies) if len(supplies) == whole else None,
        )


def _is_outlet(parts: Parts) -> bool:
    """What is told the state that it shall be in; a button would turn one off and the other on."""
    switch = parts.switch
    return switch is not None and switch.actions >= NEEDED and not switch.toggles


def _told(failed: Sequence[tuple[str, BmcError]], well: Sequence[str]) -> BmcError:
    kinds = {type(error) for _, error in failed}
    text = "; ".join(f"{name}: {error}" for name, error in failed)
    if well:
        text += f"; done by {', '.join(well)}"
    if OutcomeUnknown in kinds:
        return OutcomeUnknown(text)
    if well or not kinds <= {Refused, Unreachable}:
        return BackendFailed(text)
    return Unreachable(text) if kinds == {Unreachable} else Refused(text)
