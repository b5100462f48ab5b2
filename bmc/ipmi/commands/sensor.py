"""Sensor device commands, IPMI v2.0 §35: readings, thresholds and what is told of them."""

from dataclasses import replace

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.repository import AUDIT_KEY, BY_NUMBER, Numeric, numeric
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.ipmi.wire.sdr import reading_factors
from bmc.ipmi.wire.sensor import (
    SetEventEnable,
    SetHysteresis,
    SetThresholds,
    pack_discrete_reading,
    pack_event_state,
    pack_threshold_reading,
    unpack_sensor,
)
from bmc.model.commands import SetSensor
from bmc.model.sensor import Threshold
from bmc.records.sensors import EVENT_OFFSETS, THRESHOLD_EVENT

_ENABLE, _DISABLE = 1, 2


def _measured(call: Call, number: int) -> Numeric:
    """:raise CommandError: no such sensor (CBh), or one that is no measurement (CDh)."""
    found = numeric(call.node.snapshot, number)
    if found is None:
        known = number in BY_NUMBER or number == AUDIT_KEY.number
        raise CommandError(Code.ILLEGAL_FOR_SENSOR if known else Code.NOT_PRESENT)
    return found


@command(NetFn.SENSOR, 0x23, Privilege.USER)
def get_sensor_reading_factors(call: Call) -> bytes:
    """§35.5. The same at every reading."""
    expect_length(call.data, 2)
    return reading_factors(_measured(call, call.data[0]).scale, call.data[1])


@command(NetFn.SENSOR, 0x24, Privilege.OPERATOR)
async def set_sensor_hysteresis(call: Call) -> bytes:
    """§35.6. A scale that is no line has no step that means the same everywhere: CDh."""
    request = SetHysteresis.unpack(call.data)
    found = _measured(call, request.sensor)
    if found.scale.cube and (request.positive or request.negative):
        raise CommandError(Code.ILLEGAL_FOR_SENSOR)
    step = found.scale.m * 10.0**found.scale.k2
    hysteresis = (request.positive * step, request.negative * step)
    await call.do(SetSensor(found.sensor.info.name, replace(found.sensor.setting, hysteresis=hysteresis)))
    return b""


@command(NetFn.SENSOR, 0x25, Privilege.USER)
def get_sensor_hysteresis(call: Call) -> bytes:
    """§35.7."""
    expect_length(call.data, 2)
    found = _measured(call, call.data[0])
    return bytes((found.raw_hysteresis(0), found.raw_hysteresis(1)))


@command(NetFn.SENSOR, 0x26, Privilege.OPERATOR)
async def set_sensor_thresholds(call: Call) -> bytes:
    """§35.8."""
    request = SetThresholds.unpack(call.data)
    found = _measured(call, request.sensor)
    thresholds = dict(found.sensor.setting.thresholds)
    for threshold in Threshold:
        if request.mask >> threshold.bit & 1:
            thresholds[threshold] = found.scale.value(request.values[threshold.bit])
    await call.do(SetSensor(found.sensor.info.name, replace(found.sensor.setting, thresholds=thresholds)))
    return b""


@command(NetFn.SENSOR, 0x27, Privilege.USER)
def get_sensor_thresholds(call: Call) -> bytes:
    """§35.9. The mask has those in force."""
    found = _measured(call, unpack_sensor(call.data))
    return bytes((found.in_force, *(found.raw_threshold(threshold) for threshold in Threshold)))


@command(NetFn.SENSOR, 0x28, Privilege.OPERATOR)
async def set_sensor_event_enable(call: Call) -> bytes:
    """§35.10. Scanning cannot be turned off. What a node tells of its own state is always told."""
    request = SetEventEnable.unpack(call.data)
    if request.sensor in BY_NUMBER and request.events and request.scanning and request.operation != _DISABLE:
        return b""
    found = _measured(call, request.sensor)
    if not request.scanning:
        raise CommandError(Code.INVALID_FIELD)
    setting = found.sensor.setting
    assertions, deassertions = _thresholds(request.assertions), _thresholds(request.deassertions)
    if request.operation == _ENABLE:
        setting = replace(
            setting, assertions=setting.assertions | assertions, deassertions=setting.deassertions | deassertions
        )
    elif request.operation == _DISABLE:
        setting = replace(
            setting, assertions=setting.assertions - assertions, deassertions=setting.deassertions - deassertions
        )
    await call.do(SetSensor(found.sensor.info.name, replace(setting, events=request.events)))
    return b""


@command(NetFn.SENSOR, 0x29, Privilege.USER)
def get_sensor_event_enable(call: Call) -> bytes:
    """§35.11."""
    number = unpack_sensor(call.data)
    if number in BY_NUMBER:
        return pack_event_state(True, BY_NUMBER[number].mask, 0)
    setting = _measured(call, number).sensor.setting
    return pack_event_state(setting.events, _mask(setting.assertions), _mask(setting.deassertions))


@command(NetFn.SENSOR, 0x2A, Privilege.OPERATOR)
def re_arm_sensor_events(call: Call) -> bytes:
    """§35.12. They re-arm themselves."""
    if not call.data:
        expect_length(call.data, 2, 6)
    if call.data[0] not in BY_NUMBER:
        _measured(call, call.data[0])
    return b""


@command(NetFn.SENSOR, 0x2B, Privilege.USER)
def get_sensor_event_status(call: Call) -> bytes:
    """§35.13."""
    number = unpack_sensor(call.data)
    if number in BY_NUMBER:
        return pack_event_state(True, BY_NUMBER[number].states(call.node.snapshot) or 0, 0)
    found = _measured(call, number)
    return pack_event_state(found.sensor.setting.events, _mask(found.sensor.crossed), 0)


@command(NetFn.SENSOR, 0x2D, Privilege.USER)
def get_sensor_reading(call: Call) -> bytes:
    """§35.14. What cannot be told is unavailable, never guessed."""
    number = unpack_sensor(call.data)
    if number in BY_NUMBER:
        return pack_discrete_reading(BY_NUMBER[number].states(call.node.snapshot))
    found = _measured(call, number)
    crossed = sum(1 << threshold.bit for threshold in found.sensor.crossed)
    return pack_threshold_reading(found.raw, found.sensor.setting.events, crossed)


@command(NetFn.SENSOR, 0x2F, Privilege.USER)
def get_sensor_type(call: Call) -> bytes:
    """§35.16."""
    number = unpack_sensor(call.data)
    key = AUDIT_KEY if number == AUDIT_KEY.number else None
    if number in BY_NUMBER:
        key = BY_NUMBER[number].key
    if key is not None:
        return bytes((key.type, key.event_type))
    return bytes((_measured(call, number).type, THRESHOLD_EVENT))


def _mask(thresholds: frozenset[Threshold]) -> int:
    return sum(1 << EVENT_OFFSETS[threshold] for threshold in thresholds)


def _thresholds(mask: int) -> frozenset[Threshold]:
    return frozenset(threshold for threshold, offset in EVENT_OFFSETS.items() if mask >> offset & 1)
