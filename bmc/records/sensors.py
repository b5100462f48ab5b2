"""The sensors of one node: sampled, held against their thresholds, set by an operator. Knows no door."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, cast

from bmc.events import Publish
from bmc.ipmi.wire.scale import Scale
from bmc.model.clock import Clock
from bmc.model.errors import InvalidRequest, NotFound
from bmc.model.events import EventKind, Severity
from bmc.model.sel import SystemEvent
from bmc.model.sensor import CAUTIONS, Sensor, SensorInfo, SensorSetting, Threshold, Unit
from bmc.ports import SensorSource
from bmc.records.sel_events import FIRST_NUMERIC
from bmc.store import Json, Store

BUCKET = "sensor-settings"
EDITION = 2
"""Another one when what the doors make of the same sensors changes: clients keep copies of it."""
THRESHOLD_EVENT = 0x01
VALUES_INCLUDED = 0x50
OTHER_UNITS = 0x0B
TYPES = {Unit.CELSIUS: 0x01, Unit.VOLTS: 0x02, Unit.AMPERES: 0x03, Unit.RPM: 0x04}
"""IPMI sensor types, table 42-3; all others are `OTHER_UNITS`."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A reading went beyond a threshold (`over`: it came back)."""

    sensor: Sensor
    number: int
    threshold: Threshold
    over: bool


class SensorKeeper:
    """`sensors` are the node's, in an order that stays; `since` is when the list last became another one."""

    def __init__(self, store: Store, node: str, source: SensorSource | None, clock: Clock, publish: Publish) -> None:
        infos = source.sensors() if source else ()
        self.sensors = tuple(Sensor(info, SensorSetting(info.thresholds)) for info in infos)
        self.since = 0.0
        self._store = store
        self._node = node
        self._source = source
        self._clock = clock
        self._publish = publish
        self._setting = asyncio.Lock()
        self._told: dict[str, frozenset[Threshold]] = {}
        """By sensor, the crossings that were told and are not told to be over."""
        self._telling = asyncio.Lock()

    async def load(self) -> None:
        """What was set before; sensors that are no more are passed over."""
        found = await self._store.get(BUCKET, self._node)
        stored: Mapping[str, Any] = found.value if found else {}
        settings = stored.get("settings", {})
        self._told = {name: frozenset(map(Threshold, told)) for name, told in stored.get("told", {}).items()}
        self.sensors = tuple(
            replace(
                sensor,
                setting=_from_json(settings[sensor.info.name]),
                crossed=self._told.get(sensor.info.name, frozenset()),
            )
            if sensor.info.name in settings
            else sensor
            for sensor in self.sensors
        )
        self.since = stored.get("since", 0.0)
        if stored.get("layout") != self._layout():
            await self._keep_layout()

    async def _keep_layout(self) -> None:
        self.since = self._clock.now()
        await self._save(self.sensors)

    async def sample(self) -> None:
        """Read all, and tell what was crossed. A sensor that has no reading is beyond nothing.

        A node that was changed may have sensors that reach further than before, and a machine that was asked others.
        """
        infos = self._source.sensors() if self._source else ()
        if infos != tuple(sensor.info for sensor in self.sensors):
            async with self._setting:
                before = {sensor.info.name: sensor for sensor in self.sensors}
                self.sensors = tuple(
                    replace(before[info.name], info=info)
                    if info.name in before
                    else Sensor(info, SensorSetting(info.thresholds))
                    for info in infos
                )
                await self._keep_layout()
        readings = await self._source.read() if self._source else {}
        at = self._clock.now()
        self.sensors = tuple(_with_reading(sensor, readings.get(sensor.info.name), at) for sensor in self.sensors)
        await self._tell()

    async def blank(self) -> None:
        """The node is off: there are no readings, and it is over with all crossings."""
        if any(sensor.reading is not None or sensor.crossed for sensor in self.sensors):
            at = self._clock.now()
            self.sensors = tuple(replace(sensor, reading=None, crossed=frozenset(), at=at) for sensor in self.sensors)
        async with self._telling:
            await self._note_told({})

    async def set(self, name: str, setting: SensorSetting) -> bool:
        """Whether that changed anything. :raise NotFound: no such sensor. :raise InvalidRequest: naming the field."""
        sensor = next((sensor for sensor in self.sensors if sensor.info.name == name), None)
        if sensor is None:
            raise NotFound(f"{self._node} has no sensor {name!r}")
        check_setting(sensor.info, setting)
        if setting == sensor.setting:
            return False
        async with self._setting:
            await self._save(_with_setting(self.sensors, name, setting))
            # Sampled meanwhile, maybe: the readings of now are held against the new thresholds.
            self.sensors = tuple(
                _with_reading(sensor, sensor.reading, sensor.at)
                for sensor in _with_setting(self.sensors, name, setting)
            )
        await self._tell()
        return True

    async def forget(self) -> None:
        """The node was removed."""
        await self._store.delete(BUCKET, self._node)

    async def _tell(self) -> None:
        """What was crossed, and what is over, since it was told last: also by a service before this one."""
        async with self._telling:
            told = dict(self._told)
            for number, sensor in enumerate(self.sensors, FIRST_NUMERIC):
                if sensor.reading is None:
                    continue  # a reading that is lost is no news of its thresholds
                for crossing in _crossings(sensor, told.get(sensor.info.name, frozenset()), number):
                    await self._publish(
                        EventKind.SENSOR_CROSSED,
                        _message(self._node, crossing),
                        _severity(crossing),
                        details={
                            "sensor": sensor.info.name,
                            "threshold": crossing.threshold.value,
                            "over": crossing.over,
                            "reading": sensor.reading,
                            "record": system_event(crossing).pack().hex(),
                        },
                    )
                told[sensor.info.name] = sensor.crossed
            await self._note_told(told)

    async def _note_told(self, told: Mapping[str, frozenset[Threshold]]) -> None:
        kept = {name: crossed for name, crossed in told.items() if crossed}
        if kept != self._told:
            self._told = kept
            async with self._setting:
                await self._save(self.sensors)

    async def _save(self, sensors: tuple[Sensor, ...]) -> None:
        changed = {sensor.info.name: _to_json(sensor.setting) for sensor in sensors}
        told: Json = {name: sorted(threshold.value for threshold in crossed) for name, crossed in self._told.items()}
        await self._store.put(
            BUCKET,
            self._node,
            {"since": self.since, "layout": self._layout(), "settings": cast(Json, changed), "told": told},
        )

    def _layout(self) -> Json:
        """All that clients copy of the list."""
        listed = (
            f"{info.name}|{info.unit.value}|{info.entity.value}|{info.minimum}|{info.maximum}|{info.wide}"
            for info in (sensor.info for sensor in self.sensors)
        )
        return [str(EDITION), *listed]


def scale_of(info: SensorInfo) -> Scale:
    """How IPMI's byte stands for the readings of a sensor."""
    return Scale.spanning(info.minimum, info.maximum, info.wide)


def sensor_type(info: SensorInfo) -> int:
    return TYPES.get(info.unit, OTHER_UNITS)


def offset(threshold: Threshold) -> int:
    """The offset of "going low" for a lower, "going high" for an upper threshold, table 42-2."""
    return 2 * threshold.bit + threshold.upper


def system_event(crossing: Crossing) -> SystemEvent:
    """The SEL's record: which threshold, and the raw values of reading and threshold, §29.7."""
    info, scale = crossing.sensor.info, scale_of(crossing.sensor.info)
    limit = crossing.sensor.setting.thresholds.get(crossing.threshold, info.maximum)
    raw = bytes(
        (VALUES_INCLUDED | offset(crossing.threshold), scale.raw(crossing.sensor.reading or 0.0), scale.raw(limit))
    )
    return SystemEvent(sensor_type(info), crossing.number, THRESHOLD_EVENT, raw, asserted=not crossing.over)


def check_setting(info: SensorInfo, setting: SensorSetting) -> None:
    """:raise InvalidRequest: naming the sensor and the field."""
    unit = info.unit.value
    for threshold, limit in setting.thresholds.items():
        if not info.minimum <= limit <= info.maximum:
            between = f"{info.minimum:g} to {info.maximum:g} {unit}"
            raise InvalidRequest(f"{info.name}: {threshold.value} is {limit:g}; expected {between}")
    order = [found for found in _ASCENDING if found in setting.thresholds]
    for low, high in pairwise(order):
        if setting.thresholds[low] > setting.thresholds[high]:
            raise InvalidRequest(
                f"{info.name}: {low.value} is {setting.thresholds[low]:g}; expected no more than {high.value}, "
                f"which is {setting.thresholds[high]:g}"
            )
    span = info.maximum - info.minimum
    for which, distance in zip(("upper", "lower"), setting.hysteresis, strict=True):
        if not 0 <= distance <= span:
            text = f"hysteresis of the {which} thresholds is {distance:g}; expected 0 to {span:g} {unit}"
            raise InvalidRequest(f"{info.name}: {text}")


_ASCENDING = (
    Threshold.LOWER_FATAL,
    Threshold.LOWER_CRITICAL,
    Threshold.LOWER_CAUTION,
    Threshold.UPPER_CAUTION,
    Threshold.UPPER_CRITICAL,
    Threshold.UPPER_FATAL,
)


def _with_setting(sensors: tuple[Sensor, ...], name: str, setting: SensorSetting) -> tuple[Sensor, ...]:
    return tuple(replace(sensor, setting=setting) if sensor.info.name == name else sensor for sensor in sensors)


def _with_reading(sensor: Sensor, reading: float | None, at: float) -> Sensor:
    if reading is None or not math.isfinite(reading):
        return replace(sensor, reading=None, crossed=frozenset(), at=at)
    limits = sensor.setting.thresholds
    crossed = frozenset(found for found in limits if _beyond(sensor, found, limits[found], reading))
    return replace(sensor, reading=reading, crossed=crossed, at=at)


def _beyond(sensor: Sensor, threshold: Threshold, limit: float, reading: float) -> bool:
    """At the threshold is beyond it, §35.14; once beyond, it is so until the hysteresis is overcome too."""
    upper, lower = sensor.setting.hysteresis
    if threshold.upper:
        return reading >= limit or (threshold in sensor.crossed and reading >= limit - upper)
    return reading <= limit or (threshold in sensor.crossed and reading <= limit + lower)


def _crossings(sensor: Sensor, told: frozenset[Threshold], number: int) -> list[Crossing]:
    """Those that are to be told, where `told` were before."""
    setting = sensor.setting
    if not setting.events:
        return []
    news = [(found, True) for found in _ASCENDING if found in (told - sensor.crossed) & setting.deassertions]
    news += [(found, False) for found in _ASCENDING if found in (sensor.crossed - told) & setting.assertions]
    return [Crossing(sensor, number, threshold, over) for threshold, over in news]


def _severity(crossing: Crossing) -> Severity:
    if crossing.over:
        return Severity.OK
    return Severity.WARNING if crossing.threshold in CAUTIONS else Severity.CRITICAL


def _message(node: str, crossing: Crossing) -> str:
    sensor, threshold = crossing.sensor, crossing.threshold
    unit = sensor.info.unit.value
    limit = sensor.setting.thresholds.get(threshold)
    reading = f"{sensor.info.name} of {node} is {_figure(sensor.reading)} {unit}"
    which = f"its {threshold.value} threshold" + ("" if limit is None else f" of {_figure(limit)} {unit}")
    if crossing.over:
        return f"{reading}: no longer {'above' if threshold.upper else 'below'} {which}"
    return f"{reading}: it crossed {which}"


def _figure(value: float | None) -> str:
    """To be read by a person: 13.389, 100, 16581375."""
    return f"{value or 0.0:.3f}".rstrip("0").rstrip(".")


def _to_json(setting: SensorSetting) -> dict[str, Json]:
    return {
        "thresholds": {threshold.value: limit for threshold, limit in setting.thresholds.items()},
        "hysteresis": list(setting.hysteresis),
        "events": setting.events,
        "assertions": sorted(threshold.value for threshold in setting.assertions),
        "deassertions": sorted(threshold.value for threshold in setting.deassertions),
    }


def _from_json(value: Mapping[str, Any]) -> SensorSetting:
    upper, lower = value["hysteresis"]
    return SensorSetting(
        {Threshold(name): limit for name, limit in value["thresholds"].items()},
        (upper, lower),
        value["events"],
        frozenset(map(Threshold, value["assertions"])),
        frozenset(map(Threshold, value["deassertions"])),
    )
