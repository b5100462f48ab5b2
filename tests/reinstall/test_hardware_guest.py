"""The ramdisk on every disk bus and network card that a virtual node may have."""

from uuid import uuid4

import pytest

from bmc.model.boot import NO_OVERRIDE
from bmc.model.commands import Power
from bmc.model.job import JobState
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction
from bmc.node import Node
from bmc.node.power import PATIENCE
from bmc.node.state import StateKeeper
from bmc.virtual_node import private
from tests.reinstall.guest_lab import LONG, ended, request
from tests.world import ADMIN, OPERATOR, World, open_world

pytestmark = pytest.mark.guest

BUSES = ("virtio", "scsi", "sata", "nvme")


async def make_node(
    world: World, firmware: str, disks: list[dict[str, object]], model: str, network: object = "user"
) -> Node:
    options = {
        "firmware": firmware,
        "memory_mib": 512,
        "accelerator": "tcg",
        "disks": disks,
        "nics": [{"model": model, "network": network}],
    }
    return await world.fleet.create(NodeDefinition("n1", uuid4(), "qemu", options), ADMIN)


async def test_the_ramdisk_sees_disks_of_every_bus(lab, tmp_path):
    disks = [{"size_mib": 32 + place, "bus": bus, "serial": f"ON-{bus}"} for place, bus in enumerate(BUSES)]
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, "bios", disks, "e1000e")
        jobs = lab.jobs(world)
        job = await ended(jobs, (await jobs.start("inspect", "n1", {}, OPERATOR)).id, node)
        assert job.state is JobState.COMPLETED, job
        seen = {disk.serial: disk.size for disk in node.snapshot.hardware.disks}
        inspected = (await StateKeeper.open(world.store, "n1")).state.inspected
        found = {disk.serial: disk.size for disk in inspected.disks}
        assert found == seen == {f"ON-{bus}": (32 + place) << 20 for place, bus in enumerate(BUSES)}
        await jobs.close()


@pytest.mark.skipif(private.missing() is not None, reason="private networks cannot be made here")
@pytest.mark.parametrize("way", ["VirtualMedia", pytest.param("Network", marks=pytest.mark.slow)])
async def test_the_ramdisk_comes_by_a_private_network(lab, tmp_path, way):
    """Inspected, since any job of the ramdisk comes the same way."""
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, "bios", [{"size_mib": 32}], "virtio", {"private": "lab"})
        jobs = lab.jobs(world)
        job = await ended(jobs, (await jobs.start("inspect", "n1", {"way": way}, OPERATOR)).id, node)
        assert job.state is JobState.COMPLETED, job
        assert ("fetches the boot script" in repr(job.messages)) is (way == "Network")
        await jobs.close()


@pytest.mark.parametrize(
    ("firmware", "bus", "model"),
    [
        ("bios", "nvme", "e1000e"),
        *(pytest.param("bios", bus, "e1000e", marks=pytest.mark.slow) for bus in BUSES[:3]),
        *(pytest.param("uefi", bus, "e1000e", marks=pytest.mark.slow) for bus in BUSES),
    ],
)
async def test_a_node_is_reinstalled_on_any_bus_by_any_card(lab, tmp_path, firmware, bus, model):
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, firmware, [{"size_mib": 256, "bus": bus}], model)
        jobs = lab.jobs(world)
        job = await jobs.start("reinstall", "n1", request("lightsout-mini"), OPERATOR)
        job = await ended(jobs, job.id, node, LONG)
        assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
        assert job.details["proofs"] == ["phone-home", "serial-nonce"]
        assert node.snapshot.boot == NO_OVERRIDE
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
        await jobs.close()
