"""SensorSource of a domain: what libvirt counts of it. Rates are what happened between two readings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bmc.libvirt_node.domain import Domain
from bmc.libvirt_node.library import libvirt
from bmc.model.errors import BmcError
from bmc.model.sensor import Entity, SensorInfo, Unit

CPU, MEMORY, DISK_READ, DISK_WRITE, NETWORK = "CPU Load", "QEMU Memory", "Disk Read", "Disk Write", "Network"
MOST = 255.0**3
"""MiB of memory, and kB/s of disks and network."""
_SECOND = 1e9
_KB = 1000


@dataclass(frozen=True, slots=True)
class _Count:
    """What only grows, of one run of the domain, at one time."""

    id: int
    at: float
    totals: Mapping[str, float]


class DomainSensors:
    """CPU load in percent of all virtual CPUs, the host's memory that QEMU occupies, disk and network traffic."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._last: _Count | None = None

    def sensors(self) -> tuple[SensorInfo, ...]:
        rate = Unit.KILOBYTES_PER_SECOND
        return (
            SensorInfo(CPU, Unit.PERCENT, Entity.CPU, 100.0),
            SensorInfo(MEMORY, Unit.MEBIBYTES, Entity.MEMORY, MOST, wide=True),
            SensorInfo(DISK_READ, rate, Entity.DISK, MOST, wide=True),
            SensorInfo(DISK_WRITE, rate, Entity.DISK, MOST, wide=True),
            SensorInfo(NETWORK, rate, Entity.NETWORK, MOST, wide=True),
        )

    async def read(self) -> Mapping[str, float]:
        look = self._domain.now
        if look is None or not look.active:
            self._last = None
            return {}
        try:
            stats = await self._domain.call(_stats)
        except BmcError:
            return {}
        before, self._last = self._last, _Count(look.id, self._domain.clock.monotonic(), _totals(stats))
        readings = {MEMORY: stats["balloon.rss"] / 1024} if "balloon.rss" in stats else {}
        return readings | _rates(before, self._last, max(1, int(stats.get("vcpu.current", 1))))


def _stats(domain: Any) -> dict[str, Any]:
    kinds = ("CPU_TOTAL", "BALLOON", "VCPU", "INTERFACE", "BLOCK")
    wanted = sum(getattr(libvirt, f"VIR_DOMAIN_STATS_{kind}") for kind in kinds)
    found = domain.connect().domainListGetStats([domain], wanted)
    return dict(found[0][1]) if found else {}


def _totals(stats: Mapping[str, Any]) -> dict[str, float]:
    totals = {CPU: stats["cpu.time"] / _SECOND} if "cpu.time" in stats else {}
    for name, kind, ends in (
        (DISK_READ, "block.", ("rd.bytes",)),
        (DISK_WRITE, "block.", ("wr.bytes",)),
        (NETWORK, "net.", ("rx.bytes", "tx.bytes")),
    ):
        counted = [value for key, value in stats.items() if key.startswith(kind) and key.endswith(ends)]
        if counted:
            totals[name] = float(sum(counted))
    return totals


def _rates(before: _Count | None, now: _Count, cpus: int) -> dict[str, float]:
    if before is None or before.id != now.id or now.at <= before.at:
        return {}
    seconds = now.at - before.at
    grown = {
        name: max(0.0, total - before.totals[name]) / seconds
        for name, total in now.totals.items()
        if name in before.totals
    }
    load = {CPU: min(100.0, 100 * grown.pop(CPU) / cpus)} if CPU in grown else {}
    return load | {name: bytes_a_second / _KB for name, bytes_a_second in grown.items()}
