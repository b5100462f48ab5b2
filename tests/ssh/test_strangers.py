"""The SSH door and those who never sign in, send garbage, or take nothing."""

import asyncio
import os
import random
import struct
from typing import Any

import asyncssh
import pytest

from bmc.model.errors import BackendFailed
from bmc.ssh import crowd as crowd_module
from bmc.ssh import door as door_module
from bmc.ssh.crowd import Crowd
from bmc.ssh.door import SshDoor
from bmc.ssh.host_key import host_key
from tests import memory
from tests.redfish.service import Service
from tests.ssh.conftest import Clients
from tests.world import until


class Member:
    def __init__(self, address: str) -> None:
        self.address = address
        self.dropped = False

    def drop(self) -> None:
        self.dropped = True


def test_whoever_opens_most_makes_room_and_nobody_else() -> None:
    crowd: Crowd[Member] = Crowd()
    person = Member("192.0.2.1")
    crowd.arrived(person)
    crowd_of_one = [Member("203.0.113.9") for _ in range(10 * crowd_module.MOST_WAITING)]
    for each in crowd_of_one:
        crowd.arrived(each)
    assert not person.dropped
    assert len(crowd.waiting) == crowd_module.MOST_WAITING
    assert [each for each in crowd_of_one if not each.dropped] == crowd_of_one[-crowd_module.MOST_WAITING + 1 :]
    assert crowd.admit(person)
    crowd.left(person)
    assert crowd.signed_in == []


def test_a_stranger_with_a_network_of_ipv6_makes_room_as_one() -> None:
    crowd: Crowd[Member] = Crowd()
    person, other = Member("2001:db8:1::1"), Member("2001:db8:1::2")
    for each in (person, other, *(Member(f"2001:db8:2::{host:x}") for host in range(10 * crowd_module.MOST_WAITING))):
        crowd.arrived(each)
    assert not person.dropped
    assert not other.dropped


def test_only_so_many_are_signed_in() -> None:
    crowd: Crowd[Member] = Crowd()
    members = [Member("192.0.2.1") for _ in range(crowd_module.MOST_SIGNED_IN + 1)]
    assert [crowd.admit(each) for each in members] == [True] * crowd_module.MOST_SIGNED_IN + [False]
    crowd.left(members[0])
    assert crowd.admit(members[-1])


async def silent(service: Service) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.ssh.port)
    assert (await reader.readline()).startswith(b"SSH-2.0-")
    return reader, writer


async def test_many_who_never_sign_in_keep_nobody_out(service: Service, clients: Clients) -> None:
    sockets = [await silent(service) for _ in range(crowd_module.MOST_WAITING + 20)]
    assert len(service.ssh._crowd.waiting) <= crowd_module.MOST_WAITING
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
    gone = await asyncio.wait_for(sockets[0][0].read(), 20)
    assert b"SSH" not in gone
    for _, writer in sockets:
        writer.close()
    await until(lambda: not service.ssh._crowd.waiting, 20)


async def test_who_does_not_sign_in_in_time_is_dropped(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "LOGIN_SECONDS", 1)
    core = service.ssh._rooms
    key = asyncssh.generate_private_key("ssh-ed25519")
    async with SshDoor(core.fleet, core.accounts, core.audit, key, "127.0.0.1", 0) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        async with asyncio.timeout(20):
            await reader.read()
        writer.close()
        await until(lambda: not door._crowd.waiting, 10)


async def test_when_all_places_are_taken_it_is_said(
    service: Service, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd_module, "MOST_SIGNED_IN", 1)
    async with clients.console("n1", "olga") as first:
        await first.expect(b"printed before")
        async with clients.console("n1", "admin") as second:
            printed, status = await second.ended()
            assert b"too many SSH connections are open" in printed
            assert status == 1
            async with asyncio.timeout(20):
                await second.connection.wait_closed()
        first.type(b"\x05cw")
        await first.expect(b"olga (ssh")


@pytest.mark.parametrize("seed", range(6))
async def test_garbage_ends_its_own_connection_alone(service: Service, clients: Clients, seed: int) -> None:
    chance = random.Random(seed)
    version = b"SSH-2.0-x\r\n"
    garbage = (
        chance.randbytes(100_000),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\r\n" * 50_000,
        version + chance.randbytes(5000),
        version + struct.pack(">I", 0xFFFFFFFF) + chance.randbytes(1000),
        version + struct.pack(">IB", 12, 200) + bytes(100),
    )[seed]
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        for _ in range(3):
            reader, writer = await silent(service)
            writer.write(garbage)
            writer.write_eof()
            async with asyncio.timeout(20):
                try:
                    await reader.read()
                except ConnectionError:
                    pass
            writer.close()
        console.type(b"\x05cw")
        await console.expect(b"olga (ssh")
    await until(lambda: not service.ssh._crowd.waiting, 20)


async def test_who_reads_nothing_fills_no_memory_and_hears_what_was_lost(service: Service, clients: Clients) -> None:
    """A client with an endless window, whose TCP connection is not read."""
    line = service.drivers.lines["n1"]
    async with await clients.connect("n1", "olga") as connection:
        process = await connection.create_process(encoding=None, window=1 << 30)
        await asyncio.wait_for(process.stdout.readuntil(b"printed before"), 20)
        transport: Any = connection._transport
        transport.pause_reading()
        memory.forget_most()
        before = memory.most()
        chunk = os.urandom(256 * 1024).replace(b"\x05", b"x")
        for _ in range(400):
            line.stream.incoming.put_nowait(chunk)
            await asyncio.sleep(0)
        await until(line.stream.incoming.empty, 30)
        grown = memory.most() - before
        assert grown < 60 << 20, f"{grown >> 20} MiB"
        (there,) = service.ssh._crowd.signed_in
        await until(lambda: not there._consoles[0]._takes.is_set(), 20)
        async with clients.console("n1", "vera") as other:  # nobody else is held up
            await other.expect(b"is for Operators")
            line.stream.incoming.put_nowait(b"the end")
            await other.expect(b"the end")
        transport.resume_reading()
        await asyncio.wait_for(process.stdout.readuntil(b"output lost: this viewer was too slow"), 30)
        await asyncio.wait_for(process.stdout.readuntil(b"the end"), 30)


async def test_who_only_asks_and_reads_nothing_fills_no_memory_either(service: Service, clients: Clients) -> None:
    async with await clients.connect("n1", "olga") as connection:
        process = await connection.create_process(encoding=None, window=1 << 30)
        await asyncio.wait_for(process.stdout.readuntil(b"printed before"), 20)
        transport: Any = connection._transport
        transport.pause_reading()
        (there,) = service.ssh._crowd.signed_in
        served: Any = there._connection
        for _ in range(200):
            process.stdin.write(b"\x05c?" * 200)
            await asyncio.sleep(0.001)
        await until(lambda: not there._consoles[0]._takes.is_set(), 60)
        await asyncio.sleep(0.2)
        assert served._transport.get_write_buffer_size() < 1 << 20
        transport.resume_reading()
        process.stdin.write(b"\x05c.")
        await asyncio.wait_for(process.wait(), 120)


async def test_the_host_key_is_made_once_and_nobody_else_may_read_it(tmp_path) -> None:
    path = tmp_path / "keys" / "ssh_host_key"
    key = host_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert host_key(path).get_fingerprint() == key.get_fingerprint()
    path.write_bytes(b"damaged")
    with pytest.raises(BackendFailed, match="put it back, or remove the file"):
        host_key(path)


async def test_a_port_that_another_has_is_said_and_what_to_do(service: Service) -> None:
    rooms, key = service.ssh._rooms, asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(BackendFailed, match=r"is in use already; configure another ssh\.port"):
        async with SshDoor(rooms.fleet, rooms.accounts, rooms.audit, key, "127.0.0.1", service.ssh.port):
            pass
