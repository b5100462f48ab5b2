"""Sensors as values: what a backend can measure, what was read, and the thresholds that an operator sets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Unit(Enum):
    """UCUM units, as Redfish `ReadingUnits` has them."""

    PERCENT = "%"
    MEBIBYTES = "MiBy"
    KILOBYTES_PER_SECOND = "kBy/s"
    CELSIUS = "Cel"
    RPM = "{rev}/min"
    VOLTS = "V"
    AMPERES = "A"
    WATTS = "W"


class Entity(Enum):
    """What a sensor belongs to: IPMI entity ids (§43.14) under the names of Redfish `PhysicalContext`."""

    CPU = "CPU"
    MEMORY = "Memory"
    DISK = "StorageDevice"
    NETWORK = "NetworkingDevice"
    POWER_SUPPLY = "PowerSupply"
    FAN = "Fan"
    SYSTEM_BOARD = "SystemBoard"
    CHASSIS = "Chassis"


class Threshold(Enum):
    """Redfish names, in the order of IPMI's bits: lower non-critical, critical, non-recoverable, then upper."""

    LOWER_CAUTION = "LowerCaution"
    LOWER_CRITICAL = "LowerCritical"
    LOWER_FATAL = "LowerFatal"
    UPPER_CAUTION = "UpperCaution"
    UPPER_CRITICAL = "UpperCritical"
    UPPER_FATAL = "UpperFatal"

    @property
    def upper(self) -> bool:
        return self.value.startswith("Upper")

    @property
    def bit(self) -> int:
        """Its place in IPMI's masks of thresholds."""
        return list(Threshold).index(self)


CAUTIONS = frozenset({Threshold.LOWER_CAUTION, Threshold.UPPER_CAUTION})
"""Beyond these is a warning, beyond any other is critical."""


@dataclass(frozen=True, slots=True)
class SensorInfo:
    """One numeric sensor as its backend describes it: `name` is unique on the node, 1 to 16 characters of ASCII.

    It reads `minimum` to `maximum`. `wide` is for one whose readings span decades, as data rates do.
    """

    name: str
    unit: Unit
    entity: Entity
    maximum: float
    minimum: float = 0.0
    wide: bool = False
    thresholds: Mapping[Threshold, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SensorSetting:
    """What an operator may set. `thresholds` holds those in force; a crossing is over when the reading is back by
    `hysteresis` (for upper thresholds, for lower ones), in the sensor's unit.

    `assertions` and `deassertions` are the crossings that are told; none are while `events` is False.
    """

    thresholds: Mapping[Threshold, float] = field(default_factory=dict)
    hysteresis: tuple[float, float] = (0.0, 0.0)
    events: bool = True
    assertions: frozenset[Threshold] = frozenset(Threshold)
    deassertions: frozenset[Threshold] = frozenset(Threshold)


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor now. `reading` is None when there is none, as of a node that is off; `crossed` are the thresholds
    that it is beyond. `at` is when it was read, in seconds since the epoch.
    """

    info: SensorInfo
    setting: SensorSetting
    reading: float | None = None
    crossed: frozenset[Threshold] = frozenset()
    at: float = 0.0


class Window(Enum):
    """How far a history goes back."""

    HOUR = "Hour"
    DAY = "Day"


@dataclass(frozen=True, slots=True)
class Series:
    """A value a step, oldest first; None where nothing was read. Where a step stands for many readings, `readings` are
    their means, and `minima` and `maxima` their extremes; else these two are empty.
    """

    readings: tuple[float | None, ...]
    minima: tuple[float | None, ...] = ()
    maxima: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class SensorHistory:
    """Series by the sensor's name. The first step begins at `start` (seconds since the epoch), each takes `step` s."""

    start: float
    step: int
    series: Mapping[str, Series]
