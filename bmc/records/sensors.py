"""The sensors of one node: read from their source, compared with thresholds that an operator sets, and told."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from bmc.ipmi.wire.sdr import scale
from bmc.model.clock import Clock
from bmc.model.errors import InvalidRequest, NotFound
from bmc.model.events import Severity
from bmc.model.sel import SystemEvent
from bmc.model.sensor import Sensor, SensorInfo, SensorSetting, Threshold, Unit
from bmc.ports import SensorSource
from bmc.records.sel_events import FIRST_NUMERIC
from bmc.store import Json, Store

BUCKET = "sensor-settings"
THRESHOLD_EVENT = 0x01
SENSOR_TYPES = {Unit.CELSIUS: 0x01, Unit.VOLTS: 0x02, Unit.AMPERES: 0x03, Unit.RPM: 0x04}
OTHER_TYPE = 0x0B
"""Sensor types, table 42-3."""
EVENT_OFFSETS = {
    Threshold.LOWER_CAUTION: 0x00,
    Threshold.LOWER_CRITICAL: 0x02,
    Threshold.LOWER_FATAL: 0x04,
    Threshold.UPPER_CAUTION: 0x07,
    Threshold.UPPER_CRITICAL: 0x09,
    Threshold.UPPER_FATAL: 0x0B,
}
"""Table 42-2: lower thresholds going low, upper ones going high."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold was crossed, or is no longer beyond; `details` are those of the event."""

    message: str
    severity: Severity
    details: Mapping[str, object]


class SensorKeeper:
    """`sensors` are those of the last look, in the order of the source."""

    def __init__(
        self,
        source: SensorSource | None,
        store: Store,
        node: str,
        clock: Clock,
        settings: Mapping[str, SensorSetting],
    ) -> None:
        self._source = source
        self._store = store
        self._node = node
        self._clock = clock
        self._changing = asyncio.Lock()
        infos = source.sensors() if source else ()
        self.sensors = tuple(Sensor(info, settings.get(info.name, SensorSetting(info.thresholds))) for info in infos)

    @classmethod
    async def open(cls, source: SensorSource | None, store: Store, node: str, clock: Clock) -> "SensorKeeper":
        entry = await store.get(BUCKET, node)
        settings = {name: _load(value) for name, value in entry.value.items()} if entry else {}
        return cls(source, store, node, clock, settings)

    async def look(self, on: bool) -> list[Crossing]:
        """Read every sensor of a node that is `on`, and tell what was crossed since the last look."""
        readings = await self._source.read() if on and self._source else {}
        async with self._changing:
            before, now = self.sensors, self._clock.now()
            self.sensors = tuple(_read(sensor, readings.get(sensor.info.name), now) for sensor in before)
            pairs = enumerate(zip(before, self.sensors, strict=True), FIRST_NUMERIC)
            return [crossing for number, (old, new) in pairs for crossing in self._compare(number, old, new)]

    async def set(self, name: str, setting: SensorSetting) -> None:
        """:raise NotFound: :raise InvalidRequest: thresholds out of order, or beyond what the sensor can read."""
        async with self._changing:
            found = next((sensor for sensor in self.sensors if sensor.info.name == name), None)
            if found is None:
                raise NotFound(f"{self._node} has no sensor {name[:64]!r}")
            _check(found.info, setting)
            changed = tuple(replace(s, setting=setting) if s is found else s for s in self.sensors)
            value = {s.info.name: _dump(s.setting) for s in changed if s.setting != SensorSetting(s.info.thresholds)}
            await self._store.put(BUCKET, self._node, value)
            self.sensors = changed

    async def forget(self) -> None:
        """The node was removed."""
        await self._store.delete(BUCKET, self._node)

    def _compare(self, number: int, old: Sensor, new: Sensor) -> Iterator[Crossing]:
        if new.reading is None or not new.setting.events:
            return
        for threshold in new.setting.thresholds:
            if threshold in new.crossed - old.crossed and threshold in new.setting.assertions:
                yield self._crossing(number, new, new.reading, threshold, begins=True)
            if threshold in old.crossed - new.crossed and threshold in new.setting.deassertions:
                yield self._crossing(number, new, new.reading, threshold, begins=False)

    def _crossing(self, number: int, sensor: Sensor, reading: float, threshold: Threshold, begins: bool) -> Crossing:
        info, limit = sensor.info, sensor.setting.thresholds[threshold]
        side = "above" if threshold.upper else "below"
        what = f"{'' if begins else 'no longer '}{side} its {threshold.value} threshold"
        unit = info.unit.value
        message = f"{info.name} of {self._node} reads {reading:.6g} {unit}, {what} of {limit:.6g} {unit}"
        severity = Severity.OK
        if begins:
            caution = threshold in (Threshold.LOWER_CAUTION, Threshold.UPPER_CAUTION)
            severity = Severity.WARNING if caution else Severity.CRITICAL
        factors = scale(info.minimum, info.maximum, info.wide)
        record = SystemEvent(
            SENSOR_TYPES.get(info.unit, OTHER_TYPE),
            number,
            THRESHOLD_EVENT,
            bytes((0x50 | EVENT_OFFSETS[threshold], factors.raw(reading), factors.raw(limit))),
            begins,
        )
        details = {
            "sensor": info.name,
            "reading": reading,
            "threshold": threshold.value,
            "limit": limit,
            "begins": begins,
            "record": record.pack().hex(),
        }
        return Crossing(message, severity, details)


def _read(sensor: Sensor, reading: float | None, now: float) -> Sensor:
    if reading is None:
        return replace(sensor, reading=None, crossed=frozenset())
    crossed = frozenset(
        threshold
        for threshold, limit in sensor.setting.thresholds.items()
        if _beyond(reading, limit, threshold, sensor.setting.hysteresis if threshold in sensor.crossed else (0.0, 0.0))
    )
    return replace(sensor, reading=reading, crossed=crossed, at=now)


def _beyond(reading: float, limit: float, threshold: Threshold, hysteresis: tuple[float, float]) -> bool:
    upper, lower = hysteresis
    return reading >= limit - upper if threshold.upper else reading <= limit + lower


_ASCENDING = (
    Threshold.LOWER_FATAL,
    Threshold.LOWER_CRITICAL,
    Threshold.LOWER_CAUTION,
    Threshold.UPPER_CAUTION,
    Threshold.UPPER_CRITICAL,
    Threshold.UPPER_FATAL,
)


def _check(info: SensorInfo, setting: SensorSetting) -> None:
    given = [(threshold, setting.thresholds[threshold]) for threshold in _ASCENDING if threshold in setting.thresholds]
    reach = scale(info.minimum, info.maximum, info.wide).value(255)
    for threshold, value in given:
        if not info.minimum <= value <= max(info.maximum, reach):
            raise InvalidRequest(
                f"{threshold.value} of {info.name} is {value:g}; expected {info.minimum:g} to {info.maximum:g}"
            )
    for (low, first), (high, second) in pairwise(given):
        if first > second:
            raise InvalidRequest(f"{low.value} of {info.name} is {first:g}, above its {high.value} of {second:g}")
    if min(setting.hysteresis) < 0:
        raise InvalidRequest(f"hysteresis of {info.name} is negative; expected 0 or more")


def _dump(setting: SensorSetting) -> dict[str, Json]:
    return {
        "thresholds": {threshold.value: value for threshold, value in setting.thresholds.items()},
        "hysteresis": list(setting.hysteresis),
        "events": setting.events,
        "assertions": sorted(threshold.value for threshold in setting.assertions),
        "deassertions": sorted(threshold.value for threshold in setting.deassertions),
    }


def _load(value: Mapping[str, Any]) -> SensorSetting:
    upper, lower = value["hysteresis"]
    return SensorSetting(
        {Threshold(name): limit for name, limit in value["thresholds"].items()},
        (upper, lower),
        value["events"],
        frozenset(map(Threshold, value["assertions"])),
        frozenset(map(Threshold, value["deassertions"])),
    )
