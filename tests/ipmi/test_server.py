"""The sockets: endpoints that come and go, and what is not theirs."""

import asyncio
import socket

import pytest

from bmc.ipmi.server import IpmiServer
from bmc.ipmi.settings import DoorSettings
from bmc.ipmi.wire.numbers import PayloadType
from bmc.ipmi.wire.rakp import OpenSessionRequest
from bmc.ipmi.wire.rmcp import PresencePing, PresencePong
from bmc.model.clock import SystemClock
from bmc.model.errors import BackendFailed, InvalidRequest, NotFound, WrongState
from bmc.model.node import Endpoint
from tests.clocks import HandClock, settle
from tests.ipmi.client import Console, plain
from tests.ipmi.fakes import FakeNode, FakeSlots, MemoryBuckets


class Knocker:
    """A UDP socket of a client."""

    def __init__(self, endpoint: Endpoint) -> None:
        family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect((endpoint.host, endpoint.port))

    async def ask(self, datagram: bytes, patience: float = 2) -> bytes:
        self.socket.send(datagram)
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.socket, 2048), patience)

    async def ping(self) -> None:
        assert PresencePong.unpack(await self.ask(PresencePing(3).pack())) == PresencePong(3)

    def close(self) -> None:
        self.socket.close()


async def test_a_node_gets_the_endpoint_it_declares_or_any_free_one():
    async with IpmiServer(FakeSlots(), MemoryBuckets(), SystemClock(), DoorSettings(host="127.0.0.3")) as server:
        anywhere = await server.add(FakeNode("a"))
        declared = await server.add(FakeNode("b", Endpoint("127.0.0.4", 0)))
        assert anywhere.host == "127.0.0.3"
        assert declared.host == "127.0.0.4"
        assert 0 not in (anywhere.port, declared.port)
        assert server.endpoint("b") == declared
        assert server.endpoint("c") is None


async def test_ipv6():
    async with IpmiServer(FakeSlots(), MemoryBuckets(), SystemClock()) as server:
        knocker = Knocker(await server.add(FakeNode("a", Endpoint("::1", 0))))
        await knocker.ping()
        knocker.close()


async def test_nodes_come_and_go_without_the_others_noticing():
    async with IpmiServer(FakeSlots(), MemoryBuckets(), SystemClock()) as server:
        stays = Knocker(await server.add(FakeNode("stays")))
        for _ in range(3):
            leaves = Knocker(await server.add(FakeNode("leaves")))
            await leaves.ping()
            await server.remove("leaves")
            await stays.ping()
            with pytest.raises((ConnectionRefusedError, TimeoutError)):
                await leaves.ask(PresencePing(1).pack(), patience=0.2)
            leaves.close()
        with pytest.raises(NotFound):
            await server.remove("leaves")
        stays.close()


async def test_a_port_in_use_names_itself_and_the_remedy():
    async with IpmiServer(FakeSlots(), MemoryBuckets(), SystemClock()) as server:
        taken = await server.add(FakeNode("a"))
        with pytest.raises(BackendFailed, match=rf"UDP port {taken.port}: Address already in use; give the node"):
            await server.add(FakeNode("b", taken))
        assert server.endpoint("b") is None


async def test_a_host_that_is_no_address_is_refused():
    async with IpmiServer(FakeSlots(), MemoryBuckets(), SystemClock()) as server:
        with pytest.raises(InvalidRequest, match="expected an IP address"):
            await server.add(FakeNode("a", Endpoint("localhost", 0)))


async def test_a_node_has_one_endpoint():
    async with IpmiServer(FakeSlots(), MemoryBuckets(), SystemClock()) as server:
        await server.add(FakeNode("a"))
        with pytest.raises(InvalidRequest, match="already"):
            await server.add(FakeNode("a"))


async def test_garbage_and_empty_datagrams_are_counted_and_hurt_nobody():
    async with IpmiServer(FakeSlots(), MemoryBuckets(), SystemClock()) as server:
        knocker = Knocker(await server.add(FakeNode("a")))
        for garbage in (b"", b"\x00", b"\x06\x00\xff\x07", b"GET / HTTP/1.1\r\n\r\n", bytes(2000)):
            knocker.socket.send(garbage)
        await knocker.ping()
        assert server.counters["malformed"] == 5
        assert server.counters["datagrams"] == 6
        knocker.close()


async def test_more_datagrams_than_one_wake_takes_are_all_answered():
    async with IpmiServer(FakeSlots(), MemoryBuckets(), SystemClock()) as server:
        knocker = Knocker(await server.add(FakeNode("a")))
        for tag in range(200):
            knocker.socket.send(PresencePing(tag).pack())
        loop = asyncio.get_running_loop()
        tags = [
            PresencePong.unpack(await asyncio.wait_for(loop.sock_recv(knocker.socket, 100), 2)).tag for _ in range(200)
        ]
        assert tags == list(range(200))
        knocker.close()


async def test_an_idle_session_ends_by_the_clock_of_the_service():
    clock = HandClock()
    async with IpmiServer(FakeSlots(), MemoryBuckets(), clock) as server:
        endpoint = await server.add(FakeNode("a"))
        knocker = Knocker(endpoint)
        knocker.socket.setblocking(True)
        knocker.socket.settimeout(2)

        def ask(datagram: bytes) -> bytes:
            knocker.socket.send(datagram)
            return knocker.socket.recv(2048)

        console = await asyncio.to_thread(Console(ask).login)
        for _ in range(61):
            await clock.advance(1)
        knocker.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(console.call, 6, 1)
        knocker.close()


async def test_closing_the_server_ends_all():
    slots = FakeSlots()
    server = IpmiServer(slots, MemoryBuckets(), SystemClock())
    async with server:
        await server.add(FakeNode("a"))
    await settle()
    assert server.endpoint("a") is None
    assert len(asyncio.all_tasks()) == 1
    slots.change("a", slots.users[b"admin"])


async def test_an_endpoint_that_is_removed_in_the_middle_of_a_session_leaves_nothing_to_be_kept():
    clock = HandClock()
    async with IpmiServer(FakeSlots(), MemoryBuckets(), clock) as server:
        stays, leaves = [Knocker(await server.add(FakeNode(name))) for name in ("stays", "leaves")]
        for knocker in (stays, leaves):
            await knocker.ask(plain(PayloadType.OPEN_SESSION_REQUEST, OpenSessionRequest(1, 4, 7, 1, 1, 1).pack()))
        await server.remove("leaves")
        for _ in range(25):
            await clock.advance(1)
        await stays.ping()
        for knocker in (stays, leaves):
            knocker.close()


async def test_a_restart_of_the_bmc_ends_its_sessions_and_its_door_stays_open():
    async with IpmiServer(FakeSlots(), MemoryBuckets(), SystemClock()) as server:
        knocker = Knocker(await server.add(FakeNode("a")))
        knocker.socket.setblocking(True)
        knocker.socket.settimeout(2)

        def ask(datagram: bytes) -> bytes:
            knocker.socket.send(datagram)
            return knocker.socket.recv(2048)

        console = await asyncio.to_thread(Console(ask).login)
        await server.restart("a")
        knocker.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(console.call, 6, 1)
        knocker.socket.settimeout(2)
        await asyncio.to_thread(Console(ask).login)
        await server.remove("a")
        with pytest.raises(WrongState, match="closed"):
            await server.restart("a")
        knocker.close()
