"""The FRU inventory of a node: real fields from the start, kept once written, gone with the node."""

from pathlib import Path
from uuid import UUID

import pytest

from bmc.ipmi.wire.fru import BoardArea, ChassisArea, ChassisType, Fru, ProductArea
from bmc.model.commands import SetAssetTag, WriteFru
from bmc.model.errors import InvalidRequest
from bmc.model.events import EventKind
from bmc.model.node import Hardware, NodeDefinition
from bmc.records.fru import SIZE, FruKeeper, inventory
from tests.world import ADMIN, OPERATOR, MemoryDrivers, World, open_world


def product(data: bytes) -> ProductArea:
    found = inventory(data).product
    assert found is not None
    return found


async def test_a_node_that_tells_nothing_has_its_uuid_for_a_serial_number(world: World):
    node, _ = await world.add()
    data = node.snapshot.fru
    uuid = str(node.snapshot.definition.uuid)
    assert (len(data), inventory(data)) == (SIZE, Fru(ChassisArea(), None, ProductArea(serial=uuid)))


async def test_it_follows_the_hardware_until_it_is_written(world: World):
    node, _ = await world.add()
    keeper = await FruKeeper.open(world.store, NodeDefinition("n9", node.snapshot.definition.uuid, "memory"))
    keeper.describe(Hardware("Acme", "Box 日本", "S1", accelerator="kvm"))
    assert inventory(keeper.data) == Fru(
        ChassisArea(ChassisType.OTHER, serial="S1"),
        BoardArea("Acme", "Box ??", "S1"),
        ProductArea("Acme", "Box ??", serial="S1"),
    )
    await keeper.set_asset_tag("rack 7")
    keeper.describe(Hardware("Other", "Thing", "S2"))
    assert (product(keeper.data).serial, product(keeper.data).asset_tag) == ("S1", "rack 7")


async def test_hardware_with_names_of_any_length_fits(world: World):
    keeper = await FruKeeper.open(world.store, NodeDefinition("n9", UUID(int=7), "memory"))
    keeper.describe(Hardware("m" * 200, "p" * 200, "s" * 200))
    await keeper.set_asset_tag("t" * 63)
    assert len(keeper.data) == SIZE


async def test_what_was_written_outlives_the_service(tmp_path: Path):
    drivers, path = MemoryDrivers(), tmp_path / "store.db"
    async with open_world(path, drivers) as world:
        node, _ = await world.add()
        await node.do(SetAssetTag("rack 7"), OPERATOR)
        await node.do(WriteFru(1000, b"mine"), OPERATOR)
        before = node.snapshot.fru
        assert before[1000:1004] == b"mine"
    async with open_world(path, drivers) as world:
        assert world.fleet.node("n1").snapshot.fru == before


async def test_a_namesake_does_not_inherit_it(world: World):
    node, _ = await world.add()
    await node.do(SetAssetTag("rack 7"), ADMIN)
    await world.fleet.remove("n1", ADMIN)
    node, _ = await world.add()
    assert product(node.snapshot.fru).asset_tag == ""


async def test_what_cannot_be_written_is_refused_and_changes_nothing(world: World):
    node, _ = await world.add()
    before = node.snapshot.fru
    with pytest.raises(InvalidRequest, match="1024"):
        await node.do(WriteFru(SIZE - 1, b"ab"), ADMIN)
    with pytest.raises(InvalidRequest, match="room for 63"):
        await node.do(SetAssetTag("x" * 64), ADMIN)
    assert node.snapshot.fru == before


async def test_a_damaged_inventory_has_nothing_to_tell_and_takes_no_asset_tag(world: World):
    node, _ = await world.add()
    await node.do(WriteFru(0, b"\xff"), ADMIN)
    assert inventory(node.snapshot.fru) == Fru()
    with pytest.raises(InvalidRequest, match="format version"):
        await node.do(SetAssetTag("x"), ADMIN)


async def test_a_burst_of_writes_is_one_event_and_each_is_in_the_audit(world: World):
    node, _ = await world.add()
    for offset in range(0, 64, 16):
        await node.do(WriteFru(offset + 512, bytes(16)), ADMIN)
    assert await world.told(EventKind.FRU_WRITTEN) == []
    assert node._fru_part._telling is not None
    await node._fru_part._telling
    (event,) = await world.told(EventKind.FRU_WRITTEN)
    assert (event.account, event.message) == ("admin", "admin wrote into the FRU inventory of n1")
    written = [record.details for record in await world.audit.read() if record.action == "write-fru"]
    assert len(written) == 4
    assert {"offset": 512, "length": 16} in written


async def test_a_write_is_told_also_when_the_service_ends_at_once(tmp_path: Path):
    drivers, path = MemoryDrivers(), tmp_path / "store.db"
    async with open_world(path, drivers) as world:
        node, _ = await world.add()
        await node.do(SetAssetTag("rack 7"), OPERATOR)
    async with open_world(path, drivers) as world:
        assert len(await world.told(EventKind.FRU_WRITTEN)) == 1
