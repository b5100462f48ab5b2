"""A node that is changed while it is on: what waits for its next power on, what cannot wait, and what is told of it."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from bmc.model.commands import Power, Release, Reserve
from bmc.model.errors import Busy, WrongState
from bmc.model.events import EventKind
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.node import Node
from bmc.node.power import PATIENCE
from bmc.virtual_node.files import NodeFiles
from tests.virtual_node.real_drivers import RealDrivers
from tests.virtual_node.rig import SMALL, Rig, kill_qemu
from tests.world import ADMIN, open_world

pytestmark = pytest.mark.guest


def words(files: NodeFiles) -> list[str]:
    """QEMU's command line."""
    pid = files.pid.read_text().split()[0]
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")


def shown(node: Node) -> tuple[int, int, int, dict[str, object]]:
    snapshot = node.snapshot
    hardware = snapshot.hardware
    return hardware.cpus, hardware.memory >> 20, len(hardware.disks), dict(snapshot.options_until_power_on)


async def test_changes_wait_for_the_next_power_on_also_over_a_restart_of_the_service(tmp_path: Path):
    """ForceRestart is a power on here, since QEMU cannot take them up in a reset."""
    path, drivers = tmp_path / "store" / "db", RealDrivers(tmp_path / "nodes")
    files = NodeFiles(tmp_path / "nodes" / "n1")
    try:
        async with open_world(path, drivers, PATIENCE) as world:
            node = await world.fleet.create(NodeDefinition("n1", uuid4(), "qemu", SMALL), ADMIN)
            await node.do(Power(PowerAction.ON), ADMIN)
            disks = [{"size_mib": 8}, {"size_mib": 16, "bus": "nvme"}]
            changed = await world.fleet.change("n1", {"cpus": 2, "memory_mib": 128, "disks": disks}, ADMIN)
            assert changed is node, "its consoles and its doors stay"
            (told,) = [e for e in await world.told(EventKind.NODE_CHANGED) if "was changed" in e.message]
            assert told.message == "n1 was changed; cpus, memory_mib, disks: from its next power on"
            before = shown(node)
            assert before[:3] == (1, 96, 1)
            assert (before[3]["cpus"], before[3]["memory_mib"]) == (1, 96)
            assert node.snapshot.definition.options["memory_mib"] == 128
            with pytest.raises(WrongState, match="firmware cannot wait"):
                await world.fleet.change("n1", {"firmware": "uefi"}, ADMIN)
            with pytest.raises(WrongState, match="or its last, cannot wait"):
                await world.fleet.change("n1", {"nics": [{}]}, ADMIN)
            await node.do(Reserve("mine"), ADMIN)
            with pytest.raises(Busy, match="mine"):
                await world.fleet.change("n1", {"cpus": 4}, ADMIN)
            await node.do(Release(), ADMIN)
        async with open_world(path, drivers, PATIENCE) as world:
            node = world.fleet.node("n1")
            assert node.snapshot.power is PowerState.ON
            assert shown(node) == before
            await node.do(Power(PowerAction.FORCE_RESTART), ADMIN)
            assert shown(node) == (2, 128, 2, {})
            line = words(files)
            assert (line[line.index("-smp") + 1], line[line.index("-m") + 1]) == ("2", "128M")
            await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
            await world.fleet.change("n1", {"memory_mib": 100}, ADMIN)
            assert shown(world.fleet.node("n1")) == (2, 100, 2, {})
    finally:
        kill_qemu(files)


async def test_the_way_back_is_no_change(make_rig: Callable[..., Rig]):
    rig = make_rig()
    rig.write_disk()
    await rig.start()
    await rig.power_on()
    shape = rig.backend.redefinition
    assert shape is not None
    options = {**SMALL, "memory_mib": 128}
    shape.take(options)
    assert set(shape.kept()) >= {"memory_mib"}
    assert rig.backend.inventory is not None
    assert rig.backend.inventory.hardware().memory == 96 << 20
    await rig.stop()
    await rig.start()
    assert rig.backend.redefinition is not None
    assert rig.backend.redefinition.kept() == {}, "it is what it is defined as"
