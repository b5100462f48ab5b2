"""SensorSource of a domain: what libvirt counts of it."""

from collections.abc import Mapping
from typing import Any

from bmc.libvirt_node.domain import Domain
from bmc.libvirt_node.library import libvirt
from bmc.model.errors import BmcError
from bmc.model.sensor import Entity, SensorInfo, Unit
from bmc.records.rates import CPU, DISK_READ, DISK_WRITE, MEMORY, NETWORK, Count, rates

MOST = 255.0**3
"""MiB of memory, and kB/s of disks and network."""
_SECOND = 1e9


class DomainSensors:
    """CPU load in percent of all virtual CPUs, the host's memory that QEMU occupies, disk and network traffic."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._last: Count | None = None

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
        before, self._last = self._last, Count(look.id, self._domain.clock.monotonic(), _totals(stats))
        readings = {MEMORY: stats["balloon.rss"] / 1024} if "balloon.rss" in stats else {}
        return readings | rates(before, self._last, max(1, int(stats.get("vcpu.current", 1))))


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
