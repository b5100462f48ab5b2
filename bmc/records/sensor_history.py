"""What the sensors of one node read before: the last hour in memory, the last day in the store. Knows no door."""

import math
from array import array
from collections.abc import Mapping
from typing import Any

from bmc.model.clock import Clock
from bmc.model.sensor import SensorHistory, Series, Window
from bmc.store import Json, Store

STEP, STEPS = 10, 360
"""Seconds for which one reading stands in the last hour, and how many of these are an hour."""
SPAN, SPANS = 300, 288
"""The same of the last day, where least, greatest and mean stand for a span."""
SLOW = 60
"""A source that takes so many seconds from one reading to the next still has been read in between."""
NONE = math.nan
_Span = dict[str, list[float]]
"""By sensor: least, greatest, mean, and of how many readings."""


class HistoryKeeper:
    """A step without a reading is None: the node was off, its sensors could not be read, or there was no service.

    The hour takes 4 bytes a step and sensor. A span is written down when it is over or the service ends.
    """

    def __init__(self, store: Store, node: str, clock: Clock) -> None:
        self._store = store
        self._bucket = f"sensor-history/{node}"
        self._clock = clock
        self._steps: dict[str, array[float]] = {}
        self._step = 0
        self._at = 0.0
        self._span: _Span = {}
        self._number = 0

    async def load(self) -> None:
        """Go on with the span that a service before this one began."""
        self._number = int(self._clock.now() // SPAN)
        found = await self._store.get(self._bucket, _key(self._number))
        if found and found.value["number"] == self._number:
            self._span = {name: list(told) for name, told in found.value["sensors"].items()}

    async def add(self, readings: Mapping[str, float | None], at: float) -> None:
        """What was read at `at`; of a step the last reading counts. :raise StoreFailed: the span before is lost."""
        self._move(int(at // STEP), filled=0 < at - self._at <= SLOW)
        self._at = at
        number, over, before = int(at // SPAN), self._span, self._number
        if number != before:
            self._number, self._span = number, {}
        for name, reading in readings.items():
            if reading is not None:
                if name not in self._steps:
                    self._steps[name] = array("f", [NONE] * STEPS)
                self._steps[name][self._step % STEPS] = reading
                _widen(self._span, name, reading)
        if number != before:
            await self._write(before, over)

    def interrupt(self) -> None:
        """Nothing is read for now, as the node is off."""
        self._at = 0.0

    async def keep(self) -> None:
        """Write down the span that is not over yet."""
        await self._write(self._number, self._span)

    async def history(self, window: Window) -> SensorHistory:
        return self._hour() if window is Window.HOUR else await self._day()

    async def forget(self) -> None:
        """The node was removed."""
        await self._store.clear(self._bucket)

    def _move(self, step: int, filled: bool) -> None:
        """Begin this step; those between hold what was read last if they are `filled`, else nothing."""
        if step < self._step or step - self._step >= STEPS:  # the clock was set, or all is older than an hour
            self._steps.clear()
        else:
            for values in self._steps.values():
                last = values[self._step % STEPS] if filled else NONE
                for passed in range(self._step + 1, step):
                    values[passed % STEPS] = last
                if step != self._step:
                    values[step % STEPS] = NONE
        self._step = step

    def _hour(self) -> SensorHistory:
        last = int(self._clock.now() // STEP)
        steps = range(last - STEPS + 1, last + 1)
        known = range(self._step - STEPS + 1, self._step + 1)
        told = {
            name: Series(tuple(_shown(values[step % STEPS]) if step in known else None for step in steps))
            for name, values in self._steps.items()
        }
        return SensorHistory(steps[0] * STEP, STEP, told)

    async def _day(self) -> SensorHistory:
        last = int(self._clock.now() // SPAN)
        stored = [entry.value for entry in await self._store.list(self._bucket)]
        spans: dict[int, Mapping[str, Any]] = {value["number"]: value["sensors"] for value in stored}
        spans[self._number] = self._span
        day = [spans.get(number, {}) for number in range(last - SPANS + 1, last + 1)]

        def column(name: str, place: int) -> tuple[float | None, ...]:
            return tuple(_shown(span[name][place]) if name in span else None for span in day)

        names = dict.fromkeys(name for span in day for name in span)
        told = {name: Series(column(name, 2), column(name, 0), column(name, 1)) for name in names}
        return SensorHistory((last - SPANS + 1) * SPAN, SPAN, told)

    async def _write(self, number: int, span: _Span) -> None:
        if span:
            sensors: dict[str, Json] = {
                name: [*map(_shown, (least, greatest, mean)), int(count)]
                for name, (least, greatest, mean, count) in span.items()
            }
            await self._store.put(self._bucket, _key(number), {"number": number, "sensors": sensors})


def _key(number: int) -> str:
    """A day later the same again."""
    return str(number % SPANS)


def _widen(span: _Span, name: str, reading: float) -> None:
    least, greatest, mean, count = span.get(name, (reading, reading, reading, 0))
    mean += (reading - mean) / (count + 1)
    span[name] = [min(least, reading), max(greatest, reading), mean, count + 1]


def _shown(value: float) -> float | None:
    """Five digits are more than any sensor is exact to."""
    return None if math.isnan(value) else float(f"{value:.5g}")
