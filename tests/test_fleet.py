"""Nodes that come, change and go, and what becomes of them when that fails halfway."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.commands import ConfirmPower, Power, Reserve, SerialConsole
from bmc.model.errors import BackendFailed, Busy, Denied, NotSupported, WrongState
from bmc.model.events import EventKind, Severity
from bmc.model.node import NodeDefinition
from bmc.model.power import Health, PowerAction, PowerState
from bmc.ports import Backend
from bmc.store import StoreFailed
from tests.redfish.service import ConsoleDrivers
from tests.world import ADMIN, OPERATOR, VIEWER, MemoryDrivers, World, open_world


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


class Slow(MemoryDrivers):
    """A node named slow takes until it is `awake`."""

    awake = asyncio.Event()

    async def open(self, definition: NodeDefinition) -> Backend:
        if definition.name == "slow":
            await self.awake.wait()
        return await super().open(definition)


async def test_a_node_that_is_slow_to_open_holds_up_no_other_and_keeps_its_name(tmp_path: Path) -> None:
    drivers = Slow()
    async with open_world(tmp_path / "db", drivers) as world:
        slow = asyncio.create_task(world.add("slow"))
        await asyncio.sleep(0)
        await asyncio.wait_for(world.add("quick"), 5)
        with pytest.raises(Busy, match="there is a node slow already"):
            await world.add("slow")
        drivers.awake.set()
        await slow
        assert [node.snapshot.name for node in world.fleet.visible(ADMIN)] == ["quick", "slow"]


async def test_a_removal_that_fails_halfway_can_be_done_again(tmp_path: Path) -> None:
    """Else a new node of the same name would inherit the disk and the IPMI users of the old one."""
    async with open_world(tmp_path / "db") as world:
        _, server = await world.add()
        erase = server.erase

        async def dies() -> None:
            raise BackendFailed("cut off")

        server.erase = dies  # type: ignore[method-assign]
        with pytest.raises(BackendFailed):
            await world.fleet.remove("n1", ADMIN)
        server.erase = erase  # type: ignore[method-assign]
        await world.fleet.remove("n1", ADMIN)
        assert server.erased
        await world.add("n1")


async def test_a_removal_cut_off_by_the_end_of_the_service_can_be_done_again(tmp_path: Path) -> None:
    path, drivers = tmp_path / "db", MemoryDrivers()
    async with open_world(path, drivers) as world:
        _, server = await world.add()

        async def dies() -> None:
            raise asyncio.CancelledError

        server.erase = dies  # type: ignore[method-assign]
        with pytest.raises(asyncio.CancelledError):
            await world.fleet.remove("n1", ADMIN)
    drivers.servers.clear()
    async with open_world(path, drivers) as world:
        await world.fleet.remove("n1", ADMIN)
        assert drivers.servers["n1"].erased
        await world.add("n1")


async def test_a_node_that_cannot_be_opened_at_the_start_is_shown_with_the_reason(tmp_path: Path) -> None:
    path, drivers = tmp_path / "db", Picky()
    async with open_world(path) as world:
        await world.fleet.create(NodeDefinition("n1", uuid4(), "memory", {"broken": True}), ADMIN)
    async with open_world(path, drivers) as world:
        (node,) = world.fleet.visible(VIEWER)
        shown = node.snapshot
        assert (shown.power, shown.health, shown.actions) == (PowerState.UNKNOWN, Health.CRITICAL, frozenset())
        assert "it cannot be opened" in shown.reason
        assert [event.severity for event in await world.told(EventKind.NODE_CHANGED)] == [Severity.CRITICAL]
        with pytest.raises(NotSupported, match="it cannot be opened"):
            await node.do(Power(PowerAction.ON), ADMIN)
        with pytest.raises(NotSupported, match="it cannot be opened"):
            await node.do(ConfirmPower(PowerState.OFF), ADMIN)
        with pytest.raises(WrongState, match="it cannot be opened"):
            await world.fleet.remove("n1", ADMIN)
        with pytest.raises(Busy):
            await world.add("n1")
        with pytest.raises(BackendFailed):
            await world.fleet.change("n1", {"other": 1}, ADMIN)
        assert world.fleet.node("n1").snapshot.power is PowerState.UNKNOWN
        mended = await world.fleet.change("n1", {"broken": False}, ADMIN)
        assert mended.snapshot.power is PowerState.OFF
        await world.fleet.remove("n1", ADMIN)


async def test_tags_change_while_a_node_runs_and_close_the_consoles_of_those_it_leaves(tmp_path: Path) -> None:
    near = Caller("nora", Role.OPERATOR, Scope(all_nodes=False, tags=frozenset({"near"})), Door.WEB)
    path, drivers = tmp_path / "db", ConsoleDrivers()
    async with open_world(path, drivers) as world:
        node, _ = await world.add()
        await node.do(Power(PowerAction.ON), ADMIN)
        with pytest.raises(Denied):
            await node.open(SerialConsole(replay=0), near)
        assert await world.fleet.change("n1", {}, ADMIN, frozenset({"near", "old"})) is node
        mine, others = await node.open(SerialConsole(replay=0), near), await node.open(SerialConsole(replay=0), ADMIN)
        await world.fleet.change("n1", {}, ADMIN, frozenset({"far"}))
        assert world.fleet.visible(near) == []
        assert node.snapshot.power is PowerState.ON
        assert await mine.read() == b""
        await others.write(b"still mine")
        assert drivers.lines["n1"].stream.written == b"still mine"
        with pytest.raises(WrongState):
            await world.fleet.change("n1", {"cpus": 2}, ADMIN)
    async with open_world(path) as world:
        assert world.fleet.node("n1").snapshot.definition.tags == {"far"}


@pytest.mark.parametrize("way", ["remove", "change"])
async def test_a_node_that_is_being_powered_on_is_neither_removed_nor_changed(tmp_path: Path, way: str) -> None:
    async with open_world(tmp_path / "db") as world:
        node, server = await world.add()
        server.gate.clear()
        powering = asyncio.create_task(node.do(Power(PowerAction.ON), ADMIN))
        await asyncio.sleep(0)
        doing = world.fleet.remove("n1", ADMIN) if way == "remove" else world.fleet.change("n1", {"cpus": 2}, ADMIN)
        with pytest.raises(Busy, match="a power action is under way"):
            await doing
        server.gate.set()
        assert await powering is PowerState.ON
        assert world.fleet.node("n1") is node
        assert not server.erased


async def test_a_node_that_was_removed_takes_no_command(tmp_path: Path) -> None:
    async with open_world(tmp_path / "db") as world:
        node, server = await world.add()
        await world.fleet.remove("n1", ADMIN)
        for command in (Power(PowerAction.ON), Reserve("mine")):
            with pytest.raises(Busy, match="is being removed"):
                await node.do(command, ADMIN)
        assert server.applied == []


async def test_a_fault_of_ours_makes_one_node_unopened_and_the_service_starts(tmp_path: Path) -> None:
    class Faulty(MemoryDrivers):
        async def open(self, definition: NodeDefinition) -> Backend:
            if definition.name == "n1":
                raise RuntimeError("nobody foresaw it")
            return await super().open(definition)

    path = tmp_path / "db"
    async with open_world(path) as world:
        for name in ("n1", "n2", "n3"):
            await world.add(name)
        await world.store.put("nodes", "n3", {"uuid": "none"})
    async with open_world(path, Faulty()) as world:
        states = {node.snapshot.name: node.snapshot.power for node in world.fleet.visible(ADMIN)}
        assert states == {"n1": PowerState.UNKNOWN, "n2": PowerState.OFF}
        assert {event.node for event in await world.told(EventKind.NODE_CHANGED)} == {"n1", "n3"}


async def test_a_change_that_cannot_be_stored_leaves_a_node_that_takes_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_world(tmp_path / "db") as world:
        await world.add()
        put = world.store.put

        async def full(bucket: str, *rest: Any, **how: Any) -> Any:
            if bucket == "nodes":
                raise StoreFailed("the disk is full")
            return await put(bucket, *rest, **how)

        monkeypatch.setattr(world.store, "put", full)
        with pytest.raises(StoreFailed):
            await world.fleet.change("n1", {"cpus": 2}, ADMIN)
        node = world.fleet.node("n1")
        assert node.snapshot.definition.options == {}
        assert await node.do(Power(PowerAction.ON), ADMIN) is PowerState.ON


async def test_who_administers_only_some_nodes_cannot_put_wires_of_real_hardware_into_one(tmp_path: Path) -> None:
    some = Caller("tara", Role.ADMINISTRATOR, Scope(all_nodes=False, tags=frozenset({"lab"})), Door.REDFISH)
    async with open_world(tmp_path / "db") as world:
        definition = NodeDefinition("n1", uuid4(), "hardware", {"power": {"coil": 0}}, frozenset({"lab"}))
        with pytest.raises(Denied, match="whole fleet"):
            await world.fleet.create(definition, some)
        await world.fleet.create(definition, ADMIN)
        with pytest.raises(Denied, match="whole fleet"):
            await world.fleet.change("n1", {"power": {"coil": 7}}, some)
        assert await world.fleet.node("n1").do(Power(PowerAction.ON), some) is PowerState.ON


@pytest.mark.parametrize(
    "options",
    [
        {"credential": "rack1"},
        {"bmc": {"adapter": "ipmi", "host": "192.0.2.1", "credential": "rack1"}},
        {"power": [{"adapter": "pdu"}, {"together": [{"adapter": "pdu", "credential": "rack1"}]}]},
        {"sense": ["modbus:di0", {"connection": "here"}]},
        {"power": {"adapter": "fence", "community_credential": "rack1"}},
    ],
)
async def test_who_administers_only_some_nodes_cannot_name_a_credential_at_any_depth(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    some = Caller("tara", Role.ADMINISTRATOR, Scope(all_nodes=False, tags=frozenset({"lab"})), Door.REDFISH)
    async with open_world(tmp_path / "db") as world:
        definition = NodeDefinition("n1", uuid4(), "memory", options, frozenset({"lab"}))
        with pytest.raises(Denied, match="whole fleet"):
            await world.fleet.create(definition, some)
        await world.fleet.create(definition, ADMIN)
        with pytest.raises(Denied, match="whole fleet"):
            await world.fleet.change("n1", {"host": "198.51.100.1"}, some)
        named = world.fleet.using_credential("rack1")
        assert named == ([] if "connection" in str(options) else ["n1"])


async def test_the_audit_tells_what_was_changed_of_a_node_and_who_was_refused(world: World):
    node, _ = await world.add()
    name = node.snapshot.name
    await world.fleet.change(name, {"password": "SECRET"}, ADMIN, frozenset({"rack1"}))
    (record,) = [each for each in await world.audit.read() if each.action == "change-node"]
    assert record.details == {"options": ["password"], "tags": ["rack1"], "tags_before": []}
    definition = NodeDefinition("n2", uuid4(), "memory")
    for refused in (
        world.fleet.create(definition, OPERATOR),
        world.fleet.change(name, {}, OPERATOR),
        world.fleet.remove(name, OPERATOR),
    ):
        with pytest.raises(Denied):
            await refused
    told = [(each.action, each.target, each.account) for each in await world.audit.read() if each.outcome == "Denied"]
    who = OPERATOR.account
    assert told == [("create-node", "", who), ("change-node", name, who), ("remove-node", name, who)]
