"""Sensor data records and their scales."""

import contextlib
import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.scale import Linearization, Scale
from bmc.ipmi.wire.sdr import (
    HEADER,
    CompactSensor,
    ControllerLocator,
    EventOnlySensor,
    FruLocator,
    FullSensor,
    RepositoryInfo,
    SensorName,
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
    assert Reading.unpack(bytes.fromhex(wire), reading.threshold) == reading


@pytest.mark.parametrize("wire", ["1ee0c0", "1e80c0", "1e20"])
def test_what_is_not_scanned_or_not_there_is_not_available(wire):
    assert not Reading.unpack(bytes.fromhex(wire)).available


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


def test_a_full_record_is_read_as_it_was_written():
    for record in (RECORDS[0][0], FullSensor(7, 3, 1, 4, 0, 0x80, 18, Scale(60), 9, 1, bytes(6), "Fan", 5, 1, 0x2C, 2)):
        assert isinstance(record, FullSensor)
        assert FullSensor.unpack(pack_record(1, record)) == record


@pytest.mark.parametrize(("record", "wire"), RECORDS[:3], ids=lambda value: type(value).__name__)
def test_every_record_of_a_sensor_tells_its_name(record, wire):
    named = SensorName(0x20, record.number, record.sensor_type, record.name)
    assert SensorName.unpack(bytes.fromhex(wire.replace(" ", ""))) == named


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("c5 46616e2031", "Fan 1"),
        ("84 29dca600", "IPMI"),
        ("42 19b2", "19-2"),
        ("04 41004200", "AB"),
        ("c8 4350", "CP"),
        ("c4 43500000", "CP"),
        ("", ""),
    ],
)
def test_a_name_is_read_in_every_encoding(typed, name):
    body = EventOnlySensor(6, 6, 1, 0x2A, 0x6F, "").body()[:-1] + bytes.fromhex(typed)
    record = b"\x01\x00\x51\x03" + bytes((len(body),)) + body
    assert SensorName.unpack(record).name == name


@pytest.mark.parametrize(
    ("units", "raw", "figure"), [(0x00, 0xFE, 127.0), (0x40, 0xFE, -0.5), (0x80, 0xFE, -1.0), (0x80, 0x7F, 63.5)]
)
def test_a_signed_reading_is_negative(units, raw, figure):
    assert _sensor(units=units).figure(raw) == figure


@pytest.mark.parametrize(
    ("linearization", "figure"),
    [
        (Linearization.LINEAR, 4.0),
        (Linearization.LN, 1.386),
        (Linearization.LOG10, 0.602),
        (Linearization.LOG2, 2.0),
        (Linearization.EXP, 54.598),
        (Linearization.EXP10, 10000.0),
        (Linearization.EXP2, 16.0),
        (Linearization.INVERSE, 0.25),
        (Linearization.SQUARE, 16.0),
        (Linearization.CUBE, 64.0),
        (Linearization.SQUARE_ROOT, 2.0),
        (Linearization.CUBE_ROOT, 1.587),
    ],
)
def test_every_curve_there_and_back(linearization, figure):
    scale = Scale(1, 2, linearization=linearization)
    assert scale.value(2) == pytest.approx(figure, abs=0.001)
    assert scale.raw(scale.value(2)) == 2


def test_what_stands_for_no_figure_is_a_value_error():
    for linearization in (Linearization.LN, Linearization.INVERSE):
        with pytest.raises(ValueError, match=r"figure|math domain"):
            Scale(1, linearization=linearization).value(0)
    with pytest.raises(ValueError, match="no figure"):
        Scale(100, linearization=Linearization.EXP).value(255)
    with pytest.raises(ValueError, match="no figures"):
        _sensor(units=0xC0).figure(1)


@pytest.mark.parametrize(("at", "byte", "complaint"), [(8, 0x6F, "no figures"), (18, 0x70, "not linear")])
def test_what_does_not_measure_is_no_full_sensor(at, byte, complaint):
    record = bytearray(pack_record(1, _sensor()))
    record[HEADER + at] = byte
    with pytest.raises(WireError, match=complaint):
        FullSensor.unpack(bytes(record))


def _sensor(units: int = 0) -> FullSensor:
    return FullSensor(1, 3, 1, 1, 0, units, 1, Scale(5, r_exp=-1), 0, 0, bytes(6), "T")


@given(kind=st.sampled_from([1, 2, 3]), body=st.binary(max_size=80))
def test_whatever_follows_a_good_header_is_a_sensor_or_a_wire_error(kind, body):
    record = b"\x01\x00\x51" + bytes((kind, len(body))) + body
    with contextlib.suppress(WireError):
        SensorName.unpack(record)
    with contextlib.suppress(WireError):
        sensor = FullSensor.unpack(record)
        for raw in (0, 1, 127, 128, 255):
            with contextlib.suppress(ValueError):
                assert isinstance(sensor.figure(raw), float)
