"""What a node refuses, keeps and tells, beside its power."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from bmc.model.boot import BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.commands import (
    EjectMedia,
    Identify,
    InsertDeployMedium,
    InsertMedia,
    Power,
    Release,
    Reserve,
    SerialConsole,
    SetBootOverride,
)
from bmc.model.errors import Busy, Denied, InvalidRequest, NotFound, NotSupported, WrongState
from bmc.model.events import EventKind
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction
from tests.world import ADMIN, OPERATOR, VIEWER, MemoryDrivers, World, open_world, until

JOB = Caller("admin", Role.ADMINISTRATOR, Scope(), Door.JOB, job="j1")


async def test_a_viewer_may_not_act_and_the_attempt_is_audited(world: World) -> None:
    node, server = await world.add()
    with pytest.raises(Denied):
        await node.do(Power(PowerAction.ON), VIEWER)
    assert server.applied == []
    record = (await world.audit.read(limit=100))[-1]
    assert (record.account, record.action, record.target, record.outcome) == ("vera", "power", "n1", "Denied")


async def test_a_scope_hides_and_guards_the_other_nodes(world: World) -> None:
    node, _ = await world.add("n1")
    await world.add("n2")
    mine = replace(OPERATOR, scope=Scope(all_nodes=False, nodes=frozenset({"n2"})))
    assert [each.snapshot.name for each in world.fleet.visible(mine)] == ["n2"]
    with pytest.raises(Denied):
        await node.do(Power(PowerAction.ON), mine)


async def test_a_reservation_keeps_everyone_else_out_with_its_reason(world: World) -> None:
    node, _ = await world.add()
    await node.do(Reserve("changing a disk"), OPERATOR)
    with pytest.raises(Busy, match="n1 is reserved by olga: changing a disk"):
        await node.do(Power(PowerAction.ON), ADMIN)
    await node.do(Power(PowerAction.ON), OPERATOR)
    with pytest.raises(InvalidRequest, match="takes a note"):
        await node.do(Release(), ADMIN)
    with pytest.raises(Busy, match="ask them, or an administrator"):
        await node.do(Release("I need it"), replace(OPERATOR, account="oleg"))
    await node.do(Release("olga is on leave"), ADMIN)
    await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
    assert [event.message for event in await world.told(EventKind.RELEASED)] == [
        "n1 released by admin: olga is on leave"
    ]
    told = {record.action: record.details for record in await world.audit.newest(node="n1") if record.outcome == "done"}
    assert (told["reserve"], told["release"]) == ({"reason": "changing a disk"}, {"note": "olga is on leave"})


async def test_a_reservation_with_an_end_ends_by_itself_also_one_whose_time_came_while_there_was_no_service(
    tmp_path: Path,
) -> None:
    drivers, path = MemoryDrivers(), tmp_path / "store.db"
    async with open_world(path, drivers) as world:
        node, _ = await world.add()
        with pytest.raises(InvalidRequest, match="ended already"):
            await node.do(Reserve("late", time.time() - 1), OPERATOR)
        await node.do(Reserve("a new fan", time.time() + 3600), OPERATOR)
        with pytest.raises(Busy, match=r"n1 is reserved by olga: a new fan \(until 20..-..-..T..:..Z\)"):
            await node.do(Power(PowerAction.ON), ADMIN)
        await node.do(Reserve("a quick look", time.time() + 1), OPERATOR)
        (over,) = await world.heard(EventKind.RELEASED)
        assert (over.message, node.snapshot.reservation) == ("n1 released: the time of olga is up", None)
        await node.do(Reserve("a quick look", time.time() + 1), OPERATOR)
    async with open_world(path, drivers) as world:
        await world.heard(EventKind.RELEASED, 2)
        assert world.fleet.node("n1").snapshot.reservation is None


async def test_a_job_of_who_holds_a_node_goes_before_and_what_they_hold_comes_back(tmp_path: Path) -> None:
    drivers, path, job = MemoryDrivers(), tmp_path / "store.db", replace(JOB, account="olga")
    async with open_world(path, drivers) as world:
        node, _ = await world.add()
        await node.do(Reserve("a new disk"), OPERATOR)
        with pytest.raises(Busy, match="n1 is reserved by olga"):
            await node.do(Reserve("reinstall"), replace(job, account="admin"))
        await node.do(Reserve("reinstall"), job)
    async with open_world(path, drivers) as world:
        node = world.fleet.node("n1")
        await node.do(Reserve("reinstall"), job)
        with pytest.raises(Busy, match="n1 is reserved by job j1"):
            await node.do(Power(PowerAction.ON), OPERATOR)
        await node.do(Release(), job)
        assert node.snapshot.reservation
        assert (node.snapshot.reservation.holder, node.snapshot.reservation.reason) == ("olga", "a new disk")
        await node.do(Power(PowerAction.ON), OPERATOR)
        await node.do(Release(), OPERATOR)
        assert node.snapshot.reservation is None


async def test_a_jobs_reservation_passes_that_job_alone(world: World) -> None:
    node, _ = await world.add()
    await node.do(Reserve("reinstall"), JOB)
    await node.do(Power(PowerAction.ON), JOB)
    with pytest.raises(Busy, match="job j1"):
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
    with pytest.raises(Busy, match="cancel the job"):
        await node.do(Release(), ADMIN)
    await node.do(Release(), JOB)


async def test_a_medium_that_took_long_to_fetch_does_not_meet_a_reservation_made_meanwhile(world: World) -> None:
    node, server = await world.add()
    fetching, fetched = asyncio.Event(), asyncio.Event()

    async def slowly(image: str, private: bool) -> str:
        fetching.set()
        await fetched.wait()
        return f"/media/{image}"

    world.media.path = slowly  # type: ignore[method-assign]
    inserting = asyncio.create_task(node.do(InsertMedia("cd0", "slow.iso"), OPERATOR))
    await fetching.wait()
    await node.do(Reserve("reinstall"), JOB)
    fetched.set()
    with pytest.raises(Busy, match="job j1"):
        await inserting
    assert server.medium == ""


async def test_only_who_governs_the_fleet_has_a_medium_fetched_from_a_private_network(world: World) -> None:
    node, _ = await world.add()
    asked = []

    async def told(image: str, private: bool) -> str:
        asked.append(private)
        return f"/media/{image}"

    world.media.path = told  # type: ignore[method-assign]
    of_the_node = replace(ADMIN, scope=Scope.only("n1"))
    for caller in (OPERATOR, of_the_node, ADMIN):
        await node.do(InsertMedia("cd0", "http://192.0.2.1/x.iso"), caller)
    assert asked == [False, False, True]


async def test_media_are_inserted_swapped_and_ejected(world: World) -> None:
    node, _ = await world.add()
    await node.do(InsertMedia("cd0", "a.iso"), OPERATOR)
    await node.do(InsertMedia("cd0", "b.iso"), OPERATOR)
    assert node.snapshot.media[0].image == "b.iso"
    await node.do(EjectMedia("cd0"), OPERATOR)
    await node.do(EjectMedia("cd0"), OPERATOR)
    assert not node.snapshot.media[0].inserted
    with pytest.raises(NotFound, match="there is cd0"):
        await node.do(InsertMedia("dvd", "a.iso"), OPERATOR)


async def test_only_a_job_names_a_host_path(world: World) -> None:
    node, _ = await world.add()
    with pytest.raises(Denied):
        await node.do(InsertDeployMedium("cd0", "/etc/shadow"), ADMIN)


@pytest.mark.parametrize(
    "none", [BootOverride(BootTarget.NONE, BootEnabled.ONCE), BootOverride(BootTarget.PXE, BootEnabled.DISABLED)]
)
async def test_an_override_to_nothing_takes_the_one_before_away(world: World, none: BootOverride) -> None:
    node, server = await world.add()
    await node.do(SetBootOverride(BootOverride(BootTarget.PXE, BootEnabled.ONCE, BootMode.UEFI)), OPERATOR)
    assert node.snapshot.boot == server.override != BootOverride()
    await node.do(SetBootOverride(none), OPERATOR)
    assert node.snapshot.boot == server.override == BootOverride()


async def test_nobody_is_told_the_secret_in_the_url_of_a_medium(world: World) -> None:
    node, _ = await world.add()
    await node.do(InsertMedia("cd0", "http://files/a.iso?X-Amz-Signature=SECRET"), OPERATOR)
    assert node.snapshot.media[0].image == "http://files/a.iso"
    told = [*await world.events.history(limit=100), *await world.audit.read(limit=100)]
    assert "http://files/a.iso" in repr(told)
    assert "SECRET" not in repr(told)
    await node.do(InsertMedia("cd0", "what?.iso"), OPERATOR)
    assert node.snapshot.media[0].image == "what?.iso"


async def test_an_impossible_boot_target_is_refused_with_the_possible_ones(world: World) -> None:
    node, server = await world.add()
    server.targets = frozenset({BootTarget.HDD})
    with pytest.raises(InvalidRequest, match="this node can boot from Hdd"):
        await node.do(SetBootOverride(BootOverride(BootTarget.PXE, BootEnabled.ONCE)), OPERATOR)
    assert node.snapshot.boot == BootOverride()


async def test_identify_goes_off_by_itself(world: World) -> None:
    node, _ = await world.add()
    await node.do(Identify(1), OPERATOR)
    assert node.snapshot.identify
    await until(lambda: not node.snapshot.identify)
    await node.do(Identify(None), OPERATOR)
    await node.do(Identify(0), OPERATOR)
    assert [event.details["on"] for event in await world.told(EventKind.IDENTIFY_CHANGED)] == [True, False] * 2


async def test_a_console_that_is_not_there_is_said(world: World) -> None:
    node, _ = await world.add()
    with pytest.raises(NotSupported, match="no serial console"):
        await node.open(SerialConsole(), ADMIN)


async def test_nodes_come_and_go(world: World) -> None:
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    with pytest.raises(WrongState, match="power it off"):
        await world.fleet.remove("n1", ADMIN)
    await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
    with pytest.raises(Denied):
        await world.fleet.remove("n1", OPERATOR)
    await world.fleet.remove("n1", ADMIN)
    assert server.erased
    with pytest.raises(NotFound):
        world.fleet.node("n1")
    assert [event.kind for event in await world.events.history("n1")][-1] is EventKind.NODE_REMOVED


async def test_a_change_needs_a_node_that_is_off_unless_it_changes_nothing(world: World) -> None:
    node, _ = await world.add()
    assert await world.fleet.change("n1", {"cpus": 2}, ADMIN) is not node
    node = world.fleet.node("n1")
    await node.do(Power(PowerAction.ON), ADMIN)
    assert await world.fleet.change("n1", {"cpus": 2}, ADMIN) is node
    with pytest.raises(WrongState, match="before it can be changed"):
        await world.fleet.change("n1", {"cpus": 4}, ADMIN)


async def test_of_two_who_reserve_at_once_one_is_told_of_the_other(world: World) -> None:
    node, _ = await world.add()
    both = await asyncio.gather(node.do(Reserve("a"), ADMIN), node.do(Reserve("b"), OPERATOR), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["Busy", "NoneType"]


@pytest.mark.parametrize("option", ["credential", "connection"])
async def test_a_credential_of_the_fleet_is_not_for_those_who_administer_some_nodes(world: World, option: str) -> None:
    some = replace(ADMIN, scope=Scope(all_nodes=False, nodes=frozenset({"x1"})))
    definition = NodeDefinition("x1", uuid4(), "memory", {"host": "203.0.113.9", option: "rack1"})
    with pytest.raises(Denied):
        await world.fleet.create(definition, some)
    await world.fleet.create(definition, ADMIN)
    with pytest.raises(Denied):
        await world.fleet.change("x1", {"host": "203.0.113.66"}, some)


@pytest.mark.parametrize("name", ["", "N1", "-a", "a-", "a_b", "a/b", "../x", "a" * 64, "a\n"])
async def test_a_name_that_is_no_host_name_is_refused(world: World, name: str) -> None:
    with pytest.raises(InvalidRequest, match="host name"):
        await world.fleet.create(NodeDefinition(name, uuid4(), "memory"), ADMIN)


async def test_a_name_or_uuid_is_given_once(world: World) -> None:
    uuid = uuid4()
    both = await asyncio.gather(
        *(world.fleet.create(NodeDefinition("n1", uuid, "memory"), ADMIN) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in both) == ["Busy", "Node"]
    with pytest.raises(Busy, match="belongs to n1"):
        await world.fleet.create(NodeDefinition("n2", uuid, "memory"), ADMIN)
