"""Two hundred vendor BMCs, one in ten of them dead: the others are looked at in time, and nothing takes minutes."""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest

from bmc.drivers import Drivers
from bmc.events import Audit, Events
from bmc.fleet import Fleet
from bmc.model.clock import SystemClock
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerState
from bmc.node import Node
from bmc.ports import Configured
from bmc.store import Store
from robots.testing import NobodyThere, NothingHeld, credentials
from tests.robots.conftest import Simulator
from tests.robots.ipmi_processes import children
from tests.world import ADMIN, PlainMedia

pytestmark = pytest.mark.slow

ALIVE, DEAD = 180, 20
POLL, LATE = 5.0, 2.0
WATCHED = 40.0
START_WITHIN = 60.0


@pytest.fixture
def simulators(tmp_path: Path) -> Iterator[list[Simulator]]:
    with ExitStack() as stack:
        running = []
        for number in range(ALIVE + DEAD):
            directory = tmp_path / f"bmc{number}"
            directory.mkdir()
            simulator = Simulator(directory)
            stack.callback(simulator.close)
            simulator.start()
            simulator.write("power", "1")
            running.append(simulator)
        yield running


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Fleet]:
    clock = SystemClock()
    async with Store.open(directory / "store.db") as store:
        drivers = Drivers(directory / "drivers", clock, Configured(credentials), NothingHeld(), NobodyThere())
        fleet = Fleet(store, Events(store, clock), Audit(store, clock), clock, drivers, PlainMedia())
        await fleet.start()
        try:
            yield fleet
        finally:
            await fleet.close()


def define(number: int, port: int) -> NodeDefinition:
    options = {"host": "127.0.0.1", "port": port, "credential": "lab", "poll": POLL, "sol": False}
    return NodeDefinition(f"n{number}", UUID(int=number + 1), "ipmi", options)


def age(node: Node) -> float:
    return time.time() - min(vote.reading.at for vote in node.snapshot.votes)


def private_memory(processes: set[int]) -> list[float]:
    """In MiB."""
    found = []
    for pid in processes:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        found.append(sum(int(line.split()[1]) for line in rollup if line.startswith("Private_")) / 1024)
    return found


async def test_the_living_are_looked_at_in_time(simulators: list[Simulator], tmp_path: Path):
    async with opened(tmp_path / "fleet") as fleet:
        for number, simulator in enumerate(simulators):
            await fleet.create(define(number, simulator.port), ADMIN)
    for simulator in simulators[ALIVE:]:
        simulator.stop()
    began = time.monotonic()
    async with opened(tmp_path / "fleet") as fleet:
        started = time.monotonic() - began
        nodes = [fleet.node(f"n{number}") for number in range(ALIVE + DEAD)]
        living = nodes[:ALIVE]
        async with asyncio.timeout(START_WITHIN):
            while any(node.snapshot.power is not PowerState.ON for node in living):  # noqa: ASYNC110 - as doors look
                await asyncio.sleep(0.1)
        known = time.monotonic() - began
        oldest = [0.0] * ALIVE
        ages, end = [], time.monotonic() + WATCHED
        while time.monotonic() < end:
            now = [age(node) for node in living]
            ages += now
            oldest = [max(pair) for pair in zip(oldest, now, strict=True)]
            await asyncio.sleep(0.25)
        workers = {worker for nursery in children(os.getpid()) for worker in children(nursery)}
        memory = private_memory(workers)
        print(
            f"\nstart {started:.1f} s, all known after {known:.1f} s; ages: median {statistics.median(ages):.2f} s, "
            f"median of the oldest {statistics.median(oldest):.2f} s, oldest {max(oldest):.2f} s; "
            f"{len(workers)} workers, median {statistics.median(memory):.1f} MiB, sum {sum(memory):.0f} MiB"
        )
        assert started < START_WITHIN
        assert max(oldest) < POLL + LATE
        assert statistics.median(memory) < 10
        assert all(node.snapshot.power is PowerState.UNKNOWN for node in nodes[ALIVE:])
        assert all(node.snapshot.power is PowerState.ON for node in living)
        assert all(node.snapshot.sensors[0].reading == 40.0 for node in living)
