"""A process with IPMI endpoints of ours, for the benchmarks: `python -m benchmarks.ipmi_door node|snapshot PORT`.

`node`: whole Nodes over servers made of memory, with the real store and accounts. `snapshot`: nodes that are nothing
but their snapshot, which all exist from the start, so that what an endpoint adds is the endpoint's alone.
Each line read is how many endpoints there are to be; each answer says that there are.
"""

import asyncio
import gc
import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.ipmi_servers import KEY, NAME, address, raise_file_limit
from bmc.accounts import Accounts
from bmc.ipmi.commands.call import ManagedNode
from bmc.ipmi.server import IpmiServer
from bmc.model.caller import Role
from bmc.model.clock import SystemClock
from bmc.model.node import Endpoint
from tests.ipmi.fakes import FakeNode, FakeSlot, FakeSlots, MemoryBuckets
from tests.world import open_world

MOST = 10_000


@asynccontextmanager
async def whole_nodes(port: int) -> AsyncIterator[Callable[[int], object]]:
    with tempfile.TemporaryDirectory(prefix="lightsout-bench-") as folder:
        async with open_world(Path(folder) / "store" / "lightsout.db") as world:
            clock = SystemClock()
            accounts = await Accounts.open(world.store, world.events, clock, Path(folder) / "ipmi.key")
            async with IpmiServer(accounts, world.store, clock) as server:

                async def add(number: int) -> None:
                    node, _ = await world.add(f"n{number}")
                    await accounts.set_slot(node.snapshot.name, 2, NAME, KEY.encode(), Role.ADMINISTRATOR)
                    node.relocate(Endpoint(address(number), port))
                    await server.add(node)

                yield add


@asynccontextmanager
async def snapshots(port: int) -> AsyncIterator[Callable[[int], object]]:
    nodes: list[ManagedNode] = [FakeNode(f"n{n}", Endpoint(address(n), port)) for n in range(MOST)]
    slots = FakeSlots({NAME.encode(): FakeSlot(2, NAME.encode(), KEY.encode(), Role.ADMINISTRATOR, account=NAME)})
    async with IpmiServer(slots, MemoryBuckets(), SystemClock()) as server:

        async def add(number: int) -> None:
            await server.add(nodes[number])

        yield add


async def serve(kind: str, port: int) -> None:
    opened = 0
    async with (whole_nodes if kind == "node" else snapshots)(port) as add:
        while line := await asyncio.to_thread(sys.stdin.readline):
            for number in range(opened, int(line)):
                await add(number)  # type: ignore[misc]
            opened = int(line)
            gc.collect()
            print(opened, flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, filename=os.devnull)  # as the service does, which logs sessions
    raise_file_limit()
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
