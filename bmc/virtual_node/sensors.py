"""SensorSource of a virtual node: what this host can measure of its QEMU, and nothing that would be made up."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from bmc.model.errors import BmcError
from bmc.model.sensor import Entity, SensorInfo, Unit
from bmc.records.rates import CPU, DISK_READ, DISK_WRITE, MEMORY, NETWORK, Count, rates
from bmc.virtual_node.guest import Guest
from bmc.virtual_node.shape import Shape

FASTEST = 255.0**3
"""kB/s, of disks and network: about 16 GB/s."""
OVERHEAD_MIB = 1024
"""QEMU's own memory comes to the guest's: mostly translated code, which it keeps to 1 GiB."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MIB = 1024 * 1024


class VirtualSensors:
    """CPU load in percent of all virtual CPUs, the host's memory that QEMU occupies, disk and network traffic.

    A card on a bridge or tap of this host is not measured: its frames do not pass QEMU's network namespace.
    A virtual CPU's load is the time of the whole QEMU process: what QEMU does for the guest is load of the guest's.
    """

    def __init__(self, guest: Guest, shape: Shape, proc: Path) -> None:
        self._guest = guest
        self._shape = shape
        self._nics = bool(shape.next.nics)
        self._proc = proc
        self._last: Count | None = None

    def sensors(self) -> tuple[SensorInfo, ...]:
        rate = Unit.KILOBYTES_PER_SECOND
        found = [
            SensorInfo(CPU, Unit.PERCENT, Entity.CPU, 100.0),
            SensorInfo(MEMORY, Unit.MEBIBYTES, Entity.MEMORY, float(self._shape.now.memory_mib + OVERHEAD_MIB)),
            SensorInfo(DISK_READ, rate, Entity.DISK, FASTEST, wide=True),
            SensorInfo(DISK_WRITE, rate, Entity.DISK, FASTEST, wide=True),
        ]
        if self._nics:
            found.append(SensorInfo(NETWORK, rate, Entity.NETWORK, FASTEST, wide=True))
        return tuple(found)

    async def read(self) -> Mapping[str, float]:
        try:
            pid = self._guest.pid
        except BmcError:
            self._last = None
            return {}
        readings: dict[str, float] = {}
        totals: dict[str, float] = {}
        where = self._proc / str(pid)
        _take(readings, lambda: {MEMORY: resident(where / "statm")})
        _take(totals, lambda: {CPU: cpu_seconds(where / "stat")})
        run = self._guest.state.now.run
        if self._nics and run is not None and run.network:  # else what /proc tells is this host's traffic
            _take(totals, lambda: {NETWORK: traffic(where / "net/dev")})
        try:
            totals |= disk_traffic(await self._guest.execute("query-blockstats"))
        except BmcError:
            pass  # QEMU does not answer: the rest is still true
        now = Count(pid, self._guest.clock.monotonic(), totals)
        before, self._last = self._last, now
        return readings | rates(before, now, self._shape.now.cpus)


def _take(into: dict[str, float], measure: Callable[[], dict[str, float]]) -> None:
    """A file that is not there, or says something else, is no figure."""
    try:
        into.update(measure())
    except (OSError, ValueError, IndexError):
        return


def cpu_seconds(stat: Path) -> float:
    """User and system time of /proc/PID/stat, proc(5)."""
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident(statm: Path) -> float:
    """Resident memory in MiB, of /proc/PID/statm."""
    return int(statm.read_text().split()[1]) * _PAGE / _MIB


def traffic(net_dev: Path) -> float:
    """Bytes through the network namespace of /proc/PID/net/dev. On `lo` each packet is sent and received: once."""
    total = 0
    for line in net_dev.read_text().splitlines()[2:]:
        name, _, counters = line.partition(":")
        fields = counters.split()
        total += int(fields[8]) + (int(fields[0]) if name.strip() != "lo" else 0)
    return float(total)


def disk_traffic(answer: object) -> dict[str, float]:
    """Bytes read and written by the devices of QMP's `query-blockstats`."""
    if not isinstance(answer, list):
        return {}
    stats = [device["stats"] for device in answer if isinstance(device, dict) and "stats" in device]
    return {
        DISK_READ: float(sum(one.get("rd_bytes", 0) for one in stats)),
        DISK_WRITE: float(sum(one.get("wr_bytes", 0) for one in stats)),
    }
