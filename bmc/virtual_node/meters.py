"""What can be measured of a QEMU guest from outside: real figures only, so no fan and no temperature."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bmc.model.errors import BmcError
from bmc.model.sensor import Entity, SensorInfo, Unit
from bmc.virtual_node.guest import Guest
from bmc.virtual_node.options import VirtualNodeOptions

FASTEST = 16e6
"""kB/s: more than any disk or network of today."""
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MIB = 1024 * 1024

CPU, MEMORY, DISK_READ, DISK_WRITE, NETWORK = "CPU Load", "Memory Resident", "Disk Read", "Disk Write", "Network"


@dataclass(frozen=True, slots=True)
class _Counts:
    """What only grows: seconds of CPU, bytes. `at` is on the monotonic clock."""

    pid: int
    at: float
    cpu: float
    read: int
    written: int
    network: int


class VirtualMeters:
    """The load of a node's CPUs and what its QEMU holds of memory, reads, writes and sends."""

    def __init__(self, guest: Guest, options: VirtualNodeOptions, proc: Path = Path("/proc")) -> None:
        self._guest = guest
        self._options = options
        self._proc = proc
        self._before: _Counts | None = None

    def sensors(self) -> tuple[SensorInfo, ...]:
        rate = Unit.KILOBYTES_PER_SECOND
        infos = [
            SensorInfo(CPU, Unit.PERCENT, Entity.CPU, 100),
            SensorInfo(MEMORY, Unit.MEBIBYTES, Entity.MEMORY, 2.0 * self._options.memory_mib + 256),
        ]
        if self._options.disks:
            infos.append(SensorInfo(DISK_READ, rate, Entity.DISK, FASTEST, wide=True))
            infos.append(SensorInfo(DISK_WRITE, rate, Entity.DISK, FASTEST, wide=True))
        if self._options.nics:
            infos.append(SensorInfo(NETWORK, rate, Entity.NETWORK, FASTEST, wide=True))
        return tuple(infos)

    async def read(self) -> Mapping[str, float]:
        """Rates are over the time since the last look, so that the first has none."""
        before, self._before = self._before, None
        try:
            now = await self._count()
            memory = self._resident(now.pid)
        except (BmcError, OSError, ValueError, LookupError):  # it is off, or went while it was looked at
            return {}
        self._before = now
        readings = {MEMORY: memory}
        if before is not None and before.pid == now.pid and now.at > before.at:
            readings |= self._rates(before, now)
        known = {info.name for info in self.sensors()}
        return {name: value for name, value in readings.items() if name in known}

    def _rates(self, before: _Counts, now: _Counts) -> dict[str, float]:
        seconds = now.at - before.at
        load = 100.0 * (now.cpu - before.cpu) / seconds / self._options.cpus
        return {
            CPU: min(100.0, load),
            DISK_READ: (now.read - before.read) / seconds / 1000,
            DISK_WRITE: (now.written - before.written) / seconds / 1000,
            NETWORK: (now.network - before.network) / seconds / 1000,
        }

    async def _count(self) -> _Counts:
        pid = self._guest.pid
        read, written = await self._disk_bytes()
        at = self._guest.clock.monotonic()
        return _Counts(pid, at, self._cpu_seconds(pid), read, written, self._network_bytes(pid))

    async def _disk_bytes(self) -> tuple[int, int]:
        devices = await self._guest.execute("query-blockstats")
        if not isinstance(devices, list):
            return 0, 0
        disks = [device["stats"] for device in devices if "disk" in str(device.get("qdev", ""))]
        return sum(disk["rd_bytes"] for disk in disks), sum(disk["wr_bytes"] for disk in disks)

    def _cpu_seconds(self, pid: int) -> float:
        """proc(5): utime and stime are the fields 14 and 15; the name before them may hold anything."""
        fields = (self._proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def _resident(self, pid: int) -> float:
        pages = (self._proc / str(pid) / "statm").read_text().split()[1]
        return int(pages) * _PAGE / _MIB

    def _network_bytes(self, pid: int) -> int:
        """What crosses the interfaces of QEMU's own network namespace; on its loopback each packet shows twice."""
        total = 0
        for line in (self._proc / str(pid) / "net" / "dev").read_text().splitlines()[2:]:
            name, _, counts = line.partition(":")
            fields = counts.split()
            received, sent = int(fields[0]), int(fields[8])
            total += sent if name.strip() == "lo" else received + sent
        return total
