"""Who watches a console, serial line or screen, and who types: one keyboard, which at most one viewer has."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count

from bmc.model.caller import Caller
from bmc.model.clock import Clock
from bmc.model.console import ConsoleKind, Viewer
from bmc.model.errors import Denied, NotSupported

Taken = Callable[[Caller, Viewer], Awaitable[None]]
"""Who has taken the keyboard, and from whom."""
Left = Callable[[Caller, Viewer, bool], Awaitable[None]]
"""Who has gone, what their place was, and whether they wanted to type at last."""


async def _nothing(*_: object) -> None:
    return


class Audience:
    """The viewers of one console, in the order in which they came.

    The keyboard is with whoever wanted it first, until another takes it or it is let go of. Then it is with the one
    who has waited for it longest; but not when it was lost because the console ended, as then it ends for all, one
    after another, and nobody is to be told in between that they type.
    """

    def __init__(
        self,
        console: ConsoleKind,
        clock: Clock,
        changed: Callable[[], None] = lambda: None,
        taken: Taken = _nothing,
        left: Left = _nothing,
    ) -> None:
        self.taken = taken
        self.left = left
        self._console = console
        self._clock = clock
        self._changed = changed
        self._seats: list[Seat] = []
        self._numbers = count(1)
        self.typing: Seat | None = None

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        return tuple(seat.viewer for seat in self._seats)

    def enter(self, caller: Caller, may_type: bool, wants: bool) -> "Seat":
        """`wants`: to type, as soon as nobody else does."""
        address, since = caller.address, self._clock.now()
        viewer = Viewer(next(self._numbers), self._console, caller.account, caller.door, address, since, may_type)
        seat = Seat(self, caller, viewer, wants)
        self._seats.append(seat)
        self._settle()
        return seat

    def hand(self, seat: "Seat | None") -> None:
        """Somebody else has the keyboard from now on; None: whoever waits for it."""
        self.typing = seat
        self._settle()

    def leave(self, seat: "Seat") -> bool:
        """Whether it had not left before."""
        if seat not in self._seats:
            return False
        self._seats.remove(seat)
        if self.typing is seat:
            self.typing = None
        if seat.ended:
            self._tell()
        else:
            self._settle()
        return True

    def _settle(self) -> None:
        if self.typing is None:
            self.typing = next((seat for seat in self._seats if seat.wants), None)
        self._tell()

    def _tell(self) -> None:
        for seat in self._seats:
            seat.notice()
        self._changed()


class Seat:
    """One viewer's place. `let_go` is called when another takes the keyboard from it: keys may be held down.

    `ended`: the console has ended, and its viewer did not leave.
    """

    def __init__(self, audience: Audience, caller: Caller, viewer: Viewer, wants: bool) -> None:
        self.wants = wants and viewer.may_type
        self.ended = False
        self.let_go: Callable[[], Awaitable[None]] = _nothing
        self._audience = audience
        self._caller = caller
        self._viewer = viewer
        self._news = asyncio.Event()
        self._taken_by: Viewer | None = None

    @property
    def viewer(self) -> Viewer:
        return replace(self._viewer, types=self.types)

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        """All of the console, this one too."""
        return self._audience.viewers

    @property
    def types(self) -> bool:
        return self._audience.typing is self

    def require(self) -> None:
        """:raise NotSupported: it only watches; the text says why."""
        if self.types:
            return
        if not self._viewer.may_type:
            raise NotSupported(f"this console is for watching only: {self._viewer.account} may not type")
        typing = self._audience.typing
        if typing is None:
            raise NotSupported("this console only watches; take the keyboard to type")
        raise NotSupported(f"this console only watches: {typing.viewer} has the keyboard; take it over to type")

    async def take(self) -> None:
        """Have the keyboard; whoever had it goes on watching. :raise Denied: its role may not type."""
        if not self._viewer.may_type:
            raise Denied(f"{self._viewer.account} may not type here: that takes the role Operator")
        self.wants = True
        former = self._audience.typing
        if former is self:
            return
        if former is not None:
            former._taken_by = self._viewer
        self._audience.hand(self)
        if former is not None:
            await former.let_go()
            await self._audience.taken(self._caller, former._viewer)

    async def release(self) -> None:
        """Only watch from now on, until it takes the keyboard again."""
        self.wants = False
        if self.types:
            self._audience.hand(None)
            await self.let_go()

    async def leave(self) -> None:
        if self._audience.leave(self):
            await self._audience.left(self._caller, self._viewer, self.wants)

    def notice(self) -> None:
        self._news.set()

    async def changed(self) -> Viewer | None:
        """Wait until others have come or gone, or the keyboard has moved; returns who took it from this one, if so."""
        await self._news.wait()
        self._news.clear()
        by, self._taken_by = self._taken_by, None
        return by
