"""Which sensors a node has at this door, and their records: those that measure, and those with states."""

from collections.abc import Callable
from dataclasses import dataclass

from bmc.ipmi.commands.call import CommandError
from bmc.ipmi.wire.numbers import Code
from bmc.ipmi.wire.sdr import (
    CompactSensor,
    ControllerLocator,
    EventOnlySensor,
    FruLocator,
    FullSensor,
    SensorRecord,
)
from bmc.model.node import NodeSnapshot
from bmc.model.power import PowerCause, PowerState
from bmc.model.sensor import Entity, Sensor, Threshold, Unit
from bmc.records import sel_events as sel
from bmc.records.sensors import offset, scale_of, sensor_type

ENTITIES = {
    Entity.CPU: 3,
    Entity.DISK: 4,
    Entity.SYSTEM_BOARD: 7,
    Entity.POWER_SUPPLY: 10,
    Entity.NETWORK: 11,
    Entity.CHASSIS: 23,
    Entity.FAN: 29,
    Entity.MEMORY: 32,
}
"""Entity ids, table 43-13; a network card is an add-in card."""
PERIPHERAL_BAY, CONTROLLER, BOARD, POWER_UNIT, SYSTEM_CHASSIS, FIRMWARE, SYSTEM = 5, 6, 7, 19, 23, 34, 35

_PER_SECOND = 3 << 3
_PERCENTAGE = 0x01
UNITS = {
    Unit.PERCENT: (_PERCENTAGE, 0),
    Unit.CELSIUS: (0, 1),
    Unit.VOLTS: (0, 4),
    Unit.AMPERES: (0, 5),
    Unit.WATTS: (0, 6),
    Unit.RPM: (0, 18),
    Unit.KILOBYTES_PER_SECOND: (_PER_SECOND, 71),
    Unit.MEBIBYTES: (0, 72),
}
"""Sensor units 1 and base unit, table 43-1 and §43.17; IPMI's megabyte has 2^20 bytes or 10^6, it does not say."""

_BOOTS = {
    PowerCause.COMMAND: 0x00,
    PowerCause.RESTORE_POLICY: 0x00,
    PowerCause.HOST_RESET: 0x01,
    PowerCause.WATCHDOG: 0x01,
    PowerCause.GUEST_RESET: 0x02,
}

States = Callable[[NodeSnapshot], int | None]
"""Offsets that are asserted now, as bits; None when that is not known."""


@dataclass(frozen=True, slots=True)
class StateSensor:
    """One without a measurement: `offsets` are those it may have; without `states` it only makes events."""

    number: int
    sensor_type: int
    event_type: int
    entity: int
    offsets: int
    states: States | None = None

    @property
    def name(self) -> str:
        return sel.SENSOR_NAMES[self.sensor_type, self.number]

    @property
    def record(self) -> SensorRecord:
        where = (self.number, self.entity, 1, self.sensor_type, self.event_type)
        if self.states is None:
            return EventOnlySensor(*where, self.name)
        return CompactSensor(*where, self.offsets, self.name)


def _power(snapshot: NodeSnapshot) -> int | None:
    if snapshot.power is PowerState.UNKNOWN:
        return None
    return 0 if snapshot.power.runs else 1 << 0x00


def _boot(snapshot: NodeSnapshot) -> int | None:
    """How the present boot came about."""
    if not snapshot.power.runs or snapshot.cause not in _BOOTS:
        return None
    return 1 << _BOOTS[snapshot.cause]


def _os(snapshot: NodeSnapshot) -> int | None:
    """01h run-time critical stop."""
    if not snapshot.power.runs:
        return None
    return 1 << 0x01 if snapshot.paused and snapshot.cause is PowerCause.GUEST_PANIC else 0


def _os_boot(snapshot: NodeSnapshot) -> int | None:
    """06h boot completed, boot device not specified."""
    if not snapshot.power.runs:
        return None
    return 1 << 0x06 if snapshot.os_seen else 0


def _watchdog(snapshot: NodeSnapshot) -> int:
    """00h expired, 01h to 03h what was done then."""
    return 1 << snapshot.watchdog.setting.action if snapshot.watchdog.expired else 0


def _media(snapshot: NodeSnapshot) -> int | None:
    """00h present. 01h absent is told when it happens only: clients take it for a fault while it lasts."""
    if not snapshot.media:
        return None
    return 1 << 0x00 if any(slot.inserted for slot in snapshot.media) else 0


def _identify(snapshot: NodeSnapshot) -> int:
    return 1 << snapshot.identify


STATE_SENSORS = (
    StateSensor(sel.POWER_SENSOR, sel.POWER_UNIT, sel.SENSOR_SPECIFIC, POWER_UNIT, 0x71, _power),
    StateSensor(sel.BOOT_SENSOR, sel.BOOT_INITIATED, sel.SENSOR_SPECIFIC, FIRMWARE, 0x87, _boot),
    StateSensor(sel.BOOT_ERROR_SENSOR, sel.BOOT_ERROR, sel.SENSOR_SPECIFIC, FIRMWARE, 0x01),
    StateSensor(sel.OS_BOOT_SENSOR, sel.OS_BOOT, sel.SENSOR_SPECIFIC, SYSTEM, 0x40, _os_boot),
    StateSensor(sel.OS_SENSOR, sel.OS_STOP, sel.SENSOR_SPECIFIC, SYSTEM, 0x02, _os),
    StateSensor(sel.WATCHDOG_SENSOR, sel.WATCHDOG, sel.SENSOR_SPECIFIC, CONTROLLER, 0x10F, _watchdog),
    StateSensor(sel.MEDIA_SENSOR, sel.PRESENCE, sel.SENSOR_SPECIFIC, PERIPHERAL_BAY, 0x03, _media),
    StateSensor(sel.AUDIT_SENSOR, sel.AUDIT, sel.SENSOR_SPECIFIC, CONTROLLER, 0x08),
    StateSensor(sel.DRIVE_SENSOR, sel.DRIVE, sel.SENSOR_SPECIFIC, ENTITIES[Entity.DISK], 0x02),
    StateSensor(sel.IDENTIFY_SENSOR, sel.CHASSIS, sel.GENERIC_STATE, SYSTEM_CHASSIS, 0x03, _identify),
)
_BY_NUMBER = {sensor.number: sensor for sensor in STATE_SENSORS}

_CAPABILITIES = 0x8F
"""This controller is chassis device, FRU inventory, SEL, SDR repository and sensor device."""
_FIXED: tuple[SensorRecord, ...] = (
    ControllerLocator(_CAPABILITIES, CONTROLLER, 1, "Lightsout BMC"),
    FruLocator(0, BOARD, 1, "System FRU"),
    *(sensor.record for sensor in STATE_SENSORS),
)

_UPPER_FIRST = tuple(sorted(Threshold, key=lambda threshold: -threshold.bit))
THRESHOLD_EVENTS = sum(1 << offset(threshold) for threshold in Threshold)


def count(snapshot: NodeSnapshot) -> int:
    """How many records there are."""
    return len(_FIXED) + len(snapshot.sensors)


def sensor_count(snapshot: NodeSnapshot) -> int:
    return len(STATE_SENSORS) + len(snapshot.sensors)


def record(snapshot: NodeSnapshot, index: int) -> SensorRecord:
    """The record at a place below `count`."""
    if index < len(_FIXED):
        return _FIXED[index]
    index -= len(_FIXED)
    return _measuring(snapshot.sensors, index)


def _measuring(sensors: tuple[Sensor, ...], index: int) -> FullSensor:
    info = sensors[index].info
    scale, (units, unit) = scale_of(info), UNITS[info.unit]
    instance = 1 + sum(other.info.entity is info.entity for other in sensors[:index])
    return FullSensor(
        sel.FIRST_NUMERIC + index,
        ENTITIES[info.entity],
        instance,
        sensor_type(info),
        THRESHOLD_EVENTS,
        units,
        unit,
        scale,
        scale.raw(info.maximum),
        scale.raw(info.minimum),
        bytes(scale.raw(info.thresholds[found]) if found in info.thresholds else 0 for found in _UPPER_FIRST),
        info.name,
    )


def find(snapshot: NodeSnapshot, number: int) -> Sensor | StateSensor:
    """:raise CommandError: CBh, there is none of that number."""
    if number in _BY_NUMBER:
        return _BY_NUMBER[number]
    index = number - sel.FIRST_NUMERIC
    if not 0 <= index < len(snapshot.sensors):
        raise CommandError(Code.NOT_PRESENT)
    return snapshot.sensors[index]
