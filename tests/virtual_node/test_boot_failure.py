"""A guest with nothing to boot from: the firmware's last word becomes an event of the node and a record in its SEL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.commands import Power, SetBootOverride
from bmc.model.events import EventKind
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction
from bmc.model.sel import SystemEvent
from bmc.node import Node
from bmc.virtual_node.files import NodeFiles
from bmc.virtual_node.options import MIB
from tests.ipmi.fakes import NODE_ID
from tests.virtual_node.real_drivers import PATIENT, RealDrivers
from tests.virtual_node.rig import PATIENCE, SMALL, Rig, kill_qemu
from tests.virtual_node.sector import write_disk
from tests.world import ADMIN, World, open_world, until

pytestmark = pytest.mark.guest
NO_MEDIUM = (0x1E, 0x00)
"""Table 42-3: boot error, no bootable media."""


def recorded(node: Node) -> list[tuple[int, int]]:
    records = [SystemEvent.unpack(entry.data) for entry in node.snapshot.sel.entries]
    return [(record.sensor_type, record.data[0]) for record in records]


@asynccontextmanager
async def empty_node(tmp_path: Path, firmware: str) -> AsyncIterator[tuple[World, Node]]:
    try:
        async with open_world(tmp_path / "store.db", RealDrivers(tmp_path / "nodes"), PATIENT) as world:
            options = {**SMALL, "memory_mib": 128, "firmware": firmware}
            yield world, await world.fleet.create(NodeDefinition("n1", NODE_ID, "qemu", options), ADMIN)
    finally:
        kill_qemu(NodeFiles(tmp_path / "nodes" / "n1"))


async def failures(world: World, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(await world.told(EventKind.BOOT_FAILED)) < count:  # noqa: ASYNC110 - the store has no event of its own
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
async def test_an_empty_disk_is_told_once_a_boot(tmp_path: Path, firmware: str):
    async with empty_node(tmp_path, firmware) as (world, node):
        await node.do(SetBootOverride(BootOverride(BootTarget.HDD, BootEnabled.ONCE)), ADMIN)
        await node.do(Power(PowerAction.ON), ADMIN)
        await failures(world, 1)
        [event] = await world.told(EventKind.BOOT_FAILED)
        assert event.message == (
            "n1 found nothing to boot from (it was to boot from Hdd); insert a medium, or install a system"
        )
        await until(lambda: NO_MEDIUM in recorded(node))
        await node.do(Power(PowerAction.FORCE_RESTART), ADMIN)
        await failures(world, 2)
        assert ["it was to" in each.message for each in await world.told(EventKind.BOOT_FAILED)].count(True) == 1
        await asyncio.sleep(1.5)  # a second look would have found the same words again
        assert len(await world.told(EventKind.BOOT_FAILED)) == 2


async def test_a_disk_that_boots_is_no_failure(rig: Rig):
    write_disk(rig.files.guest / "disk0.raw", 8 * MIB, "DISK-UP")
    await rig.power_on("DISK-UP")
    await asyncio.sleep(1.5)
    assert [seen.failed for seen in rig.boots] == [False]
