"""The session engine alone: bytes and the time in, replies and requests out."""

from dataclasses import replace
from functools import partial

import pytest

from bmc.accounts import Limits as SignInLimits
from bmc.accounts.lockout import Lockout
from bmc.accounts.sign_ins import SignIns
from bmc.ipmi.session import Request, Session, Sessions, SolInput
from bmc.ipmi.settings import Counters, Limits
from bmc.ipmi.wire.app import pack_guid
from bmc.ipmi.wire.crypto import SUITE_3, SUITE_17
from bmc.ipmi.wire.message import Message
from bmc.ipmi.wire.numbers import PayloadType, Privilege, Status
from bmc.ipmi.wire.packet import PlusPacket, SessionlessPacket
from bmc.ipmi.wire.rakp import OpenSessionRequest, OpenSessionResponse, Rakp1, Rakp3, Refusal
from bmc.ipmi.wire.rmcp import PresencePing, PresencePong
from bmc.model.caller import Role
from bmc.model.events import Event, EventKind
from tests.clocks import HandClock
from tests.ipmi.client import Console, Refused, plain
from tests.ipmi.fakes import KEY, NODE_ID, FakeSlot, FakeSlots

PEER = ("192.0.2.1", 50000)


class Bench:
    """The engine with a handler that answers every request with its count."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.now = 100.0
        self.slots = FakeSlots()
        self.counters = Counters()
        self.clock = HandClock()
        self.told: list[Event] = []
        sign_ins = SignIns("n1", Lockout(self.clock, SignInLimits()), self.clock, self.told.append)
        self.sessions = Sessions("n1", pack_guid(NODE_ID), self.slots, limits or Limits(), self.counters, sign_ins)
        self.requests: list[Request] = []
        self.sol: list[SolInput] = []
        self.answering = True

    def ask(self, datagram: bytes, peer: tuple[str, int] = PEER) -> bytes | None:
        received = self.sessions.receive(datagram, peer, self.now)
        if isinstance(received, SolInput):
            self.sol.append(received)
            return None
        if not isinstance(received, Request):
            return received
        self.requests.append(received)
        if not self.answering:
            return None
        if received.message.command == 0x3B and received.session is not None:
            received.session.privilege = Privilege.ADMINISTRATOR
        return self.sessions.answer(received, 0, len(self.requests).to_bytes(2, "little"))

    def console(self, **options: object) -> Console:
        return Console(self.ask, **options)  # type: ignore[arg-type]

    @property
    def session(self) -> Session:
        (only,) = self.sessions.active
        return only


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("suite", [SUITE_3, SUITE_17])
def test_a_login_with_each_suite(bench, suite):
    console = bench.console(suite=suite).login(privilege=None)
    assert bench.session.id == console.session_id
    assert bench.session.privilege == Privilege.USER
    assert bench.session.limit == Privilege.ADMINISTRATOR
    assert console.call(0, 1).data == b"\x01\x00"


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"name": b"nobody"}, Status.UNAUTHORIZED_NAME),
        ({"name": b""}, Status.UNAUTHORIZED_NAME),
        ({"name": b"", "role": 0x04}, Status.UNAUTHORIZED_NAME),
        ({"name": b"gone"}, Status.UNAUTHORIZED_NAME),
        ({"name": b"\xff\xfe"}, Status.UNAUTHORIZED_NAME),
        ({"name": b"x" * 17}, Status.INVALID_NAME_LENGTH),
        ({"name": b"guest"}, Status.UNAUTHORIZED_ROLE),
        ({"name": b"guest", "role": 0x04}, Status.UNAUTHORIZED_NAME),
        ({"role": 0x15}, Status.INVALID_ROLE),
        ({"role": 0x10}, Status.INVALID_ROLE),
    ],
)
def test_rakp_1_is_refused_with_the_right_status(bench, options, status):
    console = bench.console(**options)
    console.open()
    with pytest.raises(Refused) as refused:
        console.rakp1()
    assert refused.value.status == status
    assert bench.sessions.idle


@pytest.mark.parametrize(("role", "name"), [(0x13, b"oper"), (0x03, b"oper"), (0x12, b"admin"), (0x02, b"guest")])
def test_lookup_by_name_alone_and_by_name_and_role(bench, role, name):
    bench.console(name=name, role=role).login(privilege=None)
    assert bench.session.limit == role & 0x0F


@pytest.mark.parametrize(
    ("algorithms", "status"),
    [
        ((0, 0, 0), Status.NO_CIPHER_SUITE_MATCH),
        ((1, 0, 0), Status.NO_CIPHER_SUITE_MATCH),
        ((1, 1, 0), Status.NO_CIPHER_SUITE_MATCH),
        ((2, 2, 1), Status.NO_CIPHER_SUITE_MATCH),
        ((3, 1, 1), Status.NO_CIPHER_SUITE_MATCH),
        ((1, 1, 2), Status.NO_CIPHER_SUITE_MATCH),
        ((None, 0, None), Status.NO_CIPHER_SUITE_MATCH),
        ((9, 1, 1), Status.INVALID_AUTHENTICATION),
        ((1, 9, 1), Status.INVALID_INTEGRITY),
        ((1, 1, 9), Status.INVALID_CONFIDENTIALITY),
    ],
)
def test_what_is_no_suite_of_ours_is_refused_with_the_right_status(bench, algorithms, status):
    reply = bench.ask(plain(PayloadType.OPEN_SESSION_REQUEST, OpenSessionRequest(9, 0, 7, *algorithms).pack()))
    refusal = Refusal.unpack(PlusPacket.unpack(reply).payload)
    assert (refusal.tag, refusal.status, refusal.console_id) == (9, status, 7)
    assert bench.sessions.idle


@pytest.mark.parametrize("authentication", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("integrity", [None, 0, 1, 2, 3, 4])
@pytest.mark.parametrize("confidentiality", [None, 0, 1, 2, 3])
def test_every_proposal_is_answered_with_a_suite_that_it_allows_or_refused(
    bench, authentication, integrity, confidentiality
):
    proposal = (authentication, integrity, confidentiality)
    reply = bench.ask(plain(PayloadType.OPEN_SESSION_REQUEST, OpenSessionRequest(9, 0, 7, *proposal).pack()))
    payload = PlusPacket.unpack(reply).payload
    allowed = [
        suite
        for suite in ((3, 4, 1), (1, 1, 1))
        if all(wanted in (None, offered) for wanted, offered in zip(proposal, suite, strict=True))
    ]
    if not allowed:
        assert Refusal.unpack(payload).status == Status.NO_CIPHER_SUITE_MATCH
        return
    response = OpenSessionResponse.unpack(payload)
    assert (response.authentication, response.integrity, response.confidentiality) == allowed[0]


def test_whoever_leaves_the_choice_to_us_gets_the_strongest_suite(bench):
    reply = bench.ask(plain(PayloadType.OPEN_SESSION_REQUEST, OpenSessionRequest(9, 0, 7, None, None, None).pack()))
    assert PlusPacket.unpack(reply).payload[16] == SUITE_17.authentication


@pytest.mark.parametrize("privilege", [5, 6, 15])
def test_a_role_that_does_not_exist_is_refused(bench, privilege):
    with pytest.raises(Refused) as refused:
        bench.console().open(privilege)
    assert refused.value.status == Status.INVALID_ROLE


def test_the_role_asked_for_when_opening_is_the_limit(bench):
    console = bench.console()
    console.open(privilege=2)
    with pytest.raises(Refused) as refused:
        console.rakp1()
    assert refused.value.status == Status.UNAUTHORIZED_ROLE


def test_a_wrong_key_is_told_at_once_and_counted(bench):
    console = bench.console()
    console.open()
    console.rakp1()
    with pytest.raises(Refused) as refused:
        console.rakp3(code=bytes(32))
    assert refused.value.status == Status.INVALID_INTEGRITY_CHECK
    assert bench.counters["wrong-key"] == 1
    assert bench.sessions.idle


def test_a_console_that_gives_up_leaves_nothing(bench):
    console = bench.console()
    console.open()
    console.rakp1()
    assert bench.ask(plain(PayloadType.RAKP_3, Rakp3(0, 0x0F, console.session_id).pack())) is None
    assert bench.sessions.idle


@pytest.mark.parametrize("kind", [PayloadType.RAKP_1, PayloadType.RAKP_3])
def test_an_unknown_session_id_is_told(bench, kind):
    message = Rakp1(1, 99, bytes(16), 0x14, b"admin") if kind == PayloadType.RAKP_1 else Rakp3(1, 0, 99, bytes(20))
    reply = PlusPacket.unpack(bench.ask(plain(kind, message.pack())))
    assert reply.payload_type == kind + 1
    assert Refusal.unpack(reply.payload).status == Status.INVALID_SESSION_ID


def test_rakp_3_before_rakp_1_opens_nothing(bench):
    console = bench.console()
    console.open()
    with pytest.raises(Refused):
        console.rakp3(code=bytes(32))
    assert bench.sessions.active == []


def test_a_repeated_rakp_1_gets_the_same_answer_and_a_different_one_none(bench):
    console = bench.console()
    console.open()
    message = Rakp1(2, console.session_id, bytes(16), 0x14, b"admin")
    first = bench.ask(plain(PayloadType.RAKP_1, message.pack()))
    assert bench.ask(plain(PayloadType.RAKP_1, message.pack())) == first
    other = replace(message, name=b"oper", role=0x13)
    assert bench.ask(plain(PayloadType.RAKP_1, other.pack())) is None


def test_a_repeated_rakp_3_gets_the_same_answer_and_no_second_session(bench: Bench):
    seen: list[tuple[bytes, bytes | None]] = []

    def ask(datagram: bytes) -> bytes | None:
        reply = bench.ask(datagram)
        seen.append((datagram, reply))
        return reply

    Console(ask).login(privilege=None)
    rakp3, rakp4 = seen[-1]
    assert bench.ask(rakp3) == rakp4
    assert len(bench.sessions.active) == 1


def test_a_user_changed_between_rakp_1_and_3_does_not_come_in(bench):
    console = bench.console()
    console.open()
    console.rakp1()
    bench.slots.users[b"admin"] = FakeSlot(2, b"admin", KEY.encode(), Role.OPERATOR)
    with pytest.raises(Refused) as refused:
        console.rakp3()
    assert refused.value.status == Status.UNAUTHORIZED_NAME


def attempt(bench: Bench, name: bytes = b"admin", source: str = PEER[0], key: bytes = KEY.encode()) -> int:
    """A log-in as clients make it, also with a wrong key; the status that it ends with, 0 for a session."""
    console = Console(lambda datagram: bench.ask(datagram, (source, 50000)), name=name, role=0x12)
    try:
        console.open()
        console.rakp1()
        console.rakp3(None if key == KEY.encode() else bytes(32))
    except Refused as refused:
        return refused.status
    return 0


def test_wrong_keys_lock_the_user_for_strangers_and_the_lock_ends(bench):
    for _ in range(5):
        assert attempt(bench, key=b"wrong", source="198.51.100.1") == Status.INVALID_INTEGRITY_CHECK
    assert attempt(bench, source="198.51.100.1") == Status.UNAUTHORIZED_NAME
    assert attempt(bench, source="198.51.100.2") == Status.UNAUTHORIZED_NAME
    assert attempt(bench, name=b"oper", source="198.51.100.2") == 0
    bench.clock.time += 30
    assert attempt(bench, source="198.51.100.1") == 0
    failed, locked = EventKind.SIGN_IN_FAILED, EventKind.ACCOUNT_LOCKED
    assert [event.kind for event in bench.told] == [failed] * 5 + [locked]
    assert (bench.told[-1].node, bench.told[-1].account) == ("n1", "admin")
    assert bench.told[-1].message == "IPMI log-ins as 'admin' from 198.51.100.1 are locked for 30 seconds"


@pytest.mark.parametrize("home", ["192.0.2.77", "127.0.0.1"])
def test_nobody_locks_a_user_out_of_where_it_signs_in_from_or_of_the_machine_itself(bench, home):
    assert attempt(bench, source="192.0.2.77") == 0
    for number in range(200):
        attempt(bench, key=b"wrong", source=f"198.51.100.{number}")
    assert attempt(bench, source="198.51.100.9") == Status.UNAUTHORIZED_NAME
    assert attempt(bench, source=home) == 0


def test_a_console_that_says_itself_that_the_key_is_wrong_counts_as_well(bench):
    for _ in range(5):
        console = bench.console()
        console.open()
        console.rakp1()
        bench.ask(plain(PayloadType.RAKP_3, Rakp3(0, Status.INVALID_INTEGRITY_CHECK, console.session_id).pack()))
    assert attempt(bench) == Status.UNAUTHORIZED_NAME


def test_a_console_that_falls_silent_once_it_has_the_hmac_counts_as_well_and_makes_good_by_logging_in(bench):
    consoles = [bench.console(role=0x12) for _ in range(4)]
    for console in consoles:
        console.open()
        console.rakp1()
    for _ in range(5):
        bench.now += 1
        bench.sessions.expire(bench.now)
    assert bench.counters["wrong-key"] == 4
    consoles[0].rakp3()
    assert attempt(bench, key=b"wrong") == Status.INVALID_INTEGRITY_CHECK
    assert attempt(bench) == 0


def test_log_ins_begun_before_the_lock_guess_no_more(bench):
    consoles = [bench.console(role=0x12) for _ in range(8)]
    for console in consoles:
        console.open()
        console.rakp1()
    statuses = []
    for console in consoles:
        with pytest.raises(Refused) as refused:
            console.rakp3(bytes(32))
        statuses.append(refused.value.status)
    assert statuses == [Status.INVALID_INTEGRITY_CHECK] * 5 + [Status.UNAUTHORIZED_NAME] * 3
    assert bench.counters["wrong-key"] == 5


def test_many_log_ins_at_once_with_a_wrong_key_earn_one_lock_and_no_longer_one(bench):
    """A script that asks ten times a second: ipmitool falls silent, and is blamed for it five seconds later."""
    for port in range(1000, 1040):
        console = Console(partial(bench.ask, peer=(PEER[0], port)), role=0x12)
        console.open()
        console.rakp1()
    for _ in range(5):
        bench.now += 1
        bench.sessions.expire(bench.now)
    assert [event.message for event in bench.told if event.kind is EventKind.ACCOUNT_LOCKED] == [
        f"IPMI log-ins as 'admin' from {PEER[0]} are locked for 30 seconds"
    ]
    bench.clock.time += 30
    assert attempt(bench) == 0


def test_nobody_is_blamed_by_a_forged_address(bench):
    for _ in range(5):
        console = bench.console()
        console.open()
        console.rakp1()
        bench.ask(plain(PayloadType.RAKP_3, Rakp3(0, 0, console.session_id, bytes(32)).pack()), ("192.0.2.200", 1))
    assert {event.details["address"] for event in bench.told} == {PEER[0]}


def test_an_address_that_tries_user_after_user_is_locked_for_all_of_them(bench):
    users = {f"u{number}".encode(): FakeSlot(number, f"u{number}".encode(), b"k", Role.OPERATOR) for number in range(9)}
    bench.slots.users |= users
    for name in users:
        for _ in range(4):
            attempt(bench, name=name, key=b"wrong")
    assert attempt(bench) == Status.UNAUTHORIZED_NAME
    assert attempt(bench, source="192.0.2.2") == 0


def test_what_is_told_of_failures_is_bounded(bench):
    for number in range(2000):
        bench.now += 0.1
        bench.clock.time += 0.1
        attempt(bench, key=b"wrong", source=f"127.0.{number % 200}.1")
    assert len(bench.told) <= 2 * (10 + 200 // 60 + 1)
    assert any(" more before" in event.message for event in bench.told)


def test_a_user_who_takes_every_session_keeps_no_other_out(bench):
    for _ in range(63):
        assert attempt(bench, name=b"guest") == 0
        bench.now += 0.01
    assert attempt(bench, name=b"guest") == Status.NO_RESOURCES
    first = bench.sessions.active[0]
    assert attempt(bench, name=b"admin") == 0
    assert first.ended
    assert attempt(bench, name=b"guest", source="192.0.2.2") == 0
    assert len(bench.sessions.active) == 63
    assert sorted(session.handle for session in bench.sessions.active) == list(range(1, 64))


def test_only_so_many_sessions(bench):
    bench = Bench(Limits(sessions=2))
    bench.console().login()
    bench.console().login()
    with pytest.raises(Refused) as refused:
        bench.console().login()
    assert refused.value.status == Status.NO_RESOURCES
    bench.sessions.end(bench.sessions.active[0])
    bench.console().login()
    assert [session.handle for session in bench.sessions.active] == [1, 2]


def test_a_flood_from_one_socket_locks_out_nobody_else(bench):
    legal = bench.console()
    legal.open()
    flood = plain(PayloadType.OPEN_SESSION_REQUEST, OpenSessionRequest(0, 0, 1, 3, 4, 1).pack())
    for _ in range(5000):
        bench.ask(flood, ("192.0.2.1", 666))
    legal.rakp1()
    for _ in range(5000):
        bench.ask(flood, ("192.0.2.1", 666))
    legal.rakp3()
    legal.call(0, 1)


def test_a_flood_from_many_sources_leaves_who_named_a_user_alone(bench):
    legal = bench.console()
    legal.open()
    legal.rakp1()
    flood = plain(PayloadType.OPEN_SESSION_REQUEST, OpenSessionRequest(0, 0, 1, 3, 4, 1).pack())
    for number in range(2000):
        bench.ask(flood, (f"198.51.{number % 250}.{number % 7}", 1024 + number))
        bench.ask(flood, ("192.0.2.1", 1024 + number))
    legal.rakp3()


def test_half_open_sessions_are_bounded_and_expire(bench):
    flood = plain(PayloadType.OPEN_SESSION_REQUEST, OpenSessionRequest(0, 0, 1, 3, 4, 1).pack())
    sent = 3 * Limits().half_open
    for number in range(sent):
        bench.ask(flood, (f"198.51.100.{number % 250}", 1024 + number))
    assert bench.counters["half-open-dropped"] == sent - Limits().half_open
    bench.now += Limits().half_open_lifetime
    bench.sessions.expire(bench.now)
    assert bench.sessions.idle


def test_a_session_ends_when_idle_and_not_before(bench):
    console = bench.console().login()
    bench.now += 59
    bench.sessions.expire(bench.now)
    console.call(0, 1)
    bench.now += 59
    bench.sessions.expire(bench.now)
    console.call(0, 1)
    bench.now += 60
    bench.sessions.expire(bench.now)
    assert bench.sessions.idle
    assert console.send(console.request(0, 1)) is None


def test_a_revoked_user_loses_its_sessions_and_no_others(bench):
    admin, oper = bench.console().login(), bench.console(name=b"oper", role=0x13).login()
    bench.sessions.revoke(2)
    assert admin.send(admin.request(0, 1)) is None
    assert oper.call(0, 1).code == 0


def test_each_sequence_number_once(bench):
    console = bench.console().login()
    assert console.send(console.request(0, 1), sequence=100) is not None
    assert console.send(console.request(0, 1), sequence=100) is None
    assert console.send(console.request(0, 1), sequence=99) is not None
    assert console.send(console.request(0, 1), sequence=99) is None
    assert console.send(console.request(0, 1), sequence=85) is not None
    assert console.send(console.request(0, 1), sequence=84) is None
    assert console.send(console.request(0, 1), sequence=0) is None
    assert console.send(console.request(0, 1), sequence=101) is not None
    assert console.send(console.request(0, 1), sequence=5000) is not None
    assert console.send(console.request(0, 1), sequence=4990) is not None
    assert console.send(console.request(0, 1), sequence=101) is None
    assert console.send(console.request(0, 1), sequence=5000 + 0x80000000) is None


@pytest.mark.parametrize("first", [1, 3, 0x7FFFFFFF, 0x90000000, 0xFFFFFFFF])
def test_a_session_may_begin_with_any_sequence_number(bench, first):
    console = bench.console().login(privilege=None)
    assert console.send(console.request(0, 1), first) is not None
    assert console.send(console.request(0, 1), first) is None
    assert console.send(console.request(0, 1), first % 0xFFFFFFFF + 1) is not None


def test_the_sequence_number_wraps_past_zero(bench):
    console = bench.console().login()
    for sequence in (0x70000000, 0xE0000000, 0xFFFFFFFE, 0xFFFFFFFF, 1, 2):
        assert console.send(console.request(0, 1), sequence) is not None, hex(sequence)
    assert console.send(console.request(0, 1), 0xFFFFFFFF) is None


def test_replies_are_numbered_from_one_without_gaps(bench):
    console = bench.console().login()
    for _ in range(5):
        console.call(0, 1)
    assert console.received == [1, 2, 3, 4, 5, 6]


def test_a_retry_gets_its_cached_reply_under_a_new_number(bench):
    console = bench.console().login()
    request = console.request(0, 2, b"\x02")
    first = console.send(request)
    carried_out = len(bench.requests)
    bench.now += 4.9
    assert console.send(request) == first
    assert len(bench.requests) == carried_out
    assert console.received[-1] == console.received[-2] + 1


def test_a_retry_gets_nothing_while_the_request_is_in_progress(bench):
    console = bench.console().login()
    bench.answering = False
    request = console.request(0, 2, b"\x02")
    assert console.send(request) is None
    assert console.send(request) is None
    assert sum(received.message == request for received in bench.requests) == 1
    bench.sessions.answer(bench.requests[-1], 0)
    assert console.send(request).code == 0


@pytest.mark.parametrize(
    "change", [{"data": b"\x03"}, {"command": 4}, {"netfn": 6}, {"lun": 1}, {"sequence": 63}], ids=str
)
def test_what_differs_in_anything_is_a_new_request(bench, change):
    console = bench.console().login()
    request = console.request(0, 2, b"\x02")
    console.send(request)
    console.send(request._replace(**change))
    assert len(bench.requests) == 3


def test_after_five_seconds_the_same_request_is_a_new_one(bench):
    console = bench.console().login()
    request = console.request(0, 2, b"\x02")
    console.send(request)
    bench.now += 5
    console.send(request)
    assert [received.message for received in bench.requests].count(request) == 2


def test_the_same_cycle_64_requests_later_is_a_second_one(bench):
    console = bench.console().login()
    cycle = console.request(0, 2, b"\x02")
    console.send(cycle)
    for _ in range(63):
        console.call(0, 1)
    again = console.request(0, 2, b"\x02")
    assert again == cycle
    console.send(again)
    assert [received.message for received in bench.requests].count(cycle) == 2


def test_what_is_remembered_of_requests_is_bounded(bench):
    console = bench.console().login()
    for number in range(500):
        console.call(0, 1, number.to_bytes(2, "little"))
    assert len(bench.session._recent) <= 64


def test_a_forged_plain_or_foreign_packet_is_dropped(bench):
    console = bench.console().login()
    sealed = console.seal(PayloadType.IPMI, console.request(0, 1).pack())
    carried_out = len(bench.requests)
    for position in range(4, len(sealed)):
        forged = bytearray(sealed)
        forged[position] ^= 0x01
        assert bench.ask(bytes(forged)) is None
    for end in range(len(sealed)):
        assert bench.ask(sealed[:end]) is None
    message = console.request(0, 1).pack()
    assert bench.ask(PlusPacket(0, console.session_id, 50, message).pack()) is None
    assert len(bench.requests) == carried_out
    assert bench.ask(sealed) is not None


def test_a_packet_from_another_address_moves_the_session_there(bench):
    console = bench.console().login()
    bench.ask(console.seal(PayloadType.IPMI, console.request(0, 1).pack()), ("192.0.2.9", 6000))
    assert bench.session.peer == ("192.0.2.9", 6000)


def test_sol_comes_out_as_such(bench):
    console = bench.console().login()
    bench.ask(console.seal(PayloadType.SOL, b"\x01\x00\x00\x00a"))
    assert [heard.payload for heard in bench.sol] == [b"\x01\x00\x00\x00a"]


def test_a_request_outside_a_session_is_answered_as_it_was_asked(bench):
    message = Message(6, 0x38, b"\x8e\x04")
    assert bench.ask(SessionlessPacket(message.pack()).pack())[4] == 0
    assert bench.ask(plain(PayloadType.IPMI, message.pack()))[4] == 6
    assert all(request.session is None for request in bench.requests)


def test_a_ping_is_answered(bench):
    assert PresencePong.unpack(bench.ask(PresencePing(7).pack())) == PresencePong(7)


def test_ids_and_keys_do_not_repeat(bench):
    consoles = [bench.console().login() for _ in range(8)]
    assert len({console.session_id for console in consoles}) == 8
    assert 0 not in {console.session_id for console in consoles}
