"""The SEL of a node: fed by events, once each, also by those of a service that was dead."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.commands import (
    AddSelEntry,
    ClearSel,
    DeleteSelEntry,
    EjectMedia,
    Identify,
    InsertMedia,
    Power,
    ResolveSelEntry,
    SetBootOverride,
    TellPlatformEvent,
)
from bmc.model.errors import InvalidRequest, NotFound, Refused
from bmc.model.events import Event, EventKind
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.model.sel import CAPACITY, SystemEvent
from bmc.node.node import Node
from bmc.records.sel import LAST_ID, SelKeeper
from bmc.store import Store, StoreFailed
from tests.clocks import PushedClock
from tests.world import ADMIN, MemoryDrivers, World, open_world, until

GUEST = Caller("host:n1", Role.ADMINISTRATOR, Scope(), Door.HOST)


@asynccontextmanager
async def pushed_world(path: Path) -> AsyncIterator[tuple[World, Node, PushedClock]]:
    """With one node, whose time goes on when it is pushed."""
    drivers, clock = MemoryDrivers(), PushedClock()
    drivers.clock = clock
    async with open_world(path / "store.db", drivers) as world:
        node, _ = await world.add()
        yield world, node, clock


def messages(sel: object) -> list[str]:
    return [entry.message for entry in sel.entries]  # type: ignore[attr-defined]


async def test_power_media_and_identify_are_in_the_sel_in_order(world: World):
    node, _ = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    await node.do(InsertMedia("cd0", "rescue.iso"), ADMIN)
    await node.do(EjectMedia("cd0"), ADMIN)
    await node.do(Identify(None), ADMIN)
    await until(lambda: len(node.snapshot.sel.entries) == 4)
    assert [entry.id for entry in node.snapshot.sel.entries] == [1, 2, 3, 4]
    assert messages(node.snapshot.sel) == [
        "n1 is On (command)",
        "rescue.iso inserted into cd0 of n1",
        "cd0 of n1 ejected",
        "the identify light of n1 is on",
    ]
    on = SystemEvent.unpack(node.snapshot.sel.entries[0].data)
    assert (on.sensor_type, on.asserted, on.data[0] & 0x0F) == (0x1D, True, 0)


async def test_a_node_that_nobody_switched_off_is_a_failure_and_no_power_off(world: World):
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    server.become(PowerState.OFF, PowerCause.PROCESS_DIED, reason="it was killed")
    await until(lambda: len(node.snapshot.sel.entries) == 2)
    died = SystemEvent.unpack(node.snapshot.sel.entries[1].data)
    assert (died.sensor_type, died.data[0] & 0x0F) == (0x09, 0x06)


async def test_a_restart_keeps_the_sel_and_records_nothing_twice(tmp_path: Path):
    drivers, path = MemoryDrivers(), tmp_path / "store.db"
    async with open_world(path, drivers) as world:
        node, _ = await world.add()
        await node.do(Power(PowerAction.ON), ADMIN)
        await until(lambda: node.snapshot.sel.entries)
        before = node.snapshot.sel
    async with open_world(path, drivers) as world:
        assert world.fleet.node("n1").snapshot.sel == before


async def test_what_was_published_while_nobody_recorded_is_recorded_at_the_next_start(tmp_path: Path):
    drivers, path = MemoryDrivers(), tmp_path / "store.db"
    async with open_world(path, drivers) as world:
        await world.add()
    async with open_world(path, MemoryDrivers()) as world:
        pass
    async with open_world(path, drivers) as world:
        node = world.fleet.node("n1")
        assert node.snapshot.sel.entries == ()
        await world.events.publish(Event(EventKind.ACCOUNT_LOCKED, "locked", 0, "n1"))
        await until(lambda: messages(node.snapshot.sel) == ["locked"])


async def test_a_new_node_does_not_inherit_the_log_of_its_namesake(world: World):
    node, _ = await world.add()
    await node.do(Identify(None), ADMIN)
    await until(lambda: node.snapshot.sel.entries)
    await world.fleet.remove("n1", ADMIN)
    node, _ = await world.add()
    assert node.snapshot.sel.entries == ()


async def test_records_are_added_deleted_and_cleared(world: World):
    node, _ = await world.add()
    assert await node.do(AddSelEntry(0x02, bytes(9)), ADMIN) == 1
    assert await node.do(AddSelEntry(0xE0, bytes(13)), ADMIN) == 2
    await node.do(DeleteSelEntry(1), ADMIN)
    assert [(entry.id, entry.stamp is None) for entry in node.snapshot.sel.entries] == [(2, True)]
    with pytest.raises(NotFound, match="0001h"):
        await node.do(DeleteSelEntry(1), ADMIN)
    await node.do(ClearSel(), ADMIN)
    assert node.snapshot.sel.entries == ()
    assert node.snapshot.sel.erased is not None
    told = await world.told(EventKind.SEL_CLEARED)
    assert [event.details["records"] for event in told] == [1]


async def test_a_guest_that_tells_without_end_is_in_its_sel_whole_and_in_the_events_at_a_pace(world: World):
    node, _ = await world.add()
    for number in range(200):
        await node.do(TellPlatformEvent(SystemEvent(0x12, 1, 0x6F, bytes((number,)))), GUEST)
    await node.do(AddSelEntry(0x02, bytes(9)), GUEST)
    await until(lambda: len(node.snapshot.sel.entries) == 201)
    told = [SystemEvent.unpack(entry.data).data[0] for entry in node.snapshot.sel.entries]
    assert sorted(told[:200]) == list(range(200))
    assert all(entry.message.startswith("platform event of n1") for entry in node.snapshot.sel.entries[:-1])
    published = len(await world.told(EventKind.PLATFORM_EVENT))
    assert 30 <= published <= 40
    audited = [record.action for record in await world.audit.newest(1000, "n1")]
    assert audited.count("platform-event") == 20
    assert audited.count("add-sel-entry") == 1
    await node.do(TellPlatformEvent(SystemEvent(0x12, 1, 0x6F, b"\x01")), ADMIN)
    assert len(await world.told(EventKind.PLATFORM_EVENT)) == published + 1


async def test_a_guest_that_sets_its_boot_device_without_end_fills_no_log_and_its_power_is_always_told(world: World):
    node, _ = await world.add()
    for _ in range(50):
        for target in (BootTarget.PXE, BootTarget.HDD):
            await node.do(SetBootOverride(BootOverride(target, BootEnabled.ONCE)), GUEST)
    await node.do(Power(PowerAction.ON), GUEST)
    assert 30 <= len(await world.told(EventKind.BOOT_OVERRIDE_SET)) <= 40
    (changed,) = await world.told(EventKind.POWER_CHANGED)
    assert changed.account == "host:n1"
    audited = [record.action for record in await world.audit.newest(1000, "n1") if record.door is Door.HOST]
    assert (audited.count("boot-override"), audited.count("power")) == (20, 1)


async def test_the_next_event_of_a_guest_tells_how_many_were_held_back(tmp_path: Path):
    async with pushed_world(tmp_path) as (world, node, clock):
        for _ in range(35):
            await node.do(TellPlatformEvent(SystemEvent(0x12, 1, 0x6F, b"\x01")), GUEST)
        await clock.advance(10)
        await node.do(TellPlatformEvent(SystemEvent(0x12, 1, 0x6F, b"\x01")), GUEST)
        told = [event.message for event in await world.told(EventKind.PLATFORM_EVENT)]
        assert (len(told), told[-1].partition("; ")[2]) == (31, "5 more before, held back, were not published")


async def test_the_last_that_a_guest_set_is_told_in_the_end_though_nothing_more_comes(tmp_path: Path):
    async with pushed_world(tmp_path) as (world, node, clock):
        for target in (BootTarget.PXE, BootTarget.HDD) * 20:
            await node.do(SetBootOverride(BootOverride(target, BootEnabled.ONCE)), GUEST)
        assert len(await world.told(EventKind.BOOT_OVERRIDE_SET)) == 30
        await until(lambda: clock.waited_for(10))
        await clock.advance(10)
        async with asyncio.timeout(30):
            while len(told := await world.told(EventKind.BOOT_OVERRIDE_SET)) < 31:  # noqa: ASYNC110 - told a moment later
                await asyncio.sleep(0.01)
        assert told[-1].details["target"] == BootTarget.HDD.value
        assert told[-1].message.endswith("; 9 more before, held back, were not published")


@pytest.mark.parametrize(("kind", "data"), [(0x02, bytes(8)), (0x03, bytes(9)), (0xE0, bytes(9))])
async def test_a_record_of_no_form_is_refused(world: World, kind: int, data: bytes):
    node, _ = await world.add()
    with pytest.raises(InvalidRequest):
        await node.do(AddSelEntry(kind, data), ADMIN)


async def test_a_full_sel_drops_what_comes_and_says_so(world: World):
    keeper = await SelKeeper.open(world.store, "n9", SystemClock())
    for _ in range(CAPACITY):
        await keeper.add(0xE0, bytes(13))
    with pytest.raises(Refused, match="full"):
        await keeper.add(0x02, bytes(9))
    assert keeper.sel.overflow
    await keeper.clear()
    assert not keeper.sel.overflow


async def test_ids_wrap_past_those_in_use(world: World):
    keeper = await SelKeeper.open(world.store, "n9", SystemClock())
    await keeper.add(0xE0, bytes(13))
    keeper._last_id = LAST_ID
    assert await keeper.add(0xE0, bytes(13)) == 2


async def test_the_clock_of_the_sel_is_its_own(world: World):
    keeper = await SelKeeper.open(world.store, "n9", SystemClock())
    await keeper.set_clock(1000, -60)
    await keeper.add(0x02, bytes(9))
    assert 1000 <= (keeper.sel.entries[0].stamp or 0) <= 1002
    again = await SelKeeper.open(world.store, "n9", SystemClock())
    assert again.sel == keeper.sel
    with pytest.raises(InvalidRequest, match="UTC offset"):
        await keeper.set_clock(None, 1441)


class FullStore(Store):
    """A store whose disk is full after `room` more writes."""

    room: int | None = None

    async def put(self, *arguments: Any, **more: Any) -> int:
        self._take()
        return await super().put(*arguments, **more)

    async def delete(self, *arguments: Any, **more: Any) -> None:
        self._take()
        await super().delete(*arguments, **more)

    async def clear(self, bucket: str) -> None:
        self._take()
        await super().clear(bucket)

    def _take(self) -> None:
        if self.room is not None:
            if self.room == 0:
                raise StoreFailed("no space left")
            self.room -= 1


@pytest.mark.parametrize("room", [0, 1])
@pytest.mark.parametrize("change", ["add", "delete", "clear"])
async def test_what_a_full_disk_refused_is_not_there_after_a_restart_either(tmp_path: Path, change: str, room: int):
    async with FullStore.open(tmp_path / "store.db") as store:
        assert isinstance(store, FullStore)
        keeper = await SelKeeper.open(store, "n1", SystemClock())
        for number in range(3):
            await keeper.add(0x02, bytes([number] * 9))
        store.room, refused = room, False
        try:
            match change:
                case "add":
                    await keeper.add(0x02, bytes(9))
                case "delete":
                    await keeper.delete(2)
                case _:
                    await keeper.clear()
        except StoreFailed:
            refused = True
        assert refused == (len(keeper.sel.entries) == 3)
        store.room = None
        again = await SelKeeper.open(store, "n1", SystemClock())
        assert again.sel == keeper.sel
        assert await again.add(0x02, bytes(9)) not in {entry.id for entry in keeper.sel.entries}


async def test_records_stay_in_their_order_when_the_clock_of_the_host_was_set_back(tmp_path: Path):
    clock = SetClock()
    async with Store.open(tmp_path / "store.db") as store:
        keeper = await SelKeeper.open(store, "n1", clock)
        await keeper.add(0x02, bytes(9))
        clock.set_back += 3600
        await keeper.add(0x02, bytes(9))
        assert (await SelKeeper.open(store, "n1", clock)).sel == keeper.sel


class SetClock(SystemClock):
    set_back = 0.0

    def now(self) -> float:
        return super().now() - self.set_back


async def test_what_was_resolved_stays_so_and_is_forgotten_with_its_record(tmp_path: Path):
    drivers, path = MemoryDrivers(), tmp_path / "store.db"
    async with open_world(path, drivers) as world:
        node, _ = await world.add()
        for _ in range(3):
            await node.do(AddSelEntry(0xE0, bytes(13)), ADMIN)
        for id in (1, 2, 3):
            await node.do(ResolveSelEntry(id, True), ADMIN)
        await node.do(ResolveSelEntry(3, False), ADMIN)
        with pytest.raises(NotFound, match="no record 0004h"):
            await node.do(ResolveSelEntry(4, True), ADMIN)
        told = len(await world.told(EventKind.SEL_CHANGED))
        await node.do(ResolveSelEntry(1, True), ADMIN)
        assert len(await world.told(EventKind.SEL_CHANGED)) == told
    async with open_world(path, drivers) as world:
        node = world.fleet.node("n1")
        assert node.snapshot.sel.resolved == {1, 2}
        assert [entry.id for entry in node.snapshot.sel.entries] == [1, 2, 3]
        assert await node.do(AddSelEntry(0xE0, bytes(13)), ADMIN) == 4
        await node.do(DeleteSelEntry(1), ADMIN)
        assert node.snapshot.sel.resolved == {2}
        await node.do(ClearSel(), ADMIN)
        assert await node.do(AddSelEntry(0xE0, bytes(13)), ADMIN) == 1
        assert node.snapshot.sel.resolved == frozenset()
