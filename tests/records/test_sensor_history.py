"""The history of a node's sensors: gaps are gaps, extremes are kept, the day outlives the service."""

import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bmc.model.sensor import Series, Window
from bmc.records.sensor_history import SPAN, SPANS, STEP, STEPS, HistoryKeeper
from bmc.store import Store

NOON = 1_800_000_000.0
"""The beginning of a step and of a span."""


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "store.db") as store:
        yield store


async def opened(store: Store, clock: Hand) -> HistoryKeeper:
    keeper = HistoryKeeper(store, "n1", clock)
    await keeper.load()
    return keeper


async def read(keeper: HistoryKeeper, clock: Hand, at: float, **readings: float | None) -> None:
    clock.time = NOON + at
    await keeper.add(readings, clock.time)


async def series(keeper: HistoryKeeper, window: Window, name: str = "fan") -> Series:
    return (await keeper.history(window)).series[name]


async def test_an_hour_has_the_last_reading_of_each_ten_seconds_and_ends_now(store: Store, clock: Hand) -> None:
    keeper = await opened(store, clock)
    for at, reading in ((0, 1.0), (5, 2.0), (10, 3.25), (20, 16581375.0)):
        await read(keeper, clock, at, fan=reading)
    history = await keeper.history(Window.HOUR)
    assert (history.start, history.step) == (NOON + 20 - (STEPS - 1) * STEP, STEP)
    assert history.series["fan"].readings == (*[None] * (STEPS - 3), 2.0, 3.25, 16581000.0)
    assert (history.series["fan"].minima, history.series["fan"].maxima) == ((), ())


async def test_what_was_not_read_is_a_gap(store: Store, clock: Hand) -> None:
    """The node was off, a sensor had no reading, or nothing was read for long."""
    keeper = await opened(store, clock)
    await read(keeper, clock, 0, fan=1.0)
    keeper.interrupt()
    await read(keeper, clock, 30, fan=2.0)
    await read(keeper, clock, 40, fan=None, inlet=20.0)
    await read(keeper, clock, 120, fan=3.0)
    clock.time += 20
    assert (await series(keeper, Window.HOUR)).readings[-15:] == (
        *(1.0, None, None, 2.0, None),
        *[None] * 7,
        *(3.0, None, None),
    )


async def test_a_source_that_takes_its_time_makes_no_gaps(store: Store, clock: Hand) -> None:
    keeper = await opened(store, clock)
    for at in (0, 25, 60):
        await read(keeper, clock, at, fan=float(at))
    assert (await series(keeper, Window.HOUR)).readings[-7:] == (0.0, 0.0, 25.0, 25.0, 25.0, 25.0, 60.0)


async def test_after_an_hour_of_silence_and_after_the_clock_went_back_nothing_old_is_shown(
    store: Store, clock: Hand
) -> None:
    keeper = await opened(store, clock)
    await read(keeper, clock, 0, fan=1.0)
    clock.time += STEP * STEPS
    assert set((await series(keeper, Window.HOUR)).readings) == {None}
    await read(keeper, clock, STEP * STEPS + 3, fan=2.0)
    await read(keeper, clock, -7200, fan=3.0)
    assert (await series(keeper, Window.HOUR)).readings == (*[None] * (STEPS - 1), 3.0)


async def test_a_day_has_least_greatest_and_mean_of_each_five_minutes(store: Store, clock: Hand) -> None:
    keeper = await opened(store, clock)
    for at, reading in ((0, 1.0), (100, 3.0), (299, 8.0), (SPAN, 5.0), (3 * SPAN, 7.0)):
        await read(keeper, clock, at, fan=reading)
    history = await keeper.history(Window.DAY)
    assert (history.start, history.step) == (NOON + 3 * SPAN - (SPANS - 1) * SPAN, SPAN)
    found = history.series["fan"]
    assert found.readings == (*[None] * (SPANS - 4), 4.0, 5.0, None, 7.0)
    assert found.minima[-4:] == (1.0, 5.0, None, 7.0)
    assert found.maxima[-4:] == (8.0, 5.0, None, 7.0)


async def test_the_day_outlives_the_service_also_in_the_midst_of_five_minutes(store: Store, clock: Hand) -> None:
    keeper = await opened(store, clock)
    for at, reading in ((0, 1.0), (SPAN, 9.0), (SPAN + 5, 3.0)):
        await read(keeper, clock, at, fan=reading)
    await keeper.keep()
    again = await opened(store, clock)
    await read(again, clock, SPAN + 60, fan=6.0)
    found = await series(again, Window.DAY)
    assert (found.readings[-2:], found.minima[-2:], found.maxima[-2:]) == ((1.0, 6.0), (1.0, 3.0), (1.0, 9.0))
    await again.forget()
    assert (await (await opened(store, clock)).history(Window.DAY)).series == {}


async def test_no_more_than_a_day_is_kept(store: Store, clock: Hand) -> None:
    keeper = await opened(store, clock)
    for number in range(SPANS + 10):
        await read(keeper, clock, number * SPAN, fan=float(number))
    await keeper.keep()
    assert len(await store.list("sensor-history/n1")) == SPANS
    found = (await series(keeper, Window.DAY)).readings
    assert found == tuple(float(number) for number in range(10, SPANS + 10))
    assert not any(reading is None or math.isnan(reading) for reading in found)
