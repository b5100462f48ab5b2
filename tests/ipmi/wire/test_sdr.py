"""Sensor data records and their scales."""

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.sdr import (
    CompactSensor,
    ControllerLocator,
    EventOnlySensor,
    FruLocator,
    FullSensor,
    Linearization,
    RepositoryInfo,
    Scale,
    pack_record,
    unpack_id,
)
from bmc.ipmi.wire.sensor import (
    EventEnable,
    FactorsRequest,
    Reading,
    SetEventEnable,
    SetHysteresis,
    SetThresholds,
    Thresholds,
)

MESSAGES = [
    (FactorsRequest(0x10, 0x55), "1055"),
    (SetHysteresis(0x10, 1, 2), "10ff0102"),
    (Thresholds(0x18, bytes((0, 0, 0, 100, 200, 0))), "18000000 64c800"),
    (SetThresholds(0x10, Thresholds(0x01, bytes((7, 0, 0, 0, 0, 0)))), "1001070000000000"),
    (EventEnable(0xC0, 0x0A95, 0x0001), "c0950a0100"),
    (SetEventEnable(0x10, True, True, 1, 0x80, 0x800), "10d080000008"),
    (RepositoryInfo(14, 0x6A167D0D, 0x6A167D0D), "510e0000000d7d166a0d7d166a03"),
    (Scale(4, r_exp=-1), "04000000 00f0"),
    (Scale(-300, -2, 3, -4), "d480fec000c3"),
]

RECORDS = [
    (
        FullSensor(0x10, 3, 1, 0x0B, 0x0A95, 1, 0, Scale(4, r_exp=-1), 250, 0, bytes((0, 225, 0, 0, 0, 0)), "CPU"),
        "0b0051012e 200010 030103680b01 957a957a 3f3f 01000000 0400000000f0 00000000fa00 00e100000000 0000 000000"
        " c3435055",
    ),
    (
        CompactSensor(1, 19, 1, 9, 0x6F, 0x31, "On"),
        "0b0051021d 200001 1301034 2096f 310000003100 c00000 0100 0000 000000 00 c24f6e",
    ),
    (EventOnlySensor(6, 6, 1, 0x2A, 0x6F, "In"), "0b0051030e 200006 0601 2a6f 0100 00 00 c2496e"),
    (FruLocator(0, 7, 1, "FRU"), "0b0051110e 20008000 00 1000 0701 00 c3465255"),
    (ControllerLocator(0x8F, 6, 1, "BMC"), "0b0051120e 2000008f 000000 0601 00 c3424d43"),
]


@pytest.mark.parametrize(("message", "wire"), MESSAGES)
def test_both_ways(message, wire):
    wire = wire.replace(" ", "")
    assert message.pack().hex() == wire
    assert type(message).unpack(bytes.fromhex(wire)) == message


@pytest.mark.parametrize(("record", "wire"), RECORDS, ids=lambda value: type(value).__name__)
def test_a_record_is_laid_out_as_the_specification_says(record, wire):
    packed = pack_record(11, record)
    assert packed.hex() == wire.replace(" ", "")
    assert unpack_id(packed) == (11, record.kind)


@pytest.mark.parametrize(
    ("reading", "wire"),
    [
        (Reading(30, 0x18, threshold=True), "1ec0d8"),
        (Reading(available=False, messages=False, threshold=True), "0060c0"),
        (Reading(states=0x02), "00c00280"),
        (Reading(available=False), "00e00080"),
    ],
)
def test_a_reading(reading, wire):
    assert reading.pack().hex() == wire


@pytest.mark.parametrize("wire", ["10f0", "10"])
def test_a_reserved_change_of_enables_is_none(wire):
    with pytest.raises(WireError):
        SetEventEnable.unpack(bytes.fromhex(wire))


@pytest.mark.parametrize(
    ("span", "scale"),
    [
        ((0, 100), Scale(4, r_exp=-1)),
        ((-40, 127), Scale(66, -4, 3, -2)),
        ((0, 255**3, True), Scale(1, linearization=Linearization.CUBE)),
    ],
)
def test_a_scale_is_written_as_people_do(span, scale):
    assert Scale.spanning(*span) == scale


MAGNITUDES = st.floats(1e-3, 1e8)


@given(st.one_of(st.just(0.0), st.floats(-1e5, 1e5)), MAGNITUDES, st.integers(0, 255))
@example(minimum=5e-324, span=1.0, raw=0)
def test_a_linear_scale_reaches_both_ends_and_finds_every_value_again(minimum, span, raw):
    try:
        scale = Scale.spanning(minimum, minimum + span)
    except ValueError:
        assume(abs(minimum) > 100 * span)  # what so narrow a span so far from zero cannot be told in ten bits
        return
    slack = 1e-6 * (abs(minimum) + span)
    assert scale.value(0) <= minimum + slack
    assert scale.value(255) >= minimum + span - slack
    assert scale.raw(scale.value(raw)) == raw
    assert Scale.unpack(scale.pack()) == scale


@given(MAGNITUDES, st.floats(0, 1))
def test_a_wide_scale_keeps_zero_and_tells_every_reading_within_a_step(maximum, part):
    scale = Scale.spanning(0, maximum, wide=True)
    assert scale.raw(0.0) == 0
    assert scale.value(0) == 0.0
    value = part * maximum
    told = scale.value(scale.raw(value))
    assert abs(math.cbrt(told) - math.cbrt(value)) <= math.cbrt(maximum) / 255 * 0.56


@given(st.floats(-1e12, 1e12), st.booleans())
def test_what_lies_beyond_the_ends_is_told_as_the_end(value, wide):
    scale = Scale.spanning(0, 100, wide)
    assert 0 <= scale.raw(value) <= 255
