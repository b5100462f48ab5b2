"""The guest's side of a door, without a guest: frames in, frames out, and what waits for it is announced."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from bmc.accounts import Limits as SignInLimits
from bmc.accounts.lockout import Lockout
from bmc.ipmi.commands import TABLE
from bmc.ipmi.commands.call import IN_BAND_ONLY
from bmc.ipmi.config import ConfigKeeper, DoorConfig
from bmc.ipmi.door import NodeDoor
from bmc.ipmi.settings import Counters, DoorSettings
from bmc.ipmi.wire.numbers import NetFn, Privilege
from bmc.ipmi.wire.vm import HostRequest
from bmc.model.caller import Door, Role
from bmc.model.commands import Identify, NoteOsSeen, Power
from bmc.model.errors import Busy
from bmc.model.node import Endpoint
from bmc.model.power import PowerAction
from bmc.model.sel import Sel, SelEntry
from bmc.model.watchdog import PreTimeout, Watchdog, WatchdogSetting
from tests.clocks import HandClock, settle
from tests.ipmi.fakes import FakeNode, FakeSlots, MemoryBuckets
from tests.world import MemoryStream

OWN_AFFAIRS = {(NetFn.APP, 0x06), (NetFn.APP, 0x58), (NetFn.GROUP, 0x0A), (NetFn.SENSOR, 0x00)}
"""Takes an administrator on the LAN, but a system says it of itself: ACPI state, names and versions; one that takes no
value but the one it has."""

EVENT = SelEntry(7, 0x02, 1000, bytes.fromhex("2000 04 c1 05 6f 000000"), 1.0, "said by us")


@dataclass
class Bench:
    node: FakeNode
    clock: HandClock
    door: NodeDoor
    counters: Counters
    stream: MemoryStream

    async def send(self, data: bytes) -> bytes:
        """What comes back at once."""
        self.stream.written.clear()
        self.stream.incoming.put_nowait(data)
        await settle()
        return bytes(self.stream.written)

    async def code(self, netfn: int, command: int, data: bytes = b"") -> int:
        return (await self.send(HostRequest(1, netfn, 0, command, data).pack()))[3]

    async def plug(self) -> None:
        """As a service or a QEMU does that was started again."""
        self.stream.incoming.put_nowait(b"")
        await settle()
        self.stream = MemoryStream()
        self.node.system_interface.put_nowait(self.stream)
        await self.clock.advance(1.0)

    async def second(self) -> bytes:
        """What is said by itself when a second has passed."""
        self.stream.written.clear()
        self.door.expire()
        await settle()
        return bytes(self.stream.written)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    node, clock, counters, stream = FakeNode(), HandClock(), Counters(), MemoryStream()
    node.state = replace(node.state, has_host_interface=True)
    node.system_interface.put_nowait(stream)
    where, config = Endpoint("127.0.0.1", 6230), ConfigKeeper(MemoryBuckets(), "n1", DoorConfig())
    settings = DoorSettings()
    lockout = Lockout(clock, SignInLimits())
    door = NodeDoor(node, FakeSlots(), config, clock, settings, where, counters, lambda data, peer: None, lockout)
    door.start()
    await settle()
    yield Bench(node, clock, door, counters, stream)
    await door.close()


async def test_a_request_is_answered_and_the_guest_acts_as_itself_on_its_own_node(bench):
    answer = await bench.send(HostRequest(0xA0, NetFn.CHASSIS, 0, 0x04, b"\x00").pack())
    assert answer == HostRequest(0xA0, NetFn.CHASSIS, 0, 0x04).answer(0)
    [(noted, _), (command, caller)] = bench.node.done
    assert (noted, command) == (NoteOsSeen(), Identify(0))
    assert (caller.account, caller.role, caller.door) == ("host:n1", Role.ADMINISTRATOR, Door.HOST)
    assert caller.scope.covers("n1", frozenset())
    assert not caller.scope.covers("n2", frozenset())


@pytest.mark.parametrize("key", [key for key, row in TABLE.items() if row.guarded])
async def test_what_is_guarded_is_refused_to_the_guest(bench, key):
    assert await bench.code(*key, bytes(8)) == 0xD4


def test_what_takes_an_administrator_is_guarded_unless_it_is_the_guests_own_affair():
    for key, row in TABLE.items():
        if row.privilege == Privilege.ADMINISTRATOR:
            assert row.guarded is (key not in OWN_AFFAIRS), key


@pytest.mark.parametrize("key", [key for key, row in TABLE.items() if not row.guarded])
async def test_whatever_else_the_guest_asks_is_answered(bench, key):
    for length in (0, 1, 2, 3, 8, 40):
        assert await bench.send(HostRequest(1, *(key[0], 0, key[1]), bytes(length)).pack())


async def test_what_no_row_is_for_is_refused(bench):
    assert await bench.code(NetFn.APP, 0x34, bytes(8)) == 0xC1
    assert (await bench.send(HostRequest(1, NetFn.APP, 2, 0x01).pack()))[3] == 0xC2


async def test_noise_is_passed_over(bench):
    assert await bench.send(bytes(range(256)) * 40) == b""
    assert await bench.send(b"\xa0") == b""
    assert await bench.code(NetFn.APP, 0x01) == 0


async def test_qemu_gets_an_answer_before_it_gives_up(bench):
    bench.node.state = replace(bench.node.state, os_seen=True)
    bench.node.gate = asyncio.Event()
    assert await bench.send(HostRequest(1, NetFn.STORAGE, 0, 0x44, bytes(16)).pack()) == b""
    await bench.clock.advance(3.0)
    assert bench.stream.written[3] == 0xC3
    bench.node.gate.set()
    assert await bench.code(NetFn.APP, 0x01) == 0


async def test_what_goes_on_longer_is_accepted_as_on_the_lan(bench):
    bench.node.state = replace(bench.node.state, os_seen=True)
    bench.node.gate = asyncio.Event()
    assert await bench.send(HostRequest(1, NetFn.CHASSIS, 0, 0x02, b"\x03").pack()) == b""
    await bench.clock.advance(0.8)
    assert bench.stream.written[3] == 0
    assert bench.node.done[0][0] == Power(PowerAction.FORCE_RESTART)
    bench.node.gate.set()


async def test_a_node_that_somebody_holds_still_answers_its_guest(bench):
    bench.node.fault = Busy("n1 is reserved by olga")
    assert await bench.code(NetFn.APP, 0x01) == 0
    assert await bench.code(NetFn.CHASSIS, 0x04, b"\x00") == 0xC0


async def test_the_interface_works_again_after_a_restart_of_either_side(bench):
    assert await bench.code(NetFn.APP, 0x2E, b"\x0b") == 0
    await bench.plug()
    assert await bench.code(NetFn.APP, 0x01) == 0
    assert (await bench.send(HostRequest(1, NetFn.APP, 0, 0x2F).pack()))[4] == 0x08


async def test_interrupts_are_on_while_the_guest_wants_them(bench):
    assert (await bench.send(HostRequest(1, NetFn.APP, 0, 0x2E, b"\x09").pack())).endswith(b"\x05\xa1")
    assert (await bench.send(HostRequest(1, NetFn.APP, 0, 0x2E, b"\x08").pack())).endswith(b"\x06\xa1")
    assert await bench.code(NetFn.APP, 0x2E, b"\x01") == 0xCC, "the event log stays on"


async def test_a_set_in_progress_ends_with_the_machine_that_began_it(bench):
    progress = HostRequest(1, NetFn.CHASSIS, 0, 0x09, b"\x00\x00\x00").pack()
    assert await bench.code(NetFn.CHASSIS, 0x08, b"\x00\x01") == 0
    assert (await bench.send(progress))[6] == 1
    assert await bench.send(b"\x04\xa1") == b""
    assert (await bench.send(progress))[6] == 0


async def test_an_event_waits_in_the_buffer_once_the_guest_has_enabled_it(bench):
    assert await bench.code(NetFn.APP, 0x35) == 0x80
    assert await bench.code(NetFn.APP, 0x2E, b"\x0f") == 0
    others = replace(EVENT, id=8, at=2.0, message="")
    later = replace(EVENT, id=9, at=3.0)
    bench.node.state = replace(bench.node.state, sel=Sel((EVENT, others, later)))
    assert await bench.second() == b"\x02\xa1", "attention, with an interrupt"
    assert await bench.second() == b""
    assert (await bench.send(HostRequest(1, NetFn.APP, 0, 0x31).pack()))[4] == 0x02
    first, second = [await bench.send(HostRequest(1, NetFn.APP, 0, 0x35).pack()) for _ in range(2)]
    assert (first[3:5], second[3:5]) == (b"\x00\x07", b"\x00\x09")
    assert second.endswith(b"\x00\xa1"), "no attention any more"
    assert await bench.code(NetFn.APP, 0x35) == 0x80


async def test_a_watchdog_about_to_expire_is_announced_once(bench):
    setting = WatchdogSetting(pre_timeout=PreTimeout.MESSAGING, pre_interval=2)
    bench.node.state = replace(bench.node.state, watchdog=Watchdog(setting, 50.0, True, pre_timeout=True))
    assert await bench.second() == b"\x01\xa1"
    assert (await bench.send(HostRequest(1, NetFn.APP, 0, 0x31).pack()))[4] == 0x08
    assert (await bench.send(HostRequest(1, NetFn.APP, 0, 0x30, b"\x08").pack())).endswith(b"\x00\xa1")
    assert await bench.second() == b""


async def test_what_the_specification_leaves_to_the_guest_no_session_may():
    assert {key for key, row in TABLE.items() if row.privilege == IN_BAND_ONLY} == {
        (NetFn.APP, number) for number in (0x2E, 0x30, 0x31, 0x32, 0x33, 0x35)
    }


async def test_a_machine_that_does_not_read_keeps_one_of_us_and_not_one_more_each_second(bench, monkeypatch):
    never = asyncio.Event()
    monkeypatch.setattr(bench.stream, "write", lambda data: never.wait())
    setting = WatchdogSetting(pre_timeout=PreTimeout.MESSAGING, pre_interval=2)
    bench.node.state = replace(bench.node.state, watchdog=Watchdog(setting, 50.0, True, pre_timeout=True))
    before = len(asyncio.all_tasks())
    for _ in range(10):
        await bench.second()
    assert len(asyncio.all_tasks()) == before + 1


async def test_what_comes_faster_than_a_real_interface_waits(bench):
    flood = HostRequest(1, NetFn.APP, 0, 0x01).pack() * 2000
    bench.stream.incoming.put_nowait(flood)
    async with asyncio.timeout(5):
        while not bench.clock.waited_for(0.01):
            await settle()
    assert bench.counters["host-requests"] == 512
    await bench.clock.advance(0.011)
    assert bench.counters["host-requests"] == 513
