"""Many watch, one types."""

import asyncio

import pytest

from bmc.console.audience import Audience, Seat
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.console import ConsoleKind, Viewer
from bmc.model.errors import Denied, NotSupported


def caller(name: str, role: Role = Role.OPERATOR) -> Caller:
    return Caller(name, role, Scope(), Door.WEB, "192.0.2.1")


class Room:
    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.changes = 0
        self.audience = Audience(ConsoleKind.SCREEN, SystemClock(), self._changed, self._taken)

    def enter(self, name: str, role: Role = Role.OPERATOR, wants: bool = True) -> Seat:
        return self.audience.enter(caller(name, role), may_type=role is not Role.READ_ONLY, wants=wants)

    @property
    def typing(self) -> list[str]:
        return [viewer.account for viewer in self.audience.viewers if viewer.types]

    def _changed(self) -> None:
        self.changes += 1

    async def _taken(self, taker: Caller, former: Viewer) -> None:
        self.taken.append((taker.account, former.account))


@pytest.fixture
async def room() -> Room:
    return Room()


async def test_the_first_who_wants_to_type_does_and_all_are_listed(room: Room):
    room.enter("vera", Role.READ_ONLY)
    room.enter("lola", wants=False)
    olga, otto = room.enter("olga"), room.enter("otto")
    assert room.typing == ["olga"]
    assert [viewer.account for viewer in room.audience.viewers] == ["vera", "lola", "olga", "otto"]
    assert [viewer.may_type for viewer in room.audience.viewers] == [False, True, True, True]
    assert (olga.viewer.door, olga.viewer.address) == (Door.WEB, "192.0.2.1")
    olga.require()
    with pytest.raises(NotSupported, match=r"olga \(web from 192.0.2.1\) has the keyboard"):
        otto.require()


async def test_who_is_taken_over_is_told_by_whom_and_goes_on_watching(room: Room):
    olga, otto = room.enter("olga"), room.enter("otto")
    await olga.changed()
    let_go = asyncio.Event()

    async def lift() -> None:
        assert room.typing == ["otto"]
        let_go.set()

    olga.let_go = lift
    await otto.take()
    assert let_go.is_set()
    by = await olga.changed()
    assert by is not None
    assert by.account == "otto"
    assert room.taken == [("otto", "olga")]
    assert len(room.audience.viewers) == 2
    await otto.take()  # has it already
    assert room.taken == [("otto", "olga")]


async def test_who_may_not_type_never_does(room: Room):
    vera = room.enter("vera", Role.READ_ONLY, wants=True)
    with pytest.raises(Denied, match="Operator"):
        await vera.take()
    with pytest.raises(NotSupported, match="for watching only"):
        vera.require()
    assert room.typing == []


async def test_the_keyboard_of_who_leaves_is_with_whoever_waits_for_it_longest(room: Room):
    olga, lola, otto = room.enter("olga"), room.enter("lola", wants=False), room.enter("otto")
    await olga.leave()
    await olga.leave()
    assert room.typing == ["otto"]
    await otto.leave()
    assert room.typing == []
    with pytest.raises(NotSupported, match="take the keyboard"):
        lola.require()
    await lola.take()
    assert room.typing == ["lola"]
    assert room.taken == []  # from nobody


async def test_a_console_that_ends_leaves_its_keyboard_to_nobody(room: Room):
    olga, otto, lola = room.enter("olga"), room.enter("otto"), room.enter("lola")
    assert await otto.changed() is None
    olga.ended = True
    await olga.leave()
    assert room.typing == []
    assert await otto.changed() is None  # that olga has gone
    lola.ended = True
    await lola.leave()
    assert room.typing == []
    room.enter("vera", Role.READ_ONLY)  # it was the console of one viewer alone
    assert room.typing == ["otto"]


async def test_who_lets_go_only_watches_until_it_takes_it_again(room: Room):
    olga, otto = room.enter("olga"), room.enter("otto", wants=False)
    await olga.release()
    assert room.typing == []
    await otto.leave()
    assert room.typing == []
    await olga.take()
    assert room.typing == ["olga"]


async def test_each_change_is_told_to_everybody(room: Room):
    olga = room.enter("olga")
    assert await olga.changed() is None
    before = room.changes
    otto = room.enter("otto")
    assert await olga.changed() is None
    await otto.leave()
    assert await olga.changed() is None
    assert room.changes == before + 2
