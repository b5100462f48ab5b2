"""A door with real sockets, and the real clients to knock on it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bmc.ipmi.server import IpmiServer
from bmc.model.clock import SystemClock
from bmc.model.node import Endpoint
from bmc.node import Node
from tests.ipmi.fakes import KEY, FakeNode, FakeSlots, MemoryBuckets
from tests.ports import free_port
from tests.world import MemoryServer, World


@dataclass
class Rack:
    """One node behind one door."""

    server: IpmiServer
    node: FakeNode
    slots: FakeSlots
    endpoint: Endpoint
    key_file: Path

    @property
    def port(self) -> int:
        return self.endpoint.port

    def ipmitool_line(self, *words: str, user: str = "admin", options: tuple[str, ...] = ()) -> list[str]:
        where = ["-H", self.endpoint.host, "-p", str(self.port)]
        return ["ipmitool", "-I", "lanplus", *where, "-U", user, "-f", str(self.key_file), *options, *words]

    async def ipmitool(self, *words: str, user: str = "admin", options: tuple[str, ...] = ()) -> tuple[int, str]:
        return await run(*self.ipmitool_line(*words, user=user, options=options))

    async def freeipmi(self, program: str, *words: str, user: str = "admin", key: str = KEY) -> tuple[int, str]:
        where = ["-h", f"{self.endpoint.host}:{self.port}", "-u", user, "-p", key, "-D", "LAN_2_0"]
        return await run(program, *where, *words)

    async def python(self, program: str) -> tuple[int, str]:
        """pyghmi keeps threads and module state of its own, so each use of it is a process of its own."""
        return await run(sys.executable, "-W", "ignore", "-c", program, str(self.port), KEY)


async def run(*words: str, timeout: float = 30) -> tuple[int, str]:
    """Exit code and all that was printed."""
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), timeout)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, printed.decode(errors="replace")


@pytest.fixture
async def rack(tmp_path: Path) -> AsyncIterator[Rack]:
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    key_file.chmod(0o600)
    node, slots = FakeNode(endpoint=Endpoint("127.0.0.1", free_port())), FakeSlots()
    async with IpmiServer(slots, MemoryBuckets(), SystemClock()) as server:
        yield Rack(server, node, slots, await server.add(node), key_file)


@dataclass
class Live(Rack):
    """A whole Node, over a server made of memory, behind its door."""

    real: Node
    machine: MemoryServer
    world: World


@pytest.fixture
async def live(world: World, tmp_path: Path) -> AsyncIterator[Live]:
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    key_file.chmod(0o600)
    node, machine = await world.add()
    node.relocate(Endpoint("127.0.0.1", free_port()))
    slots = FakeSlots()
    async with IpmiServer(slots, world.store, SystemClock(), events=world.events, audit=world.audit) as server:
        yield Live(server, FakeNode(), slots, await server.add(node), key_file, node, machine, world)
