"""Both escalations, tried: from a guest to the fleet, and from an administrator of one node to the fleet."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import bmc.events
from bmc.accounts import Accounts
from bmc.ipmi.server import IpmiServer
from bmc.ipmi.wire.numbers import NetFn, PayloadType
from bmc.ipmi.wire.vm import HostRequest
from bmc.model.caller import Door, Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.events import EventKind
from bmc.model.node import Endpoint, NodeDefinition
from bmc.node import Node
from bmc.ports import Backend, ByteStream
from bmc.records.fru import inventory
from bmc.socket_stream import SocketStream
from tests.ipmi.client import Console, Refused
from tests.world import ADMIN, MemoryDrivers, World, open_world, until

FLEET_KEY, NODE_KEY = b"the key of the fleet", b"the key of one node"
ESCAPES = b'\x1b]0;owned\x07<script>alert("x")</script>\r\n{"$'


class Plug:
    """HostInterface over a real socket pair, of which the test holds the guest's end."""

    def __init__(self) -> None:
        self.guest, self._ours = socket.socketpair()
        self.guest.setblocking(False)

    async def connect(self) -> ByteStream:
        if self._ours.fileno() < 0:
            await asyncio.Event().wait()
        return await SocketStream.over(self._ours)

    def close(self) -> None:
        self.guest.close()
        self._ours.close()

    async def answer(self) -> bytes:
        """One frame; none of these answers has a byte that is escaped."""
        loop, found = asyncio.get_running_loop(), b""
        async with asyncio.timeout(5):
            while not found.endswith((b"\xa0", b"\xa1")):
                found += await loop.sock_recv(self.guest, 1)
        return found

    async def ask(self, netfn: int, command: int, data: bytes = b"", lun: int = 0) -> bytes:
        """Completion code and data."""
        await asyncio.get_running_loop().sock_sendall(self.guest, HostRequest(1, netfn, lun, command, data).pack())
        while (answer := await self.answer()).endswith(b"\xa1"):
            pass  # attention
        return answer[3:-2]


class PluggedDrivers(MemoryDrivers):
    """Nodes whose guests have a system interface."""

    def __init__(self) -> None:
        super().__init__()
        self.plugs: dict[str, Plug] = {}

    async def open(self, definition: NodeDefinition) -> Backend:
        backend = await super().open(definition)
        return replace(backend, host=self.plugs.setdefault(definition.name, Plug()))


@dataclass
class Estate:
    """Two nodes; the fleet's administrator has slot 2 of both, each has an administrator of its own in slot 3."""

    world: World
    accounts: Accounts
    server: IpmiServer
    nodes: dict[str, Node]
    plugs: dict[str, Plug]

    @asynccontextmanager
    async def session(
        self, node: str, name: bytes = b"nora", key: bytes = NODE_KEY, level: int = 4
    ) -> AsyncIterator[Callable[..., "asyncio.Future[int]"]]:
        """Asks over the LAN, for the completion code."""
        endpoint = self.server.endpoint(node)
        assert endpoint is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.connect((endpoint.host, endpoint.port))

            def ask(datagram: bytes) -> bytes:
                sock.send(datagram)
                return sock.recv(2048)

            console = Console(ask, name, key, 0x10 | level)
            await asyncio.to_thread(console.login, level)

            async def call(netfn: int, command: int, data: bytes = b"") -> int:
                return (await asyncio.to_thread(console.call, netfn, command, data)).code

            call.console, call.socket = console, sock  # type: ignore[attr-defined]
            yield call  # type: ignore[misc]


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    drivers = PluggedDrivers()
    async with open_world(tmp_path / "store.db", drivers) as world:
        accounts = await Accounts.open(world.store, world.events, SystemClock(), tmp_path / "ipmi.key")
        await accounts.create("root", "a long web password", Role.ADMINISTRATOR)
        nodes = {name: (await world.add(name))[0] for name in ("n1", "n2")}
        for name in nodes:
            await accounts.set_slot(name, 2, "root", FLEET_KEY, Role.ADMINISTRATOR, account="root")
        await accounts.set_slot("n1", 3, "nora", NODE_KEY, Role.ADMINISTRATOR)
        await accounts.set_slot("n1", 4, "oleg", NODE_KEY, Role.OPERATOR)
        await accounts.set_slot("n1", 5, "vera", NODE_KEY, Role.READ_ONLY)
        async with IpmiServer(accounts, world.store, SystemClock(), events=world.events) as server:
            for node in nodes.values():
                node.relocate(Endpoint("127.0.0.1", 0))
                await server.add(node)
            yield Estate(world, accounts, server, nodes, drivers.plugs)
    for plug in drivers.plugs.values():
        plug.close()


# From a guest to the fleet


async def test_a_guest_makes_no_user_and_takes_none_over(estate: Estate):
    before = estate.accounts.slots("n1"), estate.accounts.slots("n2")
    guest = estate.plugs["n1"]
    for command, data in (
        (0x43, b"\x91\x03\x04\x00"),
        (0x45, b"\x03" + b"root".ljust(16, b"\0")),
        (0x47, b"\x02\x02" + b"mine".ljust(16, b"\0")),
        (0x47, b"\x02\x03" + FLEET_KEY[:16]),
        (0x4C, b"\x01\x02\x02\x00\x00\x00"),
        (0x40, b"\x01\x42\x44"),
        (0x3C, bytes(4)),
        (0x56, b"\x01\x40" + bytes(21)),
    ):
        assert await guest.ask(NetFn.APP, command, data) == b"\xd4", hex(command)
    assert await guest.ask(NetFn.APP, 0x3B, b"\x04") == b"\xd4", "a guest has no session to raise"
    assert (estate.accounts.slots("n1"), estate.accounts.slots("n2")) == before


async def test_a_guest_reaches_no_other_channel_lun_or_function(estate: Estate):
    guest = estate.plugs["n1"]
    assert await guest.ask(NetFn.APP, 0x34, b"\x01\x20\x18\xc8\x81\x00\x01\x7e") == b"\xc1", "Send Message"
    for lun in (1, 2, 3):
        assert await guest.ask(NetFn.CHASSIS, 0x02, b"\x00", lun) == b"\xc2"
    for netfn in (0x02, 0x08, 0x2E, 0x30, 0x3E):
        assert await guest.ask(netfn, 0x01, bytes(4)) == b"\xc1"


async def test_a_guest_learns_no_key_to_others(estate: Estate):
    async with estate.session("n1") as nora:
        assert await nora(NetFn.TRANSPORT, 0x01, b"\x01\x10" + b"of the operators".ljust(18, b"\0")) == 0
    assert await estate.plugs["n1"].ask(NetFn.TRANSPORT, 0x02, b"\x01\x10\x00\x00") == b"\x80"


async def test_a_guest_stops_no_alert(estate: Estate):
    assert await estate.plugs["n1"].ask(NetFn.SENSOR, 0x17, bytes(12)) == b"\xd4"


async def test_what_a_guest_does_is_told_as_its_own_and_of_its_node_alone(estate: Estate):
    guest = estate.plugs["n1"]
    record = bytes.fromhex("0000 02 00000000 2000 04 c1 05 6f 000000")
    assert (await guest.ask(NetFn.STORAGE, 0x44, record))[:1] == b"\x00"
    assert await guest.ask(NetFn.SENSOR, 0x02, bytes.fromhex("41 04 c1 05 6f 000000")) == b"\x00"
    await until(lambda: len(estate.nodes["n1"].snapshot.sel.entries) == 2)
    reservation = (await guest.ask(NetFn.STORAGE, 0x42))[1:3]
    assert (await guest.ask(NetFn.STORAGE, 0x47, reservation + b"CLR\xaa"))[:1] == b"\x00"
    assert estate.nodes["n1"].snapshot.sel.entries == ()
    told = [event for event in await estate.world.events.history(limit=1000) if event.account == "host:n1"]
    assert {event.kind for event in told} == {EventKind.SEL_CHANGED, EventKind.PLATFORM_EVENT, EventKind.SEL_CLEARED}
    assert {event.node for event in told} == {"n1"}
    audited = [record for record in await estate.world.audit.newest(1000) if record.door is Door.HOST]
    assert {(record.account, record.target) for record in audited} == {("host:n1", "n1")}


async def test_what_a_guest_writes_is_text_to_whoever_reads_it(estate: Estate, caplog: pytest.LogCaptureFixture):
    guest = estate.plugs["n1"]
    tag = ESCAPES[:16]
    assert (await guest.ask(NetFn.GROUP, 0x08, b"\xdc\x00" + bytes((len(tag),)) + tag))[:1] == b"\x00"
    product = inventory(estate.nodes["n1"].snapshot.fru).product
    assert product is not None
    assert product.asset_tag == tag.decode("latin-1")
    assert await guest.ask(NetFn.APP, 0x58, b"\x02\x00\x00" + bytes((len(tag),)) + tag[:14]) == b"\x00"
    assert "\x1b" not in caplog.text
    told = await estate.world.heard(EventKind.FRU_WRITTEN)
    assert "\x1b" not in "".join(event.message for event in told)


async def test_a_guest_that_asks_without_end_is_slowed_down_and_others_are_not(estate: Estate):
    flood, begun = HostRequest(1, NetFn.APP, 0, 0x01).pack() * 20_000, SystemClock().monotonic()
    flooding = asyncio.create_task(asyncio.get_running_loop().sock_sendall(estate.plugs["n1"].guest, flood))
    listening = asyncio.create_task(_listen(estate.plugs["n1"]))
    await until(lambda: estate.server.counters["host-requests"] > 512)
    for _ in range(20):
        assert (await estate.plugs["n2"].ask(NetFn.APP, 0x01))[:1] == b"\x00"
    await until(lambda: estate.server.counters["host-requests"] > 512 + 20 + 60)
    asked = estate.server.counters["host-requests"] - 20
    assert asked <= 512 + 1 + 100 * (SystemClock().monotonic() - begun), "after a burst 100 a second"
    for task in (flooding, listening):
        task.cancel()
    await asyncio.gather(flooding, listening, return_exceptions=True)


async def _listen(plug: Plug) -> None:
    while await asyncio.get_running_loop().sock_recv(plug.guest, 65536):
        pass


async def test_a_flood_of_one_node_pushes_nothing_of_others_out_of_events_and_audit(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
):
    await estate.world.fleet.change("n2", {}, ADMIN, frozenset({"seen"}))
    before = len(await estate.world.events.history("n2")), len(await estate.world.audit.newest(node="n2"))
    assert all(before)
    monkeypatch.setattr(bmc.events, "EVENTS_KEPT", 100)
    monkeypatch.setattr(bmc.events, "AUDIT_KEPT", 100)
    monkeypatch.setattr(bmc.events, "TRIM_EVERY", 10)
    for _ in range(150):
        assert await estate.plugs["n1"].ask(NetFn.SENSOR, 0x02, bytes.fromhex("41 04 c1 05 6f 000000")) == b"\x00"
    assert len(await estate.world.events.history(limit=1000)) <= 110
    assert len(await estate.world.audit.newest(1000)) <= 110
    after = len(await estate.world.events.history("n2")), len(await estate.world.audit.newest(node="n2"))
    assert after == before


# From an administrator of one node to the fleet


async def test_an_administrator_of_one_node_knocks_in_vain_at_the_next(estate: Estate):
    for name, key in ((b"nora", NODE_KEY), (b"root", NODE_KEY)):
        with pytest.raises((Refused, AssertionError)):
            async with estate.session("n2", name, key):
                pass
    for user, password in (("nora", NODE_KEY), ("ipmi:nora", NODE_KEY), ("root", FLEET_KEY)):
        with pytest.raises(Exception, match="user name or the password is wrong"):
            await estate.accounts.authenticate(user, password.decode(), "10.0.0.9")


async def test_an_administrator_of_one_node_takes_no_fleet_accounts_slot_bit_by_bit(estate: Estate):
    slot = estate.accounts.slots("n1")[0]
    async with estate.session("n1") as nora:
        for command, data in (
            (0x47, b"\x02\x02" + b"mine".ljust(16, b"\0")),
            (0x47, b"\x82\x02" + b"mine".ljust(20, b"\0")),
            (0x45, b"\x02" + b"nora2".ljust(16, b"\0")),
        ):
            assert await nora(NetFn.APP, command, data) == 0xD4
        assert await nora(NetFn.APP, 0x45, b"\x03" + b"root".ljust(16, b"\0")) == 0xCC, "the name is taken"
        assert estate.accounts.slots("n1")[0] == slot
        assert await nora(NetFn.APP, 0x47, b"\x02\x00") == 0, "may shut it out"
        assert await nora(NetFn.APP, 0x47, b"\x02\x01") == 0xD4, "but not let it in again"
        assert await nora(NetFn.APP, 0x45, b"\x02" + bytes(16)) == 0, "may clear it"
        assert await nora(NetFn.APP, 0x45, b"\x04" + b"root".ljust(16, b"\0")) == 0
    taken = {slot.name: slot for slot in estate.accounts.slots("n1")}[b"root"]
    assert taken.account == "", "of the name alone nobody is the account"
    assert taken.scope == Scope(all_nodes=False, nodes=frozenset({"n1"}))


async def test_who_bears_an_accounts_name_is_told_apart_in_the_audit(estate: Estate):
    await estate.accounts.clear_slot("n1", 2)
    await estate.accounts.set_slot("n1", 2, "root", NODE_KEY, Role.ADMINISTRATOR)
    async with estate.session("n1", b"root") as false_root:
        assert await false_root(NetFn.CHASSIS, 0x04, b"\x05") == 0
    async with estate.session("n2", b"root", FLEET_KEY) as root:
        assert await root(NetFn.CHASSIS, 0x04, b"\x05") == 0
    whose = {
        record.target: record.account for record in await estate.world.audit.newest(50) if record.door is Door.IPMI
    }
    assert whose == {"n1": "ipmi:root", "n2": "root"}


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "224.0.0.1", "127.255.255.255"])
async def test_an_alert_goes_to_nothing_of_this_machine(estate: Estate, address: str):
    async with estate.session("n1") as nora:
        data = b"\x01\x13\x01\x00\x00" + socket.inet_aton(address) + bytes(6)
        assert await nora(NetFn.TRANSPORT, 0x01, data) == 0xC9


async def test_an_operator_becomes_no_administrator_and_a_reader_writes_nothing(estate: Estate):
    slots = estate.accounts.slots("n1")
    async with estate.session("n1", b"oleg", level=3) as oleg, estate.session("n1", b"vera", level=2) as vera:
        for call in (oleg, vera):
            assert await call(NetFn.APP, 0x3B, b"\x04") == 0x81
            assert await call(NetFn.APP, 0x47, b"\x04\x02" + b"mine".ljust(16, b"\0")) == 0xD4
            assert await call(NetFn.APP, 0x43, b"\x91\x04\x04\x00") == 0xD4
        for netfn, command in ((0x00, 0x02), (0x00, 0x08), (0x04, 0x02), (0x04, 0x26), (0x0A, 0x12), (0x0A, 0x44)):
            assert await vera(netfn, command, bytes(16)) == 0xD4
    assert estate.accounts.slots("n1") == slots
    assert estate.nodes["n1"].snapshot.sel.entries == ()


async def test_who_asks_without_waiting_is_told_to_wait(estate: Estate):
    """Each request that goes on takes room: without a bound one operator fills the memory of the whole fleet."""
    opened = estate.server._opened["n1"].door
    assert opened is not None
    async with estate.session("n1", b"oleg", level=3) as oleg:
        console, sock = oleg.console, oleg.socket  # type: ignore[attr-defined]
        record = bytes.fromhex("0000 02 00000000 2000 04 c1 05 6f 000000")
        asked = [console.seal(PayloadType.IPMI, console.request(0x0A, 0x44, record).pack()) for _ in range(200)]
        most = 0
        for datagram in asked:
            sock.send(datagram)
        async with asyncio.timeout(5):
            while estate.server.counters["too-many"] == 0:
                await asyncio.sleep(0)
                most = max(most, len(opened._tasks._tasks))
        assert most <= 20
        await until(lambda: len(opened._tasks._tasks) <= 1)
        sock.settimeout(0.1)
        await asyncio.to_thread(_drain, sock)
        sock.settimeout(5)
        assert await oleg(NetFn.CHASSIS, 0x04, b"\x00") == 0, "and then comes in again"


def _drain(sock: socket.socket) -> None:
    with suppress(TimeoutError):
        while sock.recv(2048):
            pass


async def test_boot_flags_that_are_to_lapse_leave_one_waiting(estate: Estate):
    opened = estate.server._opened["n1"].door
    assert opened is not None
    async with estate.session("n1", b"oleg", level=3) as oleg:
        assert await oleg(NetFn.CHASSIS, 0x08, b"\x05\x80\x04\x00\x00\x00") == 0
        for _ in range(40):
            assert await oleg(NetFn.CHASSIS, 0x08, b"\x03\x00") == 0
        assert len(opened._tasks._tasks) <= 3
