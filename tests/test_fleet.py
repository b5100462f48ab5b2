"""Nodes that come, change and go, and what becomes of them when that fails halfway."""

from pathlib import Path
from uuid import uuid4

import pytest

from bmc.model.errors import BackendFailed, Busy
from bmc.model.node import NodeDefinition
from bmc.ports import Backend
from tests.world import ADMIN, MemoryDrivers, open_world


class Picky(MemoryDrivers):
    """Opens no node whose options say that it is broken."""

    async def open(self, definition: NodeDefinition) -> Backend:
        if definition.options.get("broken"):
            raise BackendFailed("it cannot be opened")
        return await super().open(definition)


async def test_a_change_that_cannot_be_opened_leaves_the_node_as_it_was(tmp_path: Path) -> None:
    path, drivers = tmp_path / "db", Picky()
    async with open_world(path, drivers) as world:
        await world.add()
        with pytest.raises(BackendFailed):
            await world.fleet.change("n1", {"broken": True}, ADMIN)
        assert world.fleet.node("n1").snapshot.definition.options == {}
    async with open_world(path, drivers) as world:
        assert world.fleet.node("n1").snapshot.definition.options == {}


async def test_a_node_that_cannot_be_opened_is_not_created(tmp_path: Path) -> None:
    async with open_world(tmp_path / "db", Picky()) as world:
        with pytest.raises(BackendFailed):
            await world.fleet.create(NodeDefinition("n1", uuid4(), "memory", {"broken": True}), ADMIN)
        await world.add("n1")


async def test_a_removal_cut_off_halfway_can_be_done_again_after_a_restart(tmp_path: Path) -> None:
    """Else a new node of the same name would inherit the disk and the IPMI users of the old one."""
    path, drivers = tmp_path / "db", MemoryDrivers()
    async with open_world(path, drivers) as world:
        _, server = await world.add()

        async def dies() -> None:
            raise BackendFailed("cut off")

        server.erase = dies  # type: ignore[method-assign]
        with pytest.raises(BackendFailed):
            await world.fleet.remove("n1", ADMIN)
    drivers.servers.clear()
    async with open_world(path, drivers) as world:
        await world.fleet.remove("n1", ADMIN)
        assert drivers.servers["n1"].erased
        await world.add("n1")


async def test_the_name_of_a_node_left_out_at_the_start_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "db"
    async with open_world(path, MemoryDrivers()) as world:
        await world.fleet.create(NodeDefinition("n1", uuid4(), "memory", {"broken": True}), ADMIN)
    async with open_world(path, Picky()) as world:
        with pytest.raises(Busy, match="could not be opened"):
            await world.add("n1")
