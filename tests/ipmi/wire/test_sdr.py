"""Records and scales: what one raw byte means, and that clients are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.sdr import (
    CompactSensor,
    FullSensor,
    McLocator,
    Repository,
    RepositoryInfo,
    Scale,
    SensorKey,
    reading_factors,
    scale,
)

RANGES = st.tuples(st.floats(-1e3, 1e3), st.floats(1, 1e8))


@given(RANGES)
def test_a_scale_reaches_both_ends_and_not_much_farther(ends):
    minimum, span = round(ends[0]), ends[1]
    chosen = scale(minimum, minimum + span)
    step = chosen.m * 10.0**chosen.k2
    assert 1 <= chosen.m <= 511
    assert -512 <= chosen.b <= 511
    assert abs(chosen.value(0) - minimum) <= max(step, abs(minimum) / 50)
    assert span * 0.99 <= chosen.value(255) - chosen.value(0) <= span * 1.2


@given(st.integers(0, 255), st.sampled_from([(0, 100), (-40, 125), (0, 16e6), (0, 512)]), st.booleans())
def test_a_raw_byte_is_a_value_and_back(raw, ends, wide):
    chosen = scale(ends[0], ends[1], wide and not ends[0])
    assert chosen.raw(chosen.value(raw)) == raw


def test_the_third_power_keeps_zero_and_small_rates_apart():
    chosen = scale(0, 16e6, wide=True)
    assert chosen == Scale(1, cube=True)
    assert [chosen.value(raw) for raw in (0, 1, 2, 255)] == [0, 1, 8, 255**3]


@pytest.mark.parametrize(
    ("chosen", "wire"),
    [
        (scale(0, 100), "04 00 00 00 00 f0"),
        (scale(-40, 125), "07 00 70 80 00 f0"),
        (Scale(511, -512, 7, -8), "ff 40 00 80 00 87"),
    ],
)
def test_factors_are_ten_bit_numbers_in_two_pieces(chosen, wire):
    assert reading_factors(chosen, 0) == b"\x01" + bytes.fromhex(wire)


def test_records_have_the_length_they_say():
    key = SensorKey(0x10, 3, 1, 0x0B, 1)
    for record in (
        FullSensor(key, "CPU Load", (1, 0), scale(0, 100)).pack(),
        CompactSensor(key, "Identify", 3).pack(),
        McLocator("Lightsout", 0xBF, 0x2E).pack(),
    ):
        assert record[2] == len(record) - 3


def test_a_repository_counts_from_one_and_knows_its_end():
    records = Repository((b"\x51\x01\x00", b"\x51\x02\x00"))
    assert records.at(0) == (1, b"\x01\x00\x51\x01\x00", 2)
    assert records.at(0xFFFF) == records.at(2) == (2, b"\x02\x00\x51\x02\x00", 0xFFFF)
    with pytest.raises(WireError):
        records.at(3)
    assert RepositoryInfo.unpack(RepositoryInfo(2).pack()) == RepositoryInfo(2)
