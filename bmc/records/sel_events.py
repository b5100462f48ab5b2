"""Which events have a word in the SEL, and which: IPMI v2.0 table 42-3. A table and a few looks into details."""

from collections.abc import Callable
from typing import Any

from bmc.model.events import Event, EventKind
from bmc.model.power import PowerCause, PowerState
from bmc.model.sel import SystemEvent

SENSOR_SPECIFIC = 0x6F
GENERIC_STATE = 0x03
"""Event/reading types, §42.1: offsets by sensor type, and "state asserted"."""

POWER_UNIT, DRIVE, SYSTEM_EVENT, CHASSIS, BOOT_INITIATED, BOOT_ERROR = 0x09, 0x0D, 0x12, 0x18, 0x1D, 0x1E
OS_STOP, WATCHDOG, PRESENCE, AUDIT = 0x20, 0x23, 0x25, 0x2A
"""Sensor types, table 42-3."""

POWER_SENSOR, BOOT_SENSOR, OS_SENSOR, WATCHDOG_SENSOR, MEDIA_SENSOR, AUDIT_SENSOR, IDENTIFY_SENSOR = range(1, 8)
DRIVE_SENSOR, BOOT_ERROR_SENSOR, LOG_SENSOR = 0x09, 0x0A, 0x0B
"""Numbers of the sensors that are no measurement; a node's numeric ones begin at `FIRST_NUMERIC`."""
FIRST_NUMERIC = 0x10
OS_BOOT_SENSOR, OS_BOOT = 0x08, 0x1F
SENSOR_NAMES = {
    (POWER_UNIT, POWER_SENSOR): "Power Unit",
    (BOOT_INITIATED, BOOT_SENSOR): "Boot",
    (BOOT_ERROR, BOOT_ERROR_SENSOR): "Boot Error",
    (OS_BOOT, OS_BOOT_SENSOR): "OS Boot",
    (OS_STOP, OS_SENSOR): "OS Stop",
    (WATCHDOG, WATCHDOG_SENSOR): "Watchdog",
    (PRESENCE, MEDIA_SENSOR): "Media",
    (AUDIT, AUDIT_SENSOR): "Sign-in",
    (DRIVE, DRIVE_SENSOR): "Drive",
    (CHASSIS, IDENTIFY_SENSOR): "Identify",
}
"""Of those that clients find among the sensors, by type and number."""


def system_event(event: Event) -> SystemEvent | None:
    """What the SEL records of `event`; None when nothing."""
    tell = _TABLE.get(event.kind)
    return tell(event.details) if tell else None


Details = Any


def _specific(kind: int, sensor: int, offset: int, *extension: int) -> SystemEvent:
    """Bytes 2 and 3, where given, are sensor-specific extension codes."""
    known = (0xC0 if extension else 0) | (0x30 if len(extension) > 1 else 0)
    return SystemEvent(kind, sensor, SENSOR_SPECIFIC, bytes((known | offset, *extension)))


_LOSSES = {PowerCause.MAINS_LOST.value: 0x04, PowerCause.PROCESS_DIED.value: 0x06}


def _power(details: Details) -> SystemEvent | None:
    """§42.2: 09h 00h power off, 04h AC lost, 06h failure detected: nobody switched it off; going on is 1Dh 00h, a boot
    by power up.

    Nothing is told as the end of something else: clients show an event's end like its beginning.
    """
    if details.get("to") == PowerState.ON.value:
        return _specific(BOOT_INITIATED, BOOT_SENSOR, 0x00)
    if details.get("to") != PowerState.OFF.value:
        return None
    return _specific(POWER_UNIT, POWER_SENSOR, _LOSSES.get(details.get("cause"), 0x00))


def _power_action(details: Details) -> SystemEvent | None:
    """What was asked and could not be done: 05h soft power control failure.

    No boot error (1Eh): whoever never went on has not been seen to look for a medium.
    """
    failed = details.get("outcome") in ("failed", "timed out")
    return _specific(POWER_UNIT, POWER_SENSOR, 0x05) if failed else None


_RESTARTS = {PowerCause.HOST_RESET.value: 0x01, PowerCause.GUEST_RESET.value: 0x02, PowerCause.WATCHDOG.value: 0x01}


def _reset(details: Details) -> SystemEvent:
    return _specific(BOOT_INITIATED, BOOT_SENSOR, _RESTARTS.get(details.get("cause"), 0x07))


def _paused(details: Details) -> SystemEvent | None:
    if details.get("cause") == PowerCause.GUEST_PANIC.value:
        return _specific(OS_STOP, OS_SENSOR, 0x01)
    if details.get("cause") == PowerCause.DISK_ERROR.value:
        return _specific(DRIVE, DRIVE_SENSOR, 0x01)
    return None


def _identify(details: Details) -> SystemEvent:
    return SystemEvent(CHASSIS, IDENTIFY_SENSOR, GENERIC_STATE, bytes((details.get("on") is True,)))


def _watchdog(details: Details) -> SystemEvent:
    """§42.2, 23h: what it did (00h expired, 01h reset, 02h power down, 03h cycle, 08h interrupt), type and use."""
    return _specific(WATCHDOG, WATCHDOG_SENSOR, details["offset"], details["interrupt"] << 4 | details["use"])


def _recorded(details: Details) -> SystemEvent:
    """A crossed threshold or a platform event: the record is in the event.

    §42.2, 12h 03h: of what a BMC wrote into a log that is none of IPMI's, there is only the event.
    """
    if "record" not in details:
        return _specific(SYSTEM_EVENT, LOG_SENSOR, 0x03)
    return SystemEvent.unpack(bytes.fromhex(details["record"]))


_TABLE: dict[EventKind, Callable[[Details], SystemEvent | None]] = {
    EventKind.POWER_CHANGED: _power,
    EventKind.POWER_ACTION: _power_action,
    EventKind.NODE_RESET: _reset,
    EventKind.NODE_PAUSED: _paused,
    EventKind.BOOT_FAILED: lambda details: _specific(BOOT_ERROR, BOOT_ERROR_SENSOR, 0x00),
    EventKind.MEDIA_INSERTED: lambda details: _specific(PRESENCE, MEDIA_SENSOR, 0x00),
    EventKind.MEDIA_EJECTED: lambda details: _specific(PRESENCE, MEDIA_SENSOR, 0x01),
    EventKind.IDENTIFY_CHANGED: _identify,
    EventKind.WATCHDOG_EXPIRED: _watchdog,
    EventKind.SENSOR_CROSSED: _recorded,
    EventKind.PLATFORM_EVENT: _recorded,
    EventKind.ACCOUNT_LOCKED: lambda details: _specific(AUDIT, AUDIT_SENSOR, 0x03),
}
