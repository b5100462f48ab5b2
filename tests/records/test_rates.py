"""Rates from what only grows."""

import pytest

from bmc.records.rates import CPU, DISK_READ, NETWORK, Count, rates

BEFORE = Count(7, 100.0, {CPU: 10.0, DISK_READ: 1_000_000.0})


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, BEFORE, {}),
        (BEFORE, Count(8, 110.0, {CPU: 15.0}), {}),  # another run: its counts began anew
        (BEFORE, Count(7, 100.0, {CPU: 15.0}), {}),
        (BEFORE, Count(7, 110.0, {CPU: 15.0, DISK_READ: 3_000_000.0}), {CPU: 25.0, DISK_READ: 200.0}),
        (BEFORE, Count(7, 110.0, {CPU: 99.0, NETWORK: 5.0}), {CPU: 100.0}),
        (BEFORE, Count(7, 110.0, {DISK_READ: 0.0}), {DISK_READ: 0.0}),  # a disk was taken out
    ],
)
def test_a_rate_is_what_happened_between_two_readings_of_one_run(
    before: Count | None, now: Count, expected: dict[str, float]
):
    assert rates(before, now, cpus=2) == expected
