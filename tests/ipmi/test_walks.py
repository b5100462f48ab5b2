"""Any walk through the engine, in any order, against a model that knows the rules and nothing of how they are kept."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bmc.accounts import Limits as SignInLimits
from bmc.accounts.lockout import Lockout
from bmc.accounts.sign_ins import SignIns
from bmc.ipmi.session import Request, Sessions
from bmc.ipmi.settings import Counters, Limits
from bmc.ipmi.wire.app import pack_guid
from bmc.ipmi.wire.message import Message
from bmc.ipmi.wire.numbers import PayloadType, Status
from bmc.ipmi.wire.rakp import Rakp3
from bmc.model.events import Event
from tests.clocks import HandClock
from tests.ipmi.client import Console, Refused, plain
from tests.ipmi.fakes import NODE_ID, FakeSlots

LIMITS = Limits(
    sessions=4, half_open=5, half_open_named=4, half_open_per_source=3, half_open_per_peer=2, half_open_lifetime=20
)
PEERS = [(f"192.0.2.{host}", port) for host in (1, 2, 3) for port in (50000, 50001)]
NEVER = SignInLimits(account_failures=10**9, address_failures=10**9)
USERS = {b"admin": 2, b"oper": 3, b"guest": 4}


@dataclass(eq=False)
class Visitor:
    """A console and what the model believes of it. `message` is its last request, `at` its time and place."""

    console: Console
    peer: tuple[str, int]
    since: float
    name: bytes = b""
    stage: str = "opened"
    seen: float = 0.0
    message: Message | None = None
    at: float = 0.0
    asked: int = 0
    sealed: list[bytes] = field(default_factory=list)


def share(waiting: list[Visitor], newcomer: Visitor, size: int) -> None:
    """Adds the newcomer; who goes for it is the oldest of its socket, its address or all, whichever is full."""
    peer, source = newcomer.peer, newcomer.peer[0]
    for those, limit in (
        ([one for one in waiting if one.peer == peer], LIMITS.half_open_per_peer),
        ([one for one in waiting if one.peer[0] == source], LIMITS.half_open_per_source),
        (list(waiting), size),
    ):
        if len(those) >= limit:
            waiting.remove(those[0])
            break
    waiting.append(newcomer)


class Walk(RuleBasedStateMachine):
    visitors: Bundle[Visitor] = Bundle("visitors")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        clock = HandClock()
        told: list[Event] = []
        sign_ins = SignIns("n1", Lockout(clock, NEVER), clock, told.append)
        self.sessions = Sessions("n1", pack_guid(NODE_ID), FakeSlots(), LIMITS, Counters(), sign_ins)
        self.peer = PEERS[0]
        self.carried_out = 0
        self.opened: list[Visitor] = []
        self.named: list[Visitor] = []
        self.active: list[Visitor] = []

    def ask(self, datagram: bytes) -> bytes | None:
        received = self.sessions.receive(datagram, self.peer, self.now)
        if isinstance(received, Request):
            self.carried_out += 1
            return self.sessions.answer(received, 0, self.carried_out.to_bytes(4, "little"))
        assert received is None or isinstance(received, bytes)
        return received

    @rule(target=visitors, peer=st.sampled_from(PEERS), name=st.sampled_from(sorted(USERS)))
    def open(self, peer, name):
        self.peer = peer
        visitor = Visitor(Console(self.ask, name=name, role=0x12), peer, self.now, name)
        visitor.console.open()
        share(self.opened, visitor, LIMITS.half_open)
        return visitor

    @rule(visitor=visitors)
    def rakp1(self, visitor):
        self.peer = visitor.peer
        status = 0
        try:
            visitor.console.rakp1()
        except Refused as refused:
            status = refused.status
        if visitor not in self.opened and visitor not in self.named:
            assert status == Status.INVALID_SESSION_ID
        elif not self.has_seat(visitor):
            assert status == Status.NO_RESOURCES
            self.drop(visitor)
        else:
            assert status == 0
            if visitor in self.opened:
                self.opened.remove(visitor)
                share(self.named, visitor, LIMITS.half_open_named)

    @rule(visitor=visitors, proof=st.sampled_from(["right", "right", "wrong", "gives up"]))
    def rakp3(self, visitor, proof):
        self.peer = visitor.peer
        known = visitor in self.named
        if not known or proof == "gives up" or visitor.stage != "opened":
            code, status = (b"", Status.INVALID_INTEGRITY_CHECK) if proof == "gives up" else (bytes(32), 0)
            reply = self.ask(plain(PayloadType.RAKP_3, Rakp3(9, status, visitor.console.session_id, code).pack()))
            assert (reply is None) == known
            if known and visitor.stage == "opened":
                self.drop(visitor)
            return
        seat = self.has_seat(visitor)
        if proof == "wrong" or not seat:
            with pytest.raises(Refused) as refused:
                visitor.console.rakp3(None if proof == "right" else bytes(32))
            wrong, full = Status.INVALID_INTEGRITY_CHECK, Status.NO_RESOURCES
            assert refused.value.status == (wrong if proof == "wrong" else full)
            self.drop(visitor)
            return
        visitor.console.rakp3()
        self.make_room(visitor)
        visitor.stage, visitor.seen = "active", self.now
        self.active.append(visitor)

    @rule(target=visitors, peer=st.sampled_from(PEERS), name=st.sampled_from(sorted(USERS)))
    def log_in(self, peer, name):
        """The usual way, which single steps at random seldom take to its end."""
        visitor = self.open(peer, name)
        self.rakp1(visitor)
        self.rakp3(visitor, "right")
        if visitor in self.active:
            visitor.message = visitor.console.request(6, 1)
            self.send(visitor, new=True)
        return visitor

    @precondition(lambda self: self.active)
    @rule(data=st.data(), command=st.integers(1, 3))
    def request(self, data, command):
        visitor = data.draw(st.sampled_from(self.active))
        visitor.message = visitor.console.request(6, command)
        self.send(visitor, new=True)

    @precondition(lambda self: self.active)
    @rule(data=st.data())
    def repeat(self, data):
        visitor = data.draw(st.sampled_from(self.active))
        if visitor.message is not None:
            self.send(visitor, new=self.now - visitor.at >= LIMITS.duplicate)

    def send(self, visitor: Visitor, new: bool) -> None:
        assert visitor.message is not None
        before = self.carried_out
        self.peer = visitor.peer
        datagram = visitor.console.seal(PayloadType.IPMI, visitor.message.pack())
        assert self.ask(datagram) is not None
        assert self.carried_out - before == new
        visitor.sealed.append(datagram)
        visitor.seen = self.now
        if visitor in self.named:
            self.named.remove(visitor)
        if new:
            visitor.at = self.now
            visitor.asked += 1

    @precondition(lambda self: any(one.sealed for one in self.active))
    @rule(data=st.data(), peer=st.sampled_from(PEERS))
    def replay(self, data, peer):
        visitor = data.draw(st.sampled_from([one for one in self.active if one.sealed]))
        self.refused(data.draw(st.sampled_from(visitor.sealed)), peer)

    @precondition(lambda self: self.active)
    @rule(data=st.data(), peer=st.sampled_from(PEERS), position=st.integers(4, 70), flip=st.integers(1, 255))
    def forge(self, data, peer, position, flip):
        visitor = data.draw(st.sampled_from(self.active))
        sent = visitor.console.sent
        datagram = bytearray(visitor.console.seal(PayloadType.IPMI, visitor.console.request(6, 1).pack()))
        visitor.console.sent = sent
        datagram[position % (len(datagram) - 4) + 4] ^= flip
        self.refused(bytes(datagram), peer)

    def refused(self, datagram: bytes, peer: tuple[str, int]) -> None:
        """Nothing is carried out, and no session moves or is kept alive."""
        self.peer = peer
        before = self.carried_out, [(one.peer, one.seen) for one in self.sessions.active]
        assert self.ask(datagram) is None
        assert before == (self.carried_out, [(one.peer, one.seen) for one in self.sessions.active])

    @rule(datagram=st.binary(max_size=60), peer=st.sampled_from(PEERS), plus=st.booleans())
    def noise(self, datagram, peer, plus):
        self.peer = peer
        self.sessions.receive(b"\x06\x00\xff\x07\x06" * plus + datagram, peer, self.now)

    @rule(seconds=st.sampled_from([0.1, 1.0, 4.9, 5.0, 19.0, 20.0, 59.0, 60.0]))
    def wait(self, seconds):
        self.now += seconds
        self.sessions.expire(self.now)
        for waiting in (self.opened, self.named):
            waiting[:] = [one for one in waiting if self.now - one.since < LIMITS.half_open_lifetime]
        self.active = [one for one in self.active if self.now - one.seen < LIMITS.idle]

    @precondition(lambda self: self.active)
    @rule(slot=st.sampled_from(sorted(USERS.values())))
    def revoke(self, slot):
        self.sessions.revoke(slot)
        self.active = [one for one in self.active if USERS[one.name] != slot]

    def drop(self, visitor: Visitor) -> None:
        for waiting in (self.opened, self.named):
            if visitor in waiting:
                waiting.remove(visitor)

    def has_seat(self, visitor: Visitor) -> bool:
        if len(self.active) < LIMITS.sessions:
            return True
        users = Counter(one.name for one in self.active)
        if users[visitor.name] < max(users.values()):
            return True
        sources = Counter(one.peer[0] for one in self.active if one.name == visitor.name)
        return sources[visitor.peer[0]] < max(sources.values())

    def make_room(self, visitor: Visitor) -> None:
        """Whom the engine chose is not foretold, but it must be one of those who hold the most."""
        if len(self.active) < LIMITS.sessions:
            return
        left = {session.id for session in self.sessions.active}
        (gone,) = [one for one in self.active if one.console.session_id not in left]
        users = Counter(one.name for one in self.active)
        assert users[gone.name] == max(users.values())
        self.active.remove(gone)

    @invariant()
    def the_same_sessions_are_there(self):
        assert {one.id for one in self.sessions.active} == {one.console.session_id for one in self.active}
        assert self.sessions.idle == (not self.active and not self.opened and not self.named)
        assert [one.handle for one in self.sessions.active] == sorted({one.handle for one in self.sessions.active})
        assert all(1 <= one.handle <= LIMITS.sessions for one in self.sessions.active)

    @invariant()
    def what_is_kept_is_bounded(self):
        handshake = self.sessions._handshake
        assert len(handshake._opened) == len(self.opened) <= LIMITS.half_open
        assert len(handshake._named) == len(self.named) <= LIMITS.half_open_named
        assert len(handshake._opened._shares) <= 2 * LIMITS.half_open
        assert all(len(one._recent) <= 64 for one in self.sessions.active)


def test_any_walk():
    run_state_machine_as_test(Walk, settings=settings(max_examples=60, stateful_step_count=40))


@pytest.mark.slow
def test_many_long_walks():
    run_state_machine_as_test(Walk, settings=settings(max_examples=1500, stateful_step_count=120))
