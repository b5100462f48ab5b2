"""Whatever is sent to a door, inside a session or outside, it lives on, keeps nothing and serves the next one."""

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from bmc.accounts import Limits as SignInLimits
from bmc.accounts.lockout import Lockout
from bmc.ipmi.commands import TABLE
from bmc.ipmi.config import ConfigKeeper, DoorConfig
from bmc.ipmi.door import NodeDoor
from bmc.ipmi.settings import Counters, DoorSettings, Limits
from bmc.ipmi.wire.numbers import PayloadType
from bmc.ipmi.wire.packet import PlusPacket
from bmc.ipmi.wire.rakp import OpenSessionRequest, Rakp1, Rakp3
from bmc.model.node import Endpoint
from tests.clocks import HandClock, settle
from tests.ipmi.client import Console
from tests.ipmi.fakes import FakeNode, FakeSlots, MemoryBuckets

PEER = ("192.0.2.1", 50000)
FEW = settings(max_examples=60)


class Bench:
    def __init__(self) -> None:
        self.clock, self.counters = HandClock(), Counters()
        self.sent: list[bytes] = []
        self.node = FakeNode()
        self.door = NodeDoor(
            self.node,
            FakeSlots(),
            ConfigKeeper(MemoryBuckets(), "n1", DoorConfig()),
            self.clock,
            DoorSettings(limits=Limits(sessions=3)),
            Endpoint("127.0.0.1", 623),
            self.counters,
            lambda datagram, peer: self.sent.append(datagram),
            Lockout(self.clock, SignInLimits()),
        )

    def ask(self, datagram: bytes) -> bytes | None:
        self.sent.clear()
        self.door.receive(datagram, PEER)
        return self.sent[-1] if self.sent else None

    def throw(self, datagram: bytes) -> None:
        self.door.receive(datagram, PEER)

    async def check(self) -> None:
        """Nobody foresaw nothing, all that was begun ends, and the next console is served."""
        await settle()
        assert self.counters["failed"] == 0
        await self.clock.advance(100)
        self.door.expire()
        await settle()
        assert self.door.idle
        assert Console(self.ask).login().call(6, 1).code == 0
        await self.door.close()


def trial(work: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        bench = Bench()
        await work(bench)
        await bench.check()

    asyncio.run(run())


HEADERS = st.sampled_from(
    [b"", b"\x06", b"\x06\x00\xff\x07", b"\x06\x00\xff\x06", b"\x06\x00\xff\x07\x06", b"\x06\x00\xff\x07\x00"]
)
NUMBERS = st.integers(0, 255)


@FEW
@given(st.lists(st.builds(lambda start, rest: start + rest, HEADERS, st.binary(max_size=80)), max_size=20))
def test_any_bytes(datagrams):
    async def work(bench: Bench) -> None:
        for datagram in datagrams:
            bench.throw(datagram)

    trial(work)


@FEW
@given(st.lists(st.tuples(NUMBERS, st.sampled_from([0, 1]), st.binary(max_size=80)), max_size=20))
def test_any_payload_outside_a_session(packets):
    async def work(bench: Bench) -> None:
        for payload_type, session_id, payload in packets:
            bench.throw(PlusPacket(payload_type, session_id, 0, payload).pack())

    trial(work)


ALGORITHM = st.one_of(st.none(), NUMBERS)


@FEW
@given(NUMBERS, NUMBERS, ALGORITHM, ALGORITHM, ALGORITHM)
def test_any_algorithms(tag, privilege, authentication, integrity, confidentiality):
    async def work(bench: Bench) -> None:
        request = OpenSessionRequest(tag, privilege, 7, authentication, integrity, confidentiality)
        bench.throw(PlusPacket(PayloadType.OPEN_SESSION_REQUEST, 0, 0, request.pack()).pack())
        await settle()
        assert len(bench.sent) == 1

    trial(work)


@FEW
@given(NUMBERS, st.binary(min_size=16, max_size=16), st.binary(max_size=40), st.binary(max_size=64), NUMBERS)
def test_any_rakp_messages(role, random, name, code, status):
    async def work(bench: Bench) -> None:
        console = Console(bench.ask)
        console.open()
        for message in (
            Rakp3(0, status, console.session_id, code),
            Rakp1(0, console.session_id, random, role, name),
            Rakp3(0, status, console.session_id, code),
            Rakp1(0, console.session_id, random, role, b"admin"),
            Rakp3(0, status, console.session_id, code),
        ):
            kind = PayloadType.RAKP_1 if isinstance(message, Rakp1) else PayloadType.RAKP_3
            bench.throw(PlusPacket(kind, 0, 0, message.pack()).pack())

    trial(work)


@FEW
@given(st.lists(st.tuples(st.integers(0, 63), st.binary(max_size=80)), max_size=20))
def test_any_payload_inside_a_session(payloads):
    async def work(bench: Bench) -> None:
        console = Console(bench.ask).login()
        for payload_type, payload in payloads:
            bench.throw(console.seal(payload_type, payload))
            await settle()

    trial(work)


ANY_COMMAND = st.tuples(st.integers(0, 31).map(lambda n: n * 2), NUMBERS)
OUR_COMMAND = st.sampled_from(sorted(set(TABLE) - {(6, 0x3C)}))


@FEW
@given(st.lists(st.tuples(st.one_of(ANY_COMMAND, OUR_COMMAND, OUR_COMMAND), st.binary(max_size=40)), max_size=20))
def test_any_request_inside_a_session(requests):
    async def work(bench: Bench) -> None:
        console = Console(bench.ask).login()
        for (netfn, command), data in requests:
            if (netfn, command) == (6, 0x3C):
                continue
            bench.sent.clear()
            bench.throw(console.seal(PayloadType.IPMI, console.request(netfn, command, data).pack()))
            await settle()
            assert len(bench.sent) >= 1, (netfn, command, data)

    trial(work)


@FEW
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_sol_payload(payloads):
    async def work(bench: Bench) -> None:
        console = Console(bench.ask).login()
        bench.throw(console.seal(PayloadType.IPMI, console.request(6, 0x48, bytes.fromhex("0101c0000000")).pack()))
        await settle()
        for payload in payloads:
            bench.throw(console.seal(PayloadType.SOL, payload))
            await settle()
        assert bench.node.lines

    trial(work)


@FEW
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 255)), min_size=1, max_size=4), st.integers(0, 200))
def test_a_damaged_packet_of_a_session(damages, end):
    async def work(bench: Bench) -> None:
        console = Console(bench.ask).login()
        good = console.seal(PayloadType.IPMI, console.request(0, 2, b"\x02").pack())
        bad = bytearray(good)
        for position, flip in damages:
            bad[4 + position % (len(bad) - 4)] ^= flip  # the RMCP header before is nobody's secret
        if bytes(bad) != good:
            bench.throw(bytes(bad))
        bench.throw(good[: end % len(good)])
        await settle()
        assert bench.node.done == []

    trial(work)
