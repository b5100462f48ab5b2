"""Sensor messages both ways, and the readings."""

import pytest

from bmc.ipmi.wire.sensor import (
    SetEventEnable,
    SetHysteresis,
    SetThresholds,
    pack_discrete_reading,
    pack_event_state,
    pack_threshold_reading,
)

MESSAGES = [
    (SetHysteresis(0x10, 2, 3), "10ff0203"),
    (SetThresholds(0x10, 0x10, bytes((0, 0, 0, 0, 0xE1, 0))), "101000000000e100"),
    (SetEventEnable(0x10, True, True, 1, 0x0A95, 0x0201), "10d0950a0102"),
]


@pytest.mark.parametrize(("message", "wire"), MESSAGES)
def test_both_ways(message, wire):
    assert message.pack().hex() == wire
    assert type(message).unpack(bytes.fromhex(wire)) == message


def test_masks_may_be_cut_off():
    assert SetEventEnable.unpack(bytes.fromhex("10c0")) == SetEventEnable(0x10, True, True, 0)


def test_readings():
    assert pack_threshold_reading(30, True, 0x10).hex() == "1ec0d0"
    assert pack_threshold_reading(None, False, 0).hex() == "0060c0"
    assert pack_discrete_reading(0x102).hex() == "00c00281"
    assert pack_discrete_reading(None).hex() == "00e00080"
    assert pack_event_state(True, 0x0A95, 1).hex() == "c0950a0100"
