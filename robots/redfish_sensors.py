"""The sensors behind a BMC: those of a Chassis' Sensors, or of the older Thermal and Power."""

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from bmc.model.errors import BmcError
from bmc.model.sensor import Entity, SensorInfo, Threshold, Unit
from robots.redfish_link import Json, Link
from robots.redfish_resources import link_of, members, number, rows, table, text

EXPANDED = "?$expand=.($levels=1)"
MOST = 200
"""IPMI numbers them in one byte."""
LONGEST_NAME, SHORTEST_WORD = 16, 3
LARGEST = 1e9
"""What says that it reaches further is not understood."""
READ_WITHIN = 30.0

UNITS = {**{unit.value: unit for unit in Unit}, "RPM": Unit.RPM, "rev/min": Unit.RPM, "Percent": Unit.PERCENT}
WIDE = frozenset({Unit.KILOBYTES_PER_SECOND})
CEILINGS = {
    Unit.PERCENT: (100.0,),
    Unit.CELSIUS: (127.0, 255.0),
    Unit.RPM: (25500.0, 51000.0),
    Unit.VOLTS: (2.55, 5.1, 7.65, 16.0, 60.0, 300.0, 510.0),
    Unit.AMPERES: (5.1, 25.5, 102.0, 510.0),
    Unit.WATTS: (510.0, 2550.0, 10200.0, 51000.0),
    Unit.MEBIBYTES: (2.0**20, 2.0**24),
    Unit.KILOBYTES_PER_SECOND: (255.0**3,),
}
"""Where the scale of a sensor may end that does not say itself how far it reaches."""
HEADROOM = 1.25
"""How far above its reading of now such a scale reaches at least."""
ENTITIES = {
    **{entity.value: entity for entity in Entity},
    "CPUSubsystem": Entity.CPU,
    "MemorySubsystem": Entity.MEMORY,
    "StorageBay": Entity.DISK,
    "PowerSubsystem": Entity.POWER_SUPPLY,
    "PowerSupplyBay": Entity.POWER_SUPPLY,
    "CoolingSubsystem": Entity.FAN,
    "Intake": Entity.CHASSIS,
    "Exhaust": Entity.CHASSIS,
    "Room": Entity.CHASSIS,
}
"""PhysicalContext; whatever else there is, is on the system board."""
OLD_THRESHOLDS = {
    Threshold.LOWER_CAUTION: "LowerThresholdNonCritical",
    Threshold.LOWER_CRITICAL: "LowerThresholdCritical",
    Threshold.LOWER_FATAL: "LowerThresholdFatal",
    Threshold.UPPER_CAUTION: "UpperThresholdNonCritical",
    Threshold.UPPER_CRITICAL: "UpperThresholdCritical",
    Threshold.UPPER_FATAL: "UpperThresholdFatal",
}


@dataclass(frozen=True, slots=True)
class _Family:
    """An array of Thermal or Power: which properties hold a reading, and what it is of."""

    readings: tuple[str, ...]
    unit: Unit
    entity: Entity
    suffix: str = ""


FAMILIES = {
    "Temperatures": _Family(("ReadingCelsius",), Unit.CELSIUS, Entity.SYSTEM_BOARD),
    "Fans": _Family(("Reading", "ReadingRPM"), Unit.RPM, Entity.FAN),
    "Voltages": _Family(("ReadingVolts",), Unit.VOLTS, Entity.SYSTEM_BOARD),
    "PowerControl": _Family(("PowerConsumedWatts",), Unit.WATTS, Entity.POWER_SUPPLY, " Power"),
    "PowerSupplies": _Family(("PowerInputWatts", "LastPowerOutputWatts"), Unit.WATTS, Entity.POWER_SUPPLY, " Power"),
}

log = logging.getLogger(__name__)


class RedfishSensor(BaseModel):
    """`source` is what has to be got for its reading, and `key` where in there it stands."""

    model_config = ConfigDict(frozen=True)

    name: str
    unit: Unit
    entity: Entity
    minimum: float
    maximum: float
    thresholds: dict[Threshold, float]
    source: str
    key: str

    @property
    def info(self) -> SensorInfo:
        wide = self.unit in WIDE
        return SensorInfo(self.name, self.unit, self.entity, self.maximum, self.minimum, wide, self.thresholds)


@dataclass(frozen=True, slots=True)
class _Told:
    """A sensor as a resource tells of it."""

    key: str
    name: str
    unit: Unit
    entity: Entity
    reading: float | None
    low: float | None = None
    high: float | None = None
    thresholds: Mapping[Threshold, float] = field(default_factory=dict)

    @property
    def figures(self) -> list[float]:
        return [*self.thresholds.values(), self.reading or 0.0, self.low or 0.0, self.high or 0.0]


class _Knows(Protocol):
    @property
    def sensors(self) -> tuple[RedfishSensor, ...]: ...


class _Model(Protocol):
    link: Link

    @property
    def learned(self) -> _Knows | None: ...


class RedfishSensors:
    """SensorSource: those that were learned, read anew each time."""

    def __init__(self, model: _Model) -> None:
        self._model = model

    def sensors(self) -> tuple[SensorInfo, ...]:
        return tuple(sensor.info for sensor in self._known())

    async def read(self) -> Mapping[str, float]:
        sources: dict[str, dict[str, str]] = {}
        for sensor in self._known():
            sources.setdefault(sensor.source, {})[sensor.key] = sensor.name
        readings: dict[str, float] = {}
        try:
            async with asyncio.timeout(READ_WITHIN):
                for source, names in sources.items():
                    readings |= await self._read(source, names)
        except (BmcError, TimeoutError) as error:
            log.debug("sensors of %s: %s", self._model.link.where, str(error) or "they take too long")
        return readings

    async def _read(self, source: str, names: Mapping[str, str]) -> dict[str, float]:
        told = _told(await self._model.link.find(source))
        return {names[each.key]: each.reading for each in told if each.key in names and each.reading is not None}

    def _known(self) -> tuple[RedfishSensor, ...]:
        return self._model.learned.sensors if self._model.learned else ()


async def find_sensors(link: Link, chassis: list[str], expands: bool) -> tuple[RedfishSensor, ...]:
    """Whichever way takes the fewest questions. :raise Unreachable:"""
    found: list[RedfishSensor] = []
    taken: set[str] = set()
    for path in chassis:
        body = await link.find(path)
        collection = link_of(body, "Sensors")
        older = [old for old in (link_of(body, "Thermal"), link_of(body, "Power")) if old]
        if collection and expands:
            sources = [collection + EXPANDED]
        elif older:
            sources = older
        else:
            sources = members(await link.find(collection))[:MOST]
        for source in sources:
            for told in _told(await link.find(source)):
                if all(abs(figure) <= LARGEST for figure in told.figures):
                    found.append(_sensor(told, source, _short(told.name, taken)))
    if len(found) > MOST:
        log.warning("%s has %d sensors; the first %d are read", link.where, len(found), MOST)
    return tuple(found[:MOST])


def _told(body: Json) -> Iterator[_Told]:
    for each in rows(body, "Members") or [body]:
        if (unit := UNITS.get(text(each, "ReadingUnits"))) and _there(each):
            limits = {
                threshold: limit
                for threshold in Threshold
                if (limit := number(table(each, "Thresholds", threshold.value), "Reading")) is not None
            }
            yield _Told(
                # The key of a sensor that is a resource of its own is nothing beside its source.
                key=str(each.get("@odata.id") or "") if each is not body else "",
                name=text(each, "Name"),
                unit=unit,
                entity=_entity(each, Entity.SYSTEM_BOARD),
                reading=number(each, "Reading"),
                low=number(each, "ReadingRangeMin"),
                high=number(each, "ReadingRangeMax"),
                thresholds=limits,
            )
    for family, kind in FAMILIES.items():
        for index, each in enumerate(rows(body, family)):
            name = text(each, "Name") or text(each, "FanName")
            if not _there(each) or not any(reading in each for reading in kind.readings):
                continue
            percent = kind.unit is Unit.RPM and text(each, "ReadingUnits") == "Percent"
            yield _Told(
                key=f"{family}/{each.get('MemberId') or name or index}",
                name=(name or family) + kind.suffix,
                unit=Unit.PERCENT if percent else kind.unit,
                entity=_entity(each, kind.entity),
                reading=number(each, *kind.readings),
                low=number(each, "MinReadingRangeTemp", "MinReadingRange"),
                high=number(each, "MaxReadingRangeTemp", "MaxReadingRange", "PowerCapacityWatts"),
                thresholds={
                    threshold: limit
                    for threshold, old in OLD_THRESHOLDS.items()
                    if (limit := number(each, old)) is not None
                },
            )


def _there(body: Json) -> bool:
    return table(body, "Status").get("State") not in ("Absent", "Disabled")


def _entity(body: Json, otherwise: Entity) -> Entity:
    return ENTITIES.get(text(body, "PhysicalContext"), otherwise)


def _sensor(told: _Told, source: str, name: str) -> RedfishSensor:
    """Its scale holds all that is told of it: range, thresholds and the reading of now."""
    low = min(0.0, -40.0 if told.unit is Unit.CELSIUS else 0.0, *told.figures)
    high = max(told.figures)
    if not told.high:
        needed = max((told.reading or 0.0) * HEADROOM, high)
        high = next((end for end in CEILINGS[told.unit] if end >= needed), needed)
    wide = told.unit in WIDE
    return RedfishSensor(
        name=name,
        unit=told.unit,
        entity=told.entity,
        minimum=0.0 if wide else low,
        maximum=max(high, low + 1.0),
        thresholds=dict(told.thresholds),
        source=source,
        key=told.key,
    )


WORDS = (
    (r"\b(Temperature|Temp\.)", "Temp"),
    (r"\bVoltage\b", "Volt"),
    (r"\bPower Supply\b", "PSU"),
    (r"\bSystem Board\b", "Board"),
    (r"\b(Sensor|Reading|System|BaseBoard)\b", ""),
)
"""What is said shorter where a name is too long."""


def _short(name: str, taken: set[str]) -> str:
    """A name of at most 16 characters of ASCII which is not `taken` yet, even without its blanks."""
    plain = re.sub(r"\s+", " ", re.sub(r"[^\x20-\x7e]", "", name)).strip() or "Sensor"
    for pattern, word in WORDS:
        if len(plain) > LONGEST_NAME:
            plain = re.sub(r"\s+", " ", re.sub(pattern, word, plain)).strip() or plain
    words = plain.split(" ")
    while len(" ".join(words)) > LONGEST_NAME and len(longest := max(words, key=len)) > SHORTEST_WORD:
        words[words.index(longest)] = longest[:-1]
    plain = " ".join(words)[:LONGEST_NAME].strip()
    found, count = plain, 1
    while found.replace(" ", "") in taken:
        count += 1
        found = f"{plain[: LONGEST_NAME - len(str(count)) - 1].strip()} {count}"
    taken.add(found.replace(" ", ""))
    return found
