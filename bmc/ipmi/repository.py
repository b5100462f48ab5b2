"""The sensors of a node as IPMI numbers and describes them: discrete ones from its state, then what it measures."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from bmc.ipmi.wire.sdr import (
    CompactSensor,
    EventOnly,
    FruLocator,
    FullSensor,
    McLocator,
    Repository,
    Scale,
    SensorKey,
    scale,
)
from bmc.model.node import NodeSnapshot
from bmc.model.power import PowerCause, PowerState
from bmc.model.sensor import Entity, Sensor, SensorInfo, SensorSetting, Threshold, Unit
from bmc.records.sel_events import (
    AUDIT,
    AUDIT_SENSOR,
    BOOT_INITIATED,
    BOOT_SENSOR,
    CHASSIS,
    FIRST_NUMERIC,
    GENERIC_STATE,
    IDENTIFY_SENSOR,
    MEDIA_SENSOR,
    OS_RUNNING,
    OS_SENSOR,
    OS_STOP,
    POWER_SENSOR,
    POWER_UNIT,
    PRESENCE,
    RUNNING_SENSOR,
    SENSOR_SPECIFIC,
    WATCHDOG,
    WATCHDOG_SENSOR,
)
from bmc.records.sensors import OTHER_TYPE, SENSOR_TYPES, THRESHOLD_EVENT

ENTITIES = {
    Entity.CPU: 0x03,
    Entity.DISK: 0x04,
    Entity.SYSTEM_BOARD: 0x07,
    Entity.POWER_SUPPLY: 0x0A,
    Entity.CHASSIS: 0x17,
    Entity.FAN: 0x1D,
    Entity.MEMORY: 0x20,
    Entity.NETWORK: 0x2C,
}
"""Entity ids, table 43-13."""
_POWER_UNIT, _BMC, _OS, _CHASSIS, _DRIVE = 0x13, 0x2E, 0x23, 0x17, 0x04

UNITS = {
    Unit.PERCENT: (0x01, 0),
    Unit.CELSIUS: (0, 1),
    Unit.VOLTS: (0, 4),
    Unit.AMPERES: (0, 5),
    Unit.WATTS: (0, 6),
    Unit.RPM: (0, 18),
    Unit.MEBIBYTES: (0, 72),
    Unit.KILOBYTES_PER_SECOND: (0x18, 71),
}
"""Units 1 (percentage, or a rate each second) and base unit, §43.1 and table 43-15."""

MC_CAPABILITIES = 0xBF
"""Chassis, event generator, event receiver, FRU, SEL, SDR repository, sensors: all but the bridge."""
_ON = (PowerState.ON, PowerState.POWERING_OFF)


@dataclass(frozen=True, slots=True)
class Discrete:
    """A sensor that is no measurement. `mask` has the states there are, `states` tells a node's, None when unknown."""

    key: SensorKey
    name: str
    mask: int
    states: Callable[[NodeSnapshot], int | None]


def _power(node: NodeSnapshot) -> int | None:
    return None if node.power is PowerState.UNKNOWN else int(node.power not in _ON)


_BOOTS = {PowerCause.HOST_RESET: 0x02, PowerCause.WATCHDOG: 0x02, PowerCause.GUEST_RESET: 0x04}


def _boot(node: NodeSnapshot) -> int | None:
    if node.power is PowerState.UNKNOWN:
        return None
    return _BOOTS.get(node.cause, 0x01) if node.power in _ON else 0


def _stopped(node: NodeSnapshot) -> int | None:
    if node.power is PowerState.UNKNOWN:
        return None
    return 0x02 if node.paused and node.cause is PowerCause.GUEST_PANIC else 0


def _running(node: NodeSnapshot) -> int | None:
    """That its operating system spoke to us shows that one runs; from silence nothing follows."""
    return 0x40 if node.os_seen and node.power in _ON else None


DISCRETE = (
    Discrete(SensorKey(POWER_SENSOR, _POWER_UNIT, 1, POWER_UNIT, SENSOR_SPECIFIC), "Power Unit", 0x31, _power),
    Discrete(SensorKey(BOOT_SENSOR, _OS, 1, BOOT_INITIATED, SENSOR_SPECIFIC), "Boot", 0x87, _boot),
    Discrete(SensorKey(OS_SENSOR, _OS, 1, OS_STOP, SENSOR_SPECIFIC), "OS Stop", 0x02, _stopped),
    Discrete(
        SensorKey(WATCHDOG_SENSOR, _BMC, 1, WATCHDOG, SENSOR_SPECIFIC),
        "Watchdog",
        0x10F,
        lambda node: int(bool(node.watchdog.expired)),
    ),
    Discrete(
        SensorKey(MEDIA_SENSOR, _DRIVE, 0x60, PRESENCE, SENSOR_SPECIFIC),
        "Virtual Media",
        0x03,
        lambda node: 0x01 if any(slot.inserted for slot in node.media) else 0x02,
    ),
    Discrete(
        SensorKey(IDENTIFY_SENSOR, _CHASSIS, 1, CHASSIS, GENERIC_STATE),
        "Identify",
        0x03,
        lambda node: 0x02 if node.identify else 0x01,
    ),
    Discrete(SensorKey(RUNNING_SENSOR, _OS, 1, OS_RUNNING, SENSOR_SPECIFIC), "OS Running", 0x40, _running),
)
BY_NUMBER = {sensor.key.number: sensor for sensor in DISCRETE}
AUDIT_KEY = SensorKey(AUDIT_SENSOR, _BMC, 1, AUDIT, SENSOR_SPECIFIC)


@dataclass(frozen=True, slots=True)
class Numeric:
    """A measurement with its number and scale."""

    number: int
    sensor: Sensor
    scale: Scale

    @property
    def type(self) -> int:
        return SENSOR_TYPES.get(self.sensor.info.unit, OTHER_TYPE)

    @property
    def raw(self) -> int | None:
        reading = self.sensor.reading
        return None if reading is None else self.scale.raw(reading)

    @property
    def in_force(self) -> int:
        """The mask of the thresholds that there are."""
        return sum(1 << threshold.bit for threshold in self.sensor.setting.thresholds)

    def raw_threshold(self, threshold: Threshold) -> int:
        value = self.sensor.setting.thresholds.get(threshold)
        return 0 if value is None else self.scale.raw(value)

    def raw_hysteresis(self, index: int) -> int:
        """In steps; a scale that is no line has none that would be the same everywhere."""
        value = self.sensor.setting.hysteresis[index]
        if not value or self.scale.cube:
            return 0
        return min(0xFF, round(value / (self.scale.m * 10.0**self.scale.k2)))


def numeric(node: NodeSnapshot, number: int) -> Numeric | None:
    """The measurement that has `number`."""
    index = number - FIRST_NUMERIC
    if not 0 <= index < len(node.sensors):
        return None
    return _numeric(number, node.sensors[index])


def _numeric(number: int, sensor: Sensor) -> Numeric:
    info = sensor.info
    return Numeric(number, sensor, scale(info.minimum, info.maximum, info.wide))


def repository(node: NodeSnapshot) -> Repository:
    """Every record of the node; the same one as long as nothing is set."""
    return _repository(tuple((_Known(sensor.info), _Known(sensor.setting)) for sensor in node.sensors))


class _Known:
    """Compares by identity: infos and settings are replaced, never changed, and hold mappings that have no hash."""

    __slots__ = ("value",)

    def __init__(self, value: SensorInfo | SensorSetting) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


@lru_cache(maxsize=64)
def _repository(sensors: tuple[tuple[_Known, _Known], ...]) -> Repository:
    records = [
        McLocator("Lightsout", MC_CAPABILITIES, _BMC).pack(),
        FruLocator("System", 0, _CHASSIS).pack(),
        *(CompactSensor(sensor.key, sensor.name, sensor.mask).pack() for sensor in DISCRETE),
        EventOnly(AUDIT_KEY, "Session Audit").pack(),
    ]
    for number, (info, setting) in enumerate(sensors, FIRST_NUMERIC):
        if isinstance(info.value, SensorInfo) and isinstance(setting.value, SensorSetting):
            records.append(_full(number, info.value, setting.value).pack())
    return Repository(tuple(records))


_STORED_ORDER = (
    Threshold.UPPER_FATAL,
    Threshold.UPPER_CRITICAL,
    Threshold.UPPER_CAUTION,
    Threshold.LOWER_FATAL,
    Threshold.LOWER_CRITICAL,
    Threshold.LOWER_CAUTION,
)


def _full(number: int, info: SensorInfo, setting: SensorSetting) -> FullSensor:
    measured = _numeric(number, Sensor(info, setting))
    return FullSensor(
        SensorKey(number, ENTITIES[info.entity], 1, measured.type, THRESHOLD_EVENT),
        info.name,
        UNITS[info.unit],
        measured.scale,
        measured.in_force,
        bytes(measured.raw_threshold(threshold) for threshold in _STORED_ORDER),
        (measured.raw_hysteresis(0), measured.raw_hysteresis(1)),
    )
