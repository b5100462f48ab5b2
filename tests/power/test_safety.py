"""The emergency stop and the start budgets, on a real store."""

import asyncio
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from bmc.events import Events
from bmc.model.clock import Clock, SystemClock
from bmc.model.errors import InvalidRequest, OutcomeUnknown, Refused, WrongState
from bmc.model.events import EventKind
from bmc.model.power import PowerState
from bmc.power.safety import Budget, Safety
from bmc.store import Store, StoreFailed
from tests.clocks import StillClock
from tests.world import World


async def opened(world: World, clock: Clock | None = None, **budgets: Budget) -> Safety:
    return await Safety.open(world.store, world.events, clock or SystemClock(), budgets)


async def test_pressed_it_holds_what_moves_and_lets_nothing_begin(world: World):
    safety = await opened(world)
    began, released, later = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def press() -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            released.set()

    async def begin() -> None:
        later.set()

    moving = asyncio.create_task(safety.move(press(), safety.stops))
    await began.wait()
    await safety.stop("olga", "smoke in row 3")
    with pytest.raises(OutcomeUnknown, match="the emergency stop of olga cut it off; look at the machine"):
        await moving
    assert released.is_set()
    with pytest.raises(Refused, match=r"olga pressed the emergency stop at .* UTC \(smoke in row 3\); release it"):
        await safety.move(begin(), safety.stops)
    assert not later.is_set()
    await safety.release("admin")
    await safety.move(begin(), safety.stops)
    assert later.is_set()


async def test_it_outlives_the_service(world: World):
    await (await opened(world)).stop("olga", "smoke")
    again = await opened(world)
    with pytest.raises(Refused, match="olga pressed"):
        again.check()
    await again.release("admin")
    (await opened(world)).check()


async def test_pressing_twice_keeps_the_first_and_is_told_once(world: World):
    safety = await opened(world)
    await safety.stop("olga", "smoke")
    await safety.stop("vera", "fire")
    assert safety.stopped is not None
    assert safety.stopped.account == "olga"
    assert len(await world.told(EventKind.EMERGENCY_STOP)) == 1


async def test_pressed_again_after_a_full_disk_it_outlives_the_service(world: World, monkeypatch: pytest.MonkeyPatch):
    safety = await opened(world)
    with monkeypatch.context() as full:
        full.setattr(world.store, "put", AsyncMock(side_effect=StoreFailed("the disk is full")))
        with pytest.raises(StoreFailed):
            await safety.stop("olga", "smoke")
    await safety.stop("olga", "smoke")
    with pytest.raises(Refused, match="olga pressed"):
        (await opened(world)).check()
    assert len(await world.told(EventKind.EMERGENCY_STOP)) == 1


async def test_pressed_while_it_is_released_it_holds(world: World):
    safety = await opened(world)
    for _ in range(20):
        await safety.stop("olga", "smoke")
        releasing = asyncio.create_task(safety.release("admin"))
        await asyncio.sleep(0)
        await safety.stop("vera", "fire")
        with pytest.raises(Refused, match="vera pressed"):
            await releasing
        with pytest.raises(Refused, match="vera pressed"):
            (await opened(world)).check()
        await safety.release("admin")


async def test_what_a_stop_has_held_is_not_taken_up_by_its_release(world: World):
    safety, moved = await opened(world), asyncio.Event()

    async def press() -> None:
        moved.set()

    asked = safety.stops
    await safety.stop("olga", "smoke")
    await safety.release("admin")
    with pytest.raises(Refused, match="pressed since this was asked for; ask again"):
        await safety.move(press(), asked)
    assert not moved.is_set()


async def test_what_is_not_pressed_cannot_be_released(world: World):
    with pytest.raises(WrongState, match="not pressed"):
        await (await opened(world)).release("admin")


async def test_a_motion_whose_asker_leaves_is_let_go(world: World):
    safety = await opened(world)
    began, released = asyncio.Event(), asyncio.Event()

    async def press() -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            released.set()

    moving = asyncio.create_task(safety.move(press(), safety.stops))
    await began.wait()
    moving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await moving
    assert released.is_set()


async def test_starts_beyond_the_budget_wait_for_their_turn(world: World):
    clock = StillClock()
    safety = await opened(world, clock, feed=Budget(2, 10), rack=Budget(1, 3))
    waited = []
    for names in (["feed"], ["feed"], ["feed"], ["rack"], ["feed", "rack"]):
        before = clock.time
        await safety.start_turn(names)
        waited.append(clock.time - before)
    assert waited == [0, 0, 10, 0, 3]
    assert safety.budget_state("feed") == "next start in 7 s"


async def test_a_turn_that_is_too_far_away_is_refused_and_takes_none(world: World):
    clock = StillClock()
    safety = await opened(world, clock, feed=Budget(1, 300))
    await safety.start_turn(["feed"])
    with pytest.raises(Refused, match="start budget feed: no start is free for another 300 s"):
        await safety.start_turn(["feed"])
    clock.time += 300
    await safety.start_turn(["feed"])


async def test_a_budget_that_is_not_configured_is_named(world: World):
    safety = await opened(world, feed=Budget(1, 1))
    safety.require_budgets(["feed"])
    with pytest.raises(InvalidRequest, match="start budget 'rack' is not in the configuration file; there is feed"):
        safety.require_budgets(["rack"])


async def test_it_asks_the_fleet_what_is_believed(world: World):
    safety = await opened(world)
    assert safety.power_of("n1") is PowerState.UNKNOWN
    await world.add("n1")
    safety.ask(world.fleet.believed, world.fleet.word_of)
    assert safety.power_of("n1") is PowerState.OFF
    assert safety.power_of("n2") is PowerState.UNKNOWN
    assert safety.word_of("n1") is None


async def test_a_full_disk_does_not_keep_it_from_holding(tmp_path: Path):
    async with Store.open(tmp_path / "s" / "lightsout.db") as store:
        safety = await Safety.open(store, Events(store, SystemClock()), SystemClock(), {})
    with pytest.raises(Exception, match="closed"):
        await safety.stop("olga", "smoke")
    with pytest.raises(Refused):
        safety.check()
