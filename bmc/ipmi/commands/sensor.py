"""Sensor device commands, IPMI v2.0 §35.5 to §35.17: readings as they were sampled, and what an operator sets."""

from collections.abc import Container
from dataclasses import replace

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.commands.sensor_table import THRESHOLD_EVENTS, StateSensor, find
from bmc.ipmi.wire.errors import WireError, expect_length
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.ipmi.wire.sensor import (
    DISABLE,
    ENABLE,
    MESSAGES_ENABLED,
    SCANNING,
    UNAVAILABLE,
    EventEnable,
    FactorsRequest,
    Reading,
    SetEventEnable,
    SetHysteresis,
    SetThresholds,
    Thresholds,
    unpack_number,
)
from bmc.model.commands import SetSensor
from bmc.model.sensor import Sensor, SensorSetting, Threshold
from bmc.records.sensors import THRESHOLD_EVENT, offset, scale_of, sensor_type

_ILLEGAL_FOR_SENSOR = 0xCD


@command(NetFn.SENSOR, 0x23, Privilege.USER)
def get_sensor_reading_factors(call: Call) -> bytes:
    """§35.5. They are the same for all readings."""
    request = FactorsRequest.unpack(call.data)
    return b"\xff" + scale_of(_measuring(call, request.number).info).pack()


@command(NetFn.SENSOR, 0x24, Privilege.OPERATOR)
async def set_sensor_hysteresis(call: Call) -> bytes:
    """§35.6."""
    request = SetHysteresis.unpack(call.data)
    sensor = _measuring(call, request.number)
    scale = scale_of(sensor.info)
    distances = (scale.distance(request.positive), scale.distance(request.negative))
    return await _set(call, sensor, replace(sensor.setting, hysteresis=distances))


@command(NetFn.SENSOR, 0x25, Privilege.USER)
def get_sensor_hysteresis(call: Call) -> bytes:
    """§35.7."""
    expect_length(call.data, 2)
    sensor = _measuring(call, call.data[0])
    return bytes(map(scale_of(sensor.info).raw_distance, sensor.setting.hysteresis))


@command(NetFn.SENSOR, 0x26, Privilege.OPERATOR)
async def set_sensor_thresholds(call: Call) -> bytes:
    """§35.8. Thresholds out of order are refused."""
    request = SetThresholds.unpack(call.data)
    sensor = _measuring(call, request.number)
    scale = scale_of(sensor.info)
    chosen = {
        threshold: _within(sensor, scale.value(request.thresholds.values[threshold.bit]))
        for threshold in Threshold
        if request.thresholds.mask & 1 << threshold.bit
    }
    return await _set(call, sensor, replace(sensor.setting, thresholds={**sensor.setting.thresholds, **chosen}))


@command(NetFn.SENSOR, 0x27, Privilege.USER)
def get_sensor_thresholds(call: Call) -> bytes:
    """§35.9. Those that are not set cannot be read."""
    sensor = _measuring(call, unpack_number(call.data))
    scale, limits = scale_of(sensor.info), sensor.setting.thresholds
    raw = bytes(scale.raw(limits[found]) if found in limits else 0 for found in Threshold)
    return Thresholds(_bits(limits), raw).pack()


@command(NetFn.SENSOR, 0x28, Privilege.OPERATOR)
async def set_sensor_event_enable(call: Call) -> bytes:
    """§35.10. Sensors are always scanned: to switch that off is refused."""
    request = SetEventEnable.unpack(call.data)
    sensor = _measuring(call, request.number)
    if not request.scanning:
        raise WireError("scanning cannot be switched off")
    if (request.assertions | request.deassertions) & ~THRESHOLD_EVENTS:
        raise WireError("an event that this sensor does not make")
    setting = replace(
        sensor.setting,
        events=request.messages,
        assertions=_changed(sensor.setting.assertions, request.change, request.assertions),
        deassertions=_changed(sensor.setting.deassertions, request.change, request.deassertions),
    )
    return await _set(call, sensor, setting)


@command(NetFn.SENSOR, 0x29, Privilege.USER)
def get_sensor_event_enable(call: Call) -> bytes:
    """§35.11."""
    sensor = find(call.node.snapshot, unpack_number(call.data))
    if isinstance(sensor, StateSensor):
        return EventEnable(MESSAGES_ENABLED | SCANNING, sensor.offsets, 0).pack()
    setting = sensor.setting
    flags = (MESSAGES_ENABLED if setting.events else 0) | SCANNING
    return EventEnable(flags, _events(setting.assertions), _events(setting.deassertions)).pack()


@command(NetFn.SENSOR, 0x2A, Privilege.OPERATOR)
def rearm_sensor_events(call: Call) -> bytes:
    """§35.12. Every sensor here re-arms by itself, so there is nothing to do."""
    expect_length(call.data, 2, 3, 4, 5, 6)
    find(call.node.snapshot, call.data[0])
    return b""


@command(NetFn.SENSOR, 0x2B, Privilege.USER)
def get_sensor_event_status(call: Call) -> bytes:
    """§35.13. What is asserted now, since sensors re-arm by themselves."""
    sensor = find(call.node.snapshot, unpack_number(call.data))
    if isinstance(sensor, StateSensor):
        states = sensor.states(call.node.snapshot) if sensor.states else None
        flags = MESSAGES_ENABLED | SCANNING | (UNAVAILABLE if states is None else 0)
        return EventEnable(flags, states or 0, 0).pack()
    flags = (MESSAGES_ENABLED if sensor.setting.events else 0) | SCANNING
    flags |= UNAVAILABLE if sensor.reading is None else 0
    return EventEnable(flags, _events(sensor.crossed), 0).pack()


@command(NetFn.SENSOR, 0x2D, Privilege.USER)
def get_sensor_reading(call: Call) -> bytes:
    """§35.14. What is not known, as of a node that is off, is said to be unavailable."""
    number = unpack_number(call.data)
    sensor = find(call.node.snapshot, number)
    if isinstance(sensor, StateSensor):
        if sensor.states is None:
            raise CommandError(Code.NOT_PRESENT)
        states = sensor.states(call.node.snapshot)
        return Reading(states=states or 0, available=states is not None).pack()
    events = sensor.setting.events
    if sensor.reading is None:
        return Reading(available=False, messages=events, threshold=True).pack()
    raw = scale_of(sensor.info).raw(sensor.reading)
    return Reading(raw, _bits(sensor.crossed), messages=events, threshold=True).pack()


@command(NetFn.SENSOR, 0x2E, Privilege.OPERATOR)
def set_sensor_type(call: Call) -> bytes:
    """§35.15. A sensor stays what it is."""
    expect_length(call.data, 3)
    find(call.node.snapshot, call.data[0])
    raise CommandError(_ILLEGAL_FOR_SENSOR)


@command(NetFn.SENSOR, 0x2F, Privilege.USER)
def get_sensor_type(call: Call) -> bytes:
    """§35.16."""
    sensor = find(call.node.snapshot, unpack_number(call.data))
    if isinstance(sensor, StateSensor):
        return bytes((sensor.sensor_type, sensor.event_type))
    return bytes((sensor_type(sensor.info), THRESHOLD_EVENT))


def _measuring(call: Call, number: int) -> Sensor:
    """:raise CommandError: no such sensor, or one that has states."""
    sensor = find(call.node.snapshot, number)
    if isinstance(sensor, StateSensor):
        raise CommandError(_ILLEGAL_FOR_SENSOR)
    return sensor


async def _set(call: Call, sensor: Sensor, setting: SensorSetting) -> bytes:
    await call.node.do(SetSensor(sensor.info.name, setting), call.caller)
    return b""


def _within(sensor: Sensor, value: float) -> float:
    """The last steps of a scale may lie beyond what the sensor reads."""
    scale, info = scale_of(sensor.info), sensor.info
    if scale.raw(value) == scale.raw(info.maximum):
        return info.maximum
    return info.minimum if scale.raw(value) == scale.raw(info.minimum) else value


def _bits(thresholds: Container[Threshold]) -> int:
    return sum(1 << threshold.bit for threshold in Threshold if threshold in thresholds)


def _events(thresholds: frozenset[Threshold]) -> int:
    return sum(1 << offset(threshold) for threshold in thresholds)


def _changed(before: frozenset[Threshold], change: int, mask: int) -> frozenset[Threshold]:
    chosen = {threshold for threshold in Threshold if mask & 1 << offset(threshold)}
    if change == ENABLE:
        return before | chosen
    return before - chosen if change == DISABLE else before
