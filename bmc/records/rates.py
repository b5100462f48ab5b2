"""What a backend measures of a machine that is a process: the names of its sensors, and rates from what only grows.

A rate is what happened between two readings, so the first reading of a run has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

CPU, MEMORY, DISK_READ, DISK_WRITE, NETWORK = "CPU Load", "QEMU Memory", "Disk Read", "Disk Write", "Network"
_KB = 1000


@dataclass(frozen=True, slots=True)
class Count:
    """What only grows, of the `run` of that number, at one time: seconds of CPU, and bytes of all else."""

    run: int
    at: float
    totals: Mapping[str, float]


def rates(before: Count | None, now: Count, cpus: int) -> dict[str, float]:
    """CPU in percent of all `cpus`, all else in kB/s; nothing across two runs."""
    if before is None or before.run != now.run or now.at <= before.at:
        return {}
    seconds = now.at - before.at
    grown = {
        name: max(0.0, total - before.totals[name]) / seconds
        for name, total in now.totals.items()
        if name in before.totals
    }
    load = {CPU: min(100.0, 100 * grown.pop(CPU) / cpus)} if CPU in grown else {}
    return load | {name: bytes_a_second / _KB for name, bytes_a_second in grown.items()}
