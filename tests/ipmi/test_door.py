"""The whole door of a node but for its sockets, with a clock that stands still."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bmc.accounts import Limits as SignInLimits
from bmc.accounts.lockout import Lockout
from bmc.ipmi.commands import TABLE
from bmc.ipmi.commands.call import IN_BAND_ONLY
from bmc.ipmi.config import ConfigKeeper, DoorConfig
from bmc.ipmi.door import CODES, NodeDoor
from bmc.ipmi.settings import Counters, DoorSettings, Limits
from bmc.ipmi.wire.dcmi import GROUP
from bmc.ipmi.wire.message import Answer, Message
from bmc.ipmi.wire.numbers import NetFn, PayloadType, Privilege
from bmc.ipmi.wire.packet import PlusPacket, SessionlessPacket
from bmc.ipmi.wire.sol import BmcPacket, ConsolePacket
from bmc.model import errors
from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.caller import Scope
from bmc.model.commands import Power, SetBootOverride
from bmc.model.node import Endpoint
from bmc.model.power import PowerAction, PowerCause, PowerState, RestorePolicy
from bmc.model.watchdog import PreTimeout, Watchdog, WatchdogAction, WatchdogSetting, WatchdogUse
from bmc.store import StoreFailed
from tests.clocks import HandClock, settle
from tests.ipmi.client import Console, Refused
from tests.ipmi.fakes import FakeNode, FakeSlots, MemoryBuckets

PEER = ("192.0.2.1", 50000)


class Bench:
    """A door whose datagrams end in `sent`."""

    def __init__(self) -> None:
        self.node, self.slots, self.clock, self.counters = FakeNode(), FakeSlots(), HandClock(), Counters()
        self.sent: list[bytes] = []
        settings = DoorSettings(limits=Limits(sessions=8))
        config = ConfigKeeper(MemoryBuckets(), "n1", DoorConfig())
        self.door = NodeDoor(
            self.node,
            self.slots,
            config,
            self.clock,
            settings,
            Endpoint("127.0.0.1", 6230),
            self.counters,
            self._send,
            Lockout(self.clock, SignInLimits()),
        )

    def _send(self, datagram: bytes, peer: tuple[str, int]) -> None:
        self.sent.append(datagram)

    def ask(self, datagram: bytes) -> bytes | None:
        """Only what is answered at once."""
        self.door.receive(datagram, PEER)
        return self.sent.pop(0) if self.sent else None

    def console(self, name: bytes = b"admin", role: int = 0x14) -> Console:
        return Console(self.ask, name=name, role=role).login(role & 0x0F)

    async def call(self, console: Console, netfn: int, command: int, data: bytes = b"") -> Answer:
        """A request that may take a few turns of the loop."""
        return await self.finish(console, console.request(netfn, command, data))

    async def finish(self, console: Console, message: Message) -> Answer:
        self.door.receive(console.seal(PayloadType.IPMI, message.pack()), PEER)
        await settle()
        return self.answers(console)[0]

    def answers(self, console: Console) -> list[Answer]:
        packets = [console.unseal(datagram) for datagram in self.sent]
        self.sent.clear()
        return [Answer.unpack(packet.payload) for packet in packets if packet.payload_type == PayloadType.IPMI]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.door.close()


@pytest.mark.parametrize("key", [key for key, row in TABLE.items() if not row.sessionless])
async def test_no_command_but_the_sessionless_is_answered_outside_a_session(bench, key):
    request = Message(*key)
    for packet in (SessionlessPacket(request.pack()), PlusPacket(0, 0, 0, request.pack())):
        reply = bench.ask(packet.pack())
        unpacked = type(packet).unpack(reply)
        assert Answer.unpack(unpacked.payload).code == 0xD4


@pytest.mark.parametrize("key", [key for key, row in TABLE.items() if row.privilege > Privilege.USER])
async def test_a_viewer_is_refused_what_takes_an_operator(bench, key):
    console = bench.console(b"guest", 0x12)
    assert (await bench.call(console, *key)).code == 0xD4
    assert bench.node.done == []


@pytest.mark.parametrize("key", [key for key, row in TABLE.items() if row.privilege is not IN_BAND_ONLY])
async def test_a_request_of_the_wrong_length_is_refused_or_answered_but_never_dropped(bench, key):
    console = bench.console()
    for length in (0, 1, 2, 3, 5, 40):
        group = GROUP if key[0] == NetFn.GROUP else b""
        answer = await bench.call(console, *key, group + bytes(length))
        assert answer.code in (0x00, 0xC7, 0xCB, 0xCC, 0x80, 0x81, 0x87, 0x88), (key, length)
        if answer.code == 0 and key == (0x06, 0x3C):
            return


async def test_another_lun_is_refused(bench):
    console = bench.console()
    answer = console.send(console.request(6, 1)._replace(lun=2))
    assert answer.code == 0xC2


@pytest.mark.parametrize(("error", "code"), CODES.items())
async def test_what_goes_wrong_with_the_node_has_one_translation(bench, error, code):
    bench.node.fault = error("why")
    assert (await bench.call(bench.console(), 0, 2, b"\x01")).code == code


def test_every_error_of_the_model_is_translated():
    every = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.BmcError)}
    assert {kind for kind in every if not issubclass(kind, tuple(CODES))} == {errors.BmcError}


async def test_an_error_that_nobody_foresaw_is_answered_and_logged(bench, caplog):
    bench.node.fault = ZeroDivisionError("a bug")
    assert (await bench.call(bench.console(), 0, 2, b"\x01")).code == 0xFF
    assert "a bug" in caplog.text


async def test_a_slow_node_is_waited_for_and_then_answered_as_accepted(bench, caplog):
    bench.node.gate = asyncio.Event()
    bench.node.fault = errors.BackendFailed("the disk is gone")
    console = bench.console()
    message = console.request(0, 2, b"\x02")
    bench.door.receive(console.seal(0, message.pack()), PEER)
    await bench.clock.advance(0.2)
    assert bench.sent == []
    bench.door.receive(console.seal(0, message.pack()), PEER)
    await bench.clock.advance(0.2)
    (answer,) = bench.answers(console)
    assert answer.code == 0
    assert bench.node.actions == [PowerAction.POWER_CYCLE]
    with caplog.at_level(logging.WARNING):
        bench.node.gate.set()
        await settle()
    assert "the disk is gone" in caplog.text


async def test_closing_the_door_leaves_no_task(bench):
    bench.node.gate = asyncio.Event()
    console = bench.console()
    bench.door.receive(console.seal(0, console.request(0, 2, b"\x02").pack()), PEER)
    await bench.clock.advance(1)
    await bench.door.close()
    assert len(asyncio.all_tasks()) == 1


async def test_the_role_is_that_of_the_present_privilege(bench):
    console = bench.console()
    console.call(6, 0x3B, b"\x03")
    await bench.call(console, 0, 2, b"\x01")
    assert bench.node.done[0][1].role.value == "Operator"
    assert console.call(6, 0x3B, b"\x00").data == b"\x03"
    assert console.call(6, 0x3B, b"\x01").code == 0xCC


def limit_admin(bench: Bench, scope: Scope) -> None:
    """The account whose slot `admin` is has this scope now."""
    bench.slots.users[b"admin"] = replace(bench.slots.users[b"admin"], scope=scope)


def tag(bench: Bench, *tags: str) -> None:
    bench.node.state = replace(bench.node.state, definition=replace(bench.node.state.definition, tags=frozenset(tags)))


@pytest.mark.parametrize("scope", [Scope(False, tags=frozenset({"nowhere"})), Scope(False, frozenset({"n2"}))])
async def test_an_account_cannot_log_in_at_a_node_outside_of_its_scope(bench, scope):
    limit_admin(bench, scope)
    with pytest.raises(Refused, match="0x0d"):
        bench.console()


async def test_an_account_acts_with_its_own_scope(bench):
    scope = Scope(False, tags=frozenset({"lab"}))
    limit_admin(bench, scope)
    tag(bench, "lab")
    assert (await bench.call(bench.console(), 0, 2, b"\x01")).code == 0
    assert bench.node.done[0][1].scope == scope


async def test_a_user_of_the_node_alone_needs_no_tags(bench):
    tag(bench, "lab")
    assert (await bench.call(bench.console(b"oper", 0x13), 0, 2, b"\x01")).code == 0


async def test_a_node_that_leaves_the_scope_is_neither_shown_nor_switched_in_a_session_that_goes_on(bench):
    limit_admin(bench, Scope(False, tags=frozenset({"lab"})))
    tag(bench, "lab")
    console = bench.console()
    tag(bench, "office")
    assert (await bench.call(console, 0, 2, b"\x01")).code == 0xD4
    assert (await bench.call(console, 0, 1)).code == 0xD4
    assert bench.node.done == []


async def test_a_handshake_does_not_outlive_the_scope_it_began_with(bench):
    console = Console(bench.ask)
    console.open()
    console.rakp1()
    limit_admin(bench, Scope(False, frozenset({"n2"})))
    with pytest.raises(Refused):
        console.rakp3()


async def test_set_privilege_stops_at_the_limit_of_the_session(bench):
    console = bench.console(b"oper", 0x13)
    assert console.call(6, 0x3B, b"\x04").code == 0x81
    assert console.call(6, 0x3B, b"\x00").data == b"\x03"


async def test_closing_a_session(bench):
    first, second = bench.console(), bench.console(b"oper", 0x13)
    assert first.call(6, 0x3D, b"\x00").data[:3] == b"\x01\x08\x02"
    assert second.call(6, 0x3C, first.session_id.to_bytes(4, "little")).code == 0xD4
    assert first.call(6, 0x3C, b"\x01\x02\x03\x04").code == 0x87
    assert first.call(6, 0x3C, b"\x00\x00\x00\x00\x09").code == 0x88
    assert first.call(6, 0x3C, b"\x00\x00\x00\x00\x02").code == 0
    assert second.send(second.request(6, 1)) is None
    assert first.call(6, 0x3C, first.session_id.to_bytes(4, "little")).code == 0
    assert first.send(first.request(6, 1)) is None


async def test_session_info_by_index_handle_and_id(bench):
    console, other = bench.console(), bench.console(b"oper", 0x13)
    by_index = console.call(6, 0x3D, b"\x02").data
    assert by_index == console.call(6, 0x3D, b"\xfe\x02").data
    assert by_index == console.call(6, 0x3D, b"\xff" + other.session_id.to_bytes(4, "little")).data
    assert by_index[3:5] == b"\x03\x03"
    assert by_index[6:10] == bytes((192, 0, 2, 1))
    assert console.call(6, 0x3D, b"\x03").data == b"\x00\x02\x02"


@pytest.mark.parametrize(
    ("power", "cause", "expected"),
    [
        (PowerState.ON, PowerCause.COMMAND, b"\x01\x01"),
        (PowerState.ON, PowerCause.HOST_RESET, b"\x01\x01"),
        (PowerState.ON, PowerCause.GUEST_RESET, b"\x0a\x00"),
        (PowerState.ON, PowerCause.WATCHDOG, b"\x04\x00"),
        (PowerState.ON, PowerCause.OBSERVED, b"\x00\x00"),
        (PowerState.OFF, PowerCause.COMMAND, b"\x00\x00"),
    ],
)
async def test_restart_cause(bench, power, cause, expected):
    bench.node.state = replace(bench.node.state, power=power, cause=cause)
    assert bench.console().call(0, 7).data == expected


async def test_what_the_restore_policy_turned_on_says_by_which(bench):
    on = replace(bench.node.state, power=PowerState.ON, cause=PowerCause.RESTORE_POLICY)
    for policy, cause in ((RestorePolicy.ALWAYS_ON, 6), (RestorePolicy.LAST_STATE, 7)):
        bench.node.state = replace(on, restore_policy=policy)
        assert bench.console().call(0, 7).data == bytes((cause, 0))


async def test_a_lost_supply_is_the_last_power_event_until_the_next(bench):
    lost = replace(bench.node.state, cause=PowerCause.MAINS_LOST, restore_policy=RestorePolicy.LAST_STATE)
    bench.node.state = lost
    assert bench.console().call(0, 1).data.hex() == "20014000"
    bench.node.state = replace(lost, power=PowerState.ON, cause=PowerCause.RESTORE_POLICY)
    assert bench.console().call(0, 1).data.hex() == "21014000"
    bench.node.state = replace(lost, power=PowerState.ON, cause=PowerCause.COMMAND)
    assert bench.console().call(0, 1).data.hex() == "21104000"


async def test_hours_on_count_the_present_stretch(bench):
    bench.node.state = replace(bench.node.state, power=PowerState.OFF, seconds_on=7199.0)
    assert bench.console().call(0, 0x0F).data.hex() == "3c01000000"
    since = bench.clock.now() - 3600
    bench.node.state = replace(bench.node.state, power=PowerState.ON, power_since=since)
    assert bench.console().call(0, 0x0F).data.hex() == "3c02000000"


async def test_the_present_countdown_is_told_to_the_tenth_of_a_second(bench):
    setting = WatchdogSetting(WatchdogUse.OS_LOAD, WatchdogAction.POWER_CYCLE, 30.0, PreTimeout.NMI, 5, log=False)
    ends = bench.clock.monotonic() + 12.3
    bench.node.state = replace(bench.node.state, watchdog=Watchdog(setting, ends, True))
    console = bench.console()
    assert console.call(6, 0x25).data.hex() == "c32305002c017b00"
    await bench.clock.advance(20)
    assert console.call(6, 0x25).data.hex() == "c32305002c010000"
    stopped = Watchdog(setting, None, True, frozenset({WatchdogUse.OS_LOAD}))
    bench.node.state = replace(bench.node.state, watchdog=stopped)
    assert console.call(6, 0x25).data.hex() == "832305082c010000"


async def test_a_death_of_the_machine_shows_as_power_fault(bench):
    bench.node.state = replace(bench.node.state, cause=PowerCause.PROCESS_DIED, identify=True)
    assert bench.console().call(0, 1).data == bytes.fromhex("60086000")


async def test_set_in_progress_is_one_sessions_and_ends_with_it(bench):
    first, second = bench.console(), bench.console()
    assert (await bench.call(first, 0, 8, b"\x00\x01")).code == 0
    assert (await bench.call(second, 0, 8, b"\x00\x01")).code == 0x81
    assert second.call(0, 9, b"\x00\x00\x00").data == b"\x01\x00\x01"
    first.call(6, 0x3C, first.session_id.to_bytes(4, "little"))
    assert (await bench.call(second, 0, 8, b"\x00\x01")).code == 0
    assert (await bench.call(second, 0, 8, b"\x00\x02")).code == 0
    assert second.call(0, 9, b"\x00\x00\x00").data == b"\x01\x00\x00"
    assert (await bench.call(second, 0, 8, b"\x00\x03")).code == 0xCC


async def test_boot_parameters_that_only_ipmi_knows_are_kept(bench):
    console = bench.console()
    assert (await bench.call(console, 0, 8, b"\x04\x0f\x05")).code == 0
    assert (await bench.call(console, 0, 8, b"\x04\x01\x00")).code == 0
    assert console.call(0, 9, b"\x04\x00\x00").data == b"\x01\x04\x00\x04"
    initiator = bytes(range(9))
    assert (await bench.call(console, 0, 8, b"\x06" + initiator)).code == 0
    assert console.call(0, 9, b"\x06\x00\x00").data == b"\x01\x06" + initiator
    assert (await bench.call(console, 0, 8, b"\x01\x00")).code == 0
    assert (await bench.call(console, 0, 8, b"\x01\x05")).code == 0xCC
    assert (await bench.call(console, 0, 8, b"\x60\x05")).code == 0x80
    assert console.call(0, 9, b"\x60\x00\x00").code == 0x80


PXE = BootOverride(BootTarget.PXE, BootEnabled.ONCE)


async def test_a_parameter_can_be_marked_invalid_without_being_written(bench):
    console = bench.console()
    assert (await bench.call(console, 0, 8, b"\x04\x05\x05")).code == 0
    assert (await bench.call(console, 0, 8, b"\x84")).code == 0
    assert console.call(0, 9, b"\x04\x00\x00").data == b"\x01\x84\x00\x05"
    assert (await bench.call(console, 0, 8, b"\x04")).code == 0
    assert console.call(0, 9, b"\x04\x00\x00").data == b"\x01\x04\x00\x05"


async def test_boot_flags_that_are_marked_invalid_are_none(bench):
    console = bench.console()
    await bench.call(console, 0, 8, bytes.fromhex("058004000000"))
    assert (await bench.call(console, 0, 8, b"\x05")).code == 0
    assert bench.node.state.boot == PXE
    assert (await bench.call(console, 0, 8, b"\x85")).code == 0
    assert bench.node.state.boot == BootOverride()
    assert console.call(0, 9, b"\x05\x00\x00").data == b"\x01\x85" + bytes(5)
    await bench.call(console, 0, 8, bytes.fromhex("058004000000"))
    assert console.call(0, 9, b"\x05\x00\x00").data == bytes.fromhex("01058004000000")


async def test_the_mailbox_has_five_blocks(bench):
    console = bench.console()
    assert (await bench.call(console, 0, 8, b"\x07\x04" + bytes(range(16)))).code == 0
    assert (await bench.call(console, 0, 8, b"\x07\x04\xff")).code == 0
    assert console.call(0, 9, b"\x07\x04\x00").data == b"\x01\x07\x04\xff" + bytes(range(1, 16))
    assert console.call(0, 9, b"\x07\x05\x00").code == 0xC9
    assert (await bench.call(console, 0, 8, b"\x07\x05\x00")).code == 0xC9
    assert (await bench.call(console, 0, 8, b"\x07\x00" + bytes(17))).code == 0xC7


async def test_an_override_lapses_also_where_parameter_3_comes_after_it(bench):
    console = bench.console()
    await bench.call(console, 0, 8, bytes.fromhex("058004000000"))
    await bench.call(console, 0, 8, b"\x03\x17")
    await bench.clock.advance(60)
    assert bench.node.state.boot == BootOverride()


async def test_an_override_set_at_another_door_does_not_lapse(bench):
    bench.node.state = replace(bench.node.state, boot=PXE)
    await bench.call(bench.console(), 0, 8, b"\x03\x00")
    await bench.clock.advance(120)
    assert bench.node.state.boot == PXE


async def test_an_override_lasts_unless_parameter_3_says_that_time_clears_it(bench):
    console = bench.console()
    await bench.call(console, 0, 8, bytes.fromhex("058004000000"))
    await bench.clock.advance(3600)
    assert bench.node.state.boot == PXE


async def test_an_override_lapses_after_a_minute_where_parameter_3_says_so(bench):
    console = bench.console()
    assert (await bench.call(console, 0, 8, b"\x03\x00")).code == 0
    assert console.call(0, 9, b"\x03\x00\x00").data == b"\x01\x03\x00"
    await bench.call(console, 0, 8, bytes.fromhex("058004000000"))
    await bench.clock.advance(59)
    assert bench.node.state.boot == PXE
    await bench.clock.advance(1)
    assert bench.node.state.boot == BootOverride()


async def test_an_override_does_not_lapse_once_the_power_was_touched(bench):
    console = bench.console()
    await bench.call(console, 0, 8, b"\x03\x00")
    await bench.call(console, 0, 8, bytes.fromhex("058004000000"))
    await bench.call(console, 0, 2, b"\x01")
    await bench.clock.advance(61)
    assert [type(command) for command, _ in bench.node.done] == [SetBootOverride, Power]


async def test_an_override_set_elsewhere_meanwhile_does_not_lapse(bench):
    console = bench.console()
    await bench.call(console, 0, 8, b"\x03\x00")
    await bench.call(console, 0, 8, bytes.fromhex("058004000000"))
    elsewhere = BootOverride(BootTarget.CD, BootEnabled.CONTINUOUS)
    bench.node.state = replace(bench.node.state, boot=elsewhere)
    await bench.clock.advance(61)
    assert bench.node.state.boot == elsewhere


async def activate(bench: Bench, console: Console) -> Answer:
    return await bench.call(console, 6, 0x48, bytes.fromhex("0101c0000000"))


def heard(bench: Bench, console: Console) -> list[BmcPacket]:
    packets = [console.unseal(datagram) for datagram in bench.sent]
    bench.sent.clear()
    return [BmcPacket.unpack(packet.payload) for packet in packets if packet.payload_type == PayloadType.SOL]


async def say(bench: Bench, console: Console, packet: ConsolePacket) -> list[BmcPacket]:
    bench.door.receive(console.seal(PayloadType.SOL, packet.pack()), PEER)
    await settle()
    return heard(bench, console)


async def sol(bench: Bench) -> Console:
    """A console past its greeting."""
    console = bench.console()
    bench.node.greeting = b""
    assert (await activate(bench, console)).code == 0
    return console


async def test_sol_names_the_port_of_the_endpoint(bench):
    answer = await activate(bench, bench.console())
    assert answer.data.hex() == "00000000ff00ff005618ffff"


async def test_sol_goes_on_until_it_is_acknowledged(bench):
    console = await sol(bench)
    bench.node.lines[0].print(b"hello")
    await settle()
    (first,) = heard(bench, console)
    assert (first.sequence, first.data) == (1, b"hello")
    for _ in range(7):
        await bench.clock.advance(0.25)
        assert heard(bench, console) == [first]
    await bench.clock.advance(0.25)
    assert heard(bench, console) == []
    await bench.clock.advance(0.75)
    assert heard(bench, console) == [first]
    bench.node.lines[0].print(b" world")
    assert await say(bench, console, ConsolePacket(0, ack=1, accepted=5)) == [BmcPacket(2, data=b" world")]


async def test_what_the_console_did_not_take_is_sent_again(bench):
    console = await sol(bench)
    bench.node.lines[0].print(b"hello")
    await settle()
    heard(bench, console)
    assert await say(bench, console, ConsolePacket(0, ack=1, accepted=2, nack=True)) == [BmcPacket(2, data=b"llo")]


async def test_an_acknowledgement_of_something_else_is_none(bench):
    console = await sol(bench)
    bench.node.lines[0].print(b"hello")
    await settle()
    heard(bench, console)
    assert await say(bench, console, ConsolePacket(0, ack=7, accepted=5)) == []
    assert await say(bench, console, ConsolePacket(0, ack=1, accepted=0, nack=True)) == []
    await bench.clock.advance(0.25)
    assert heard(bench, console) == [BmcPacket(1, data=b"hello")]


async def test_a_console_that_says_pause_gets_nothing_until_it_goes_on(bench):
    console = await sol(bench)
    await say(bench, console, ConsolePacket(1, pause=True))
    bench.node.lines[0].print(b"hello")
    await settle()
    assert heard(bench, console) == []
    assert await say(bench, console, ConsolePacket(0)) == [BmcPacket(1, data=b"hello")]


async def test_characters_are_gathered_as_parameter_3_says(bench):
    console = await sol(bench)
    assert (await bench.call(console, 0x0C, 0x21, b"\x01\x03\x0a\x08")).code == 0
    line = bench.node.lines[0]
    line.print(b"abc")
    await bench.clock.advance(0.04)
    assert heard(bench, console) == []
    await bench.clock.advance(0.01)
    assert heard(bench, console) == [BmcPacket(1, data=b"abc")]
    assert await say(bench, console, ConsolePacket(0, ack=1, accepted=3)) == []
    line.print(b"abc")
    await settle()
    assert heard(bench, console) == []
    line.print(b"defgh")
    await settle()
    assert heard(bench, console) == [BmcPacket(2, data=b"abcdefgh")]


async def test_retries_are_as_parameter_4_says_and_then_seldom(bench):
    console = await sol(bench)
    assert (await bench.call(console, 0x0C, 0x21, b"\x01\x04\x02\x0a")).code == 0
    bench.node.lines[0].print(b"hello")
    await settle()
    (first,) = heard(bench, console)
    for _ in range(2):
        await bench.clock.advance(0.1)
        assert heard(bench, console) == [first]
    await bench.clock.advance(0.9)
    assert heard(bench, console) == []
    await bench.clock.advance(0.1)
    assert heard(bench, console) == [first]


async def test_sol_may_be_left_to_administrators(bench):
    admin, oper = bench.console(), bench.console(b"oper", 0x13)
    assert (await bench.call(admin, 0x0C, 0x21, b"\x01\x02\xc4")).code == 0
    assert (await activate(bench, oper)).code == 0xD4
    assert (await activate(bench, admin)).code == 0
    assert (await bench.call(oper, 6, 0x49, bytes.fromhex("010100000000"))).code == 0xD4


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("0102c2", 0xCC),
        ("0102c5", 0xCC),
        ("010244", 0xCC),
        ("01030005", 0xCC),
        ("01040800", 0xCC),
        ("01050a", 0x00),
        ("010506", 0x82),
        ("010701", 0x00),
        ("010702", 0x82),
        ("01085618", 0x00),
        ("01086f02", 0x82),
        ("010900", 0x80),
        ("0101", 0xC7),
        ("01010100", 0xC7),
        ("01", 0xC7),
        ("020100", 0xCC),
        ("010002", 0xCC),
    ],
)
async def test_what_sol_parameters_take(bench, data, code):
    assert (await bench.call(bench.console(), 0x0C, 0x21, bytes.fromhex(data))).code == code


async def test_sol_settings_are_one_sessions_while_in_progress(bench):
    first, second = bench.console(), bench.console()
    assert (await bench.call(first, 0x0C, 0x21, b"\x01\x00\x01")).code == 0
    assert (await bench.call(second, 0x0C, 0x21, b"\x01\x00\x01")).code == 0x81
    assert second.call(0x0C, 0x22, b"\x01\x00\x00\x00").data == b"\x11\x01"
    first.call(6, 0x3C, first.session_id.to_bytes(4, "little"))
    assert second.call(0x0C, 0x22, b"\x01\x00\x00\x00").data == b"\x11\x00"


async def test_encryption_is_never_suspended(bench):
    console = bench.console()
    assert console.call(6, 0x55, b"\x01\x01\x01").code == 0x83
    await activate(bench, console)
    assert [(await bench.call(console, 6, 0x55, bytes((1, 1, what)))).code for what in range(4)] == [
        0x81,
        0,
        0x81,
        0xCC,
    ]


async def test_packets_are_filled_and_bounded(bench):
    console = await sol(bench)
    text = bytes(range(256)) * 20
    bench.node.lines[0].print(text)
    got = b""
    await settle()
    packets = heard(bench, console)
    while packets:
        (packet,) = packets
        assert len(packet.data) <= 251
        got += packet.data
        packets = await say(bench, console, ConsolePacket(0, ack=packet.sequence, accepted=len(packet.data)))
    assert got == text


async def test_what_is_typed_is_acknowledged_and_typed_once(bench):
    console = await sol(bench)
    packet = ConsolePacket(1, data=b"root\r")
    assert BmcPacket(0, ack=1, accepted=5) in await say(bench, console, packet)
    assert BmcPacket(0, ack=1, accepted=5) in await say(bench, console, packet)
    assert bench.node.lines[0].written == b"root\r"


async def test_a_retry_with_more_in_it_adds_only_what_is_new(bench):
    console = await sol(bench)
    await say(bench, console, ConsolePacket(1, data=b"ro"))
    assert BmcPacket(0, ack=1, accepted=5) in await say(bench, console, ConsolePacket(1, data=b"root\r"))
    assert bench.node.lines[0].written == b"root\r"


async def test_a_shorter_retry_is_not_said_to_be_longer_than_it_is(bench):
    console = await sol(bench)
    await say(bench, console, ConsolePacket(1, data=b"root\r"))
    assert BmcPacket(0, ack=1, accepted=2) in await say(bench, console, ConsolePacket(1, data=b"ro"))


async def test_what_is_typed_at_a_line_that_takes_nothing_is_bounded(bench):
    console = await sol(bench)
    bench.node.lines[0].stuck = asyncio.Event()
    accepted = number = 0
    while replies := await say(bench, console, ConsolePacket(number % 15 + 1, data=b"x" * 200)):
        accepted += sum(packet.accepted for packet in replies)
        number += 1
        await say(bench, console, ConsolePacket(0, generate_break=True))
    assert 3500 < accepted <= 4096
    bench.node.lines[0].stuck.set()
    await settle()
    assert len(bench.node.lines[0].written) == accepted


async def test_a_flush_drops_what_was_typed_and_waits_once(bench):
    """What the packet carries is typed, and a repetition of it drops nothing; a full queue is no hindrance."""
    console = await sol(bench)
    line = bench.node.lines[0]
    line.stuck = asyncio.Event()
    await say(bench, console, ConsolePacket(1, data=b"a"))
    for number in range(2, 12):
        await say(bench, console, ConsolePacket(number, data=b"x" * 251))
    for number in range(12, 24):
        await say(bench, console, ConsolePacket(number % 15 + 1, data=b"x" * 251))
    flush = ConsolePacket(14, data=b"b", flush_inbound=True)
    assert BmcPacket(0, ack=14, accepted=1) in await say(bench, console, flush)
    await say(bench, console, ConsolePacket(14, data=b"bc", flush_inbound=True))
    line.stuck.set()
    await settle()
    assert line.written == b"abc"


async def test_a_flush_drops_what_was_printed_and_waits(bench):
    console = await sol(bench)
    bench.node.lines[0].print(b"x" * 3000)
    await settle()
    heard(bench, console)
    assert await say(bench, console, ConsolePacket(0, flush_outbound=True)) == []
    await bench.clock.advance(5)
    assert heard(bench, console) == []
    bench.node.lines[0].print(b"after")
    await bench.clock.advance(1)
    assert heard(bench, console)[0] == BmcPacket(2, data=b"after")


async def test_ring_and_the_modem_lines_change_nothing(bench):
    console = await sol(bench)
    bench.door.receive(console.seal(PayloadType.SOL, bytes((1, 0, 0, 0x24)) + b"root"), PEER)
    await settle()
    assert BmcPacket(0, ack=1, accepted=4) in heard(bench, console)
    assert bench.node.lines[0].written == b"root"


async def test_sol_deactivated_while_it_opens_is_refused_and_closes_the_line(bench):
    slow, other = bench.console(), bench.console()
    bench.node.gate = asyncio.Event()
    message = slow.request(6, 0x48, bytes.fromhex("0101c0000000"))
    bench.door.receive(slow.seal(PayloadType.IPMI, message.pack()), PEER)
    await settle()
    assert (await bench.call(other, 6, 0x49, bytes.fromhex("010100000000"))).code == 0
    bench.node.gate.set()
    await settle()
    assert [answer.code for answer in bench.answers(slow)] == [0xD5]
    assert bench.node.lines[0].closed


async def test_more_than_fits_is_taken_in_part(bench):
    console = await sol(bench)
    replies = await say(bench, console, ConsolePacket(1, data=b"x" * 600))
    assert BmcPacket(0, ack=1, accepted=255, nack=True) in replies
    assert bench.node.lines[0].written == b"x" * 255


async def test_a_break_breaks_once_and_in_order(bench):
    console = await sol(bench)
    packet = ConsolePacket(1, generate_break=True)
    await say(bench, console, packet)
    await say(bench, console, packet)
    assert bench.node.lines[0].breaks == 1
    await say(bench, console, ConsolePacket(0, generate_break=True))
    assert bench.node.lines[0].breaks == 2


async def test_sol_without_encryption_is_refused(bench):
    assert (await bench.call(bench.console(), 6, 0x48, bytes.fromhex("010140000000"))).code == 0x84
    assert (await bench.call(bench.console(), 6, 0x48, bytes.fromhex("010200000000"))).code == 0xCC
    assert (await bench.call(bench.console(), 6, 0x48, bytes.fromhex("0001c0000000"))).code == 0xCC


async def test_sol_of_a_node_without_a_serial_line_is_disabled(bench):
    bench.node.state = replace(bench.node.state, has_serial=False)
    assert (await activate(bench, bench.console())).code == 0x81


async def test_a_line_that_cannot_be_opened_leaves_the_port_free(bench):
    bench.node.fault = errors.Busy("held")
    console = bench.console()
    assert (await activate(bench, console)).code == 0xC0
    bench.node.fault = None
    assert (await activate(bench, console)).code == 0


async def test_one_writer_at_a_time(bench):
    first, second = await sol(bench), bench.console()
    assert (await activate(bench, second)).code == 0x80
    assert (await activate(bench, first)).code == 0x80
    assert second.call(6, 0x4A, b"\x01").data == b"\x01\x01\x00"
    assert second.call(6, 0x4B, b"\x01\x01").data[:4] == first.session_id.to_bytes(4, "little")
    assert await say(bench, second, ConsolePacket(1, data=b"me!")) == []
    bench.door.receive(second.seal(0, second.request(6, 0x49, bytes.fromhex("010100000000")).pack()), PEER)
    await settle()
    farewell = BmcPacket.unpack(first.unseal(bench.sent.pop(0)).payload)
    assert farewell.deactivated
    assert b"admin deactivated it from 192.0.2.1" in farewell.data
    assert [answer.code for answer in bench.answers(second)] == [0]
    assert bench.node.lines[0].closed
    assert (await activate(bench, second)).code == 0
    bench.sent.clear()


@pytest.mark.parametrize("end", ["close", "idle", "revoke"])
async def test_the_console_ends_with_its_session(bench, end):
    console = await sol(bench)
    if end == "close":
        console.call(6, 0x3C, console.session_id.to_bytes(4, "little"))
    elif end == "idle":
        await bench.clock.advance(60)
        bench.door.expire()
    else:
        bench.door.revoke(2)
    await settle()
    assert bench.node.lines[0].closed
    assert (await activate(bench, bench.console(b"oper", 0x13))).code == 0


@pytest.mark.parametrize("turns", range(6))
async def test_a_console_that_is_deactivated_and_closed_in_one_breath_closes_the_line(bench, turns):
    """ipmitool does not wait for the answer to the first before it sends the second."""
    console = await sol(bench)
    bench.door.receive(console.seal(0, console.request(6, 0x49, bytes.fromhex("010100000000")).pack()), PEER)
    for _ in range(turns):
        await asyncio.sleep(0)
    close = console.request(6, 0x3C, console.session_id.to_bytes(4, "little"))
    bench.door.receive(console.seal(0, close.pack()), PEER)
    await settle()
    bench.sent.clear()
    assert bench.node.lines[0].closed
    assert (await activate(bench, bench.console())).code == 0


async def test_sol_takes_an_operator(bench):
    console = bench.console(b"guest", 0x12)
    assert (await activate(bench, console)).code == 0xD4
    assert bench.node.lines == []


async def test_the_self_test_tells_of_a_store_that_takes_nothing(bench, monkeypatch):
    async def full(*_):
        raise StoreFailed("the disk is full")

    console = bench.console()
    assert (await bench.call(console, NetFn.APP, 0x04)).data.hex() == "5500"
    monkeypatch.setattr(MemoryBuckets, "put", full)
    assert (await bench.call(console, NetFn.APP, 0x04)).data.hex() == "5780"


async def test_what_cannot_be_stored_is_out_of_space_and_one_line_in_the_log(bench, monkeypatch, caplog):
    async def full(*_):
        raise StoreFailed("the disk is full")

    console = bench.console()
    monkeypatch.setattr(MemoryBuckets, "put", full)
    assert (await bench.call(console, NetFn.TRANSPORT, 0x21, b"\x01\x03\x05\x01")).code == 0xC4
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "IPMI command not carried out: the disk is full"
    ]
    assert "Traceback" not in caplog.text


async def test_who_sets_system_info_keeps_others_out_until_its_session_ends(bench):
    first, second = bench.console(), bench.console()
    assert (await bench.call(first, NetFn.APP, 0x58, b"\x00\x01")).code == 0
    assert (await bench.call(second, NetFn.APP, 0x59, bytes(4))).data.hex() == "1101"
    assert (await bench.call(second, NetFn.APP, 0x58, b"\x00\x01")).code == 0x81
    assert (await bench.call(second, NetFn.APP, 0x58, b"\x00\x03")).code == 0xCC
    bench.door._sessions.end(bench.door._sessions.active[0])
    assert (await bench.call(second, NetFn.APP, 0x58, b"\x00\x01")).code == 0
