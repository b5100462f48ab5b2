"""Many jobs at once on one machine: no more boot at a time than it has places, and each comes to its end."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from bmc.jobs import Jobs
from bmc.model.job import Job, JobState
from bmc.model.power import PowerCause, PowerState
from bmc.reinstall.turns import Turns
from tests.reinstall.conftest import House, ended, held, make_image
from tests.reinstall.samples import KEY
from tests.reinstall.simulated import UNTOUCHED
from tests.world import OPERATOR, World, open_world, until

SIXTEEN = [f"m{number}" for number in range(16)]
WAITS = "waiting for a free place: {} at a time boot on this machine"


class Span:
    """Which nodes are between two points of their way, and how many at most were at once."""

    def __init__(self, house: House, first: str, last: str) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.now: set[str] = set()
        self.most = 0
        for name in SIXTEEN:
            house.drivers.server(name).at |= {first: partial(self._add, name), last: partial(self._leave, name)}

    async def _add(self, name: str) -> None:
        await self.open.wait()
        self.now.add(name)
        self.most = max(self.most, len(self.now))

    async def _leave(self, name: str) -> None:
        self.now.discard(name)


@pytest.fixture
async def sixteen(house: House, booting: World) -> AsyncIterator[World]:
    """Sixteen nodes with an old system that runs, on a machine that has room for three."""
    house.places = 3
    for name in SIXTEEN:
        await booting.add(name)
        house.drivers.server(name).become(PowerState.ON, PowerCause.OBSERVED)
    await until(lambda: all(booting.fleet.node(name).snapshot.power is PowerState.ON for name in SIXTEEN))
    yield booting
    for name in SIXTEEN:
        await house.drivers.server(name).halt()


async def begin(jobs: Jobs, kind: str, names: list[str], request: dict[str, object]) -> list[str]:
    return [(await jobs.start(kind, name, request, OPERATOR)).id for name in names]


def are_done(jobs: Jobs, ids: list[str], number: int) -> bool:
    return sum(job.state.ended for job in map(jobs.get, ids)) >= number


def waiting(jobs: Jobs, ids: list[str]) -> list[Job]:
    return [job for job in map(jobs.get, ids) if job.step == "wait for turn" and not job.state.ended]


async def kill(house: House, world: World, jobs: Jobs, copy: Path) -> None:
    """From now on nothing is stored, so that nobody is answered and no step begins; `copy` has what was stored."""

    async def never(change: object) -> object:
        return await asyncio.Event().wait()

    with pytest.MonkeyPatch.context() as patch:
        write = world.store._writer.write
        patch.setattr(world.store._writer, "write", never)
        await write(lambda connection: None)  # behind what was under way
        await world.store.backup(copy)
        closing = asyncio.create_task(jobs.close())
        while not closing.done():
            await asyncio.sleep(0.005)
            await house.clock.advance(10)  # nothing that it waits for outlives a dead service
        await world.fleet.close()


async def test_sixteen_are_reinstalled_three_at_a_time_by_a_service_that_is_killed_twice(house, sixteen, tmp_path):
    content = os.urandom(1 << 20)
    make_image(house.directory / "images", "big", content=content, encoding="raw")
    boots, downloads = Span(house, "on", "start"), Span(house, "write", "verify")
    world, jobs = sixteen, house.jobs(sixteen)
    ids = await begin(jobs, "reinstall", SIXTEEN, {"image": "big"})
    done = 0
    async with AsyncExitStack() as stack:
        for life in (1, 2):
            await until(partial(are_done, jobs, ids, done + 3))
            done = sum(job.state.ended for job in map(jobs.get, ids))
            downloads.open.clear()  # what is cut off then fails in the open: test_faults.py
            await until(lambda: not downloads.now)
            there = [job for job in waiting(jobs, ids) if job.message == WAITS.format(3)]
            assert there
            for job in there:
                assert world.fleet.node(job.node).snapshot.power is PowerState.ON
                assert house.drivers.server(job.node).disk.content == UNTOUCHED
            copy = tmp_path / f"again{life}.db"
            await kill(house, world, jobs, copy)
            world = await stack.enter_async_context(open_world(copy, house.drivers))
            jobs = house.jobs(world)
            stack.push_async_callback(jobs.close)
            await jobs.resume()
            downloads.open.set()
        all_done = [await ended(jobs, id, 30) for id in ids]
        assert [(job.state, job.message) for job in all_done] == [(JobState.COMPLETED, "done")] * 16
        assert [house.drivers.server(name).disk.content == content for name in SIXTEEN] == [True] * 16
        assert all(job.details["proofs"] for job in all_done)
        assert (boots.most, downloads.most <= 3) == (3, True)
        begun = [next(line.at for line in job.messages if line.text == "power off") for job in all_done]
        assert begun == sorted(begun), "the one that began first is served first"


async def test_one_that_waits_is_cancelled_with_its_node_as_it_was_and_the_next_moves_up(house, sixteen):
    house.places = 1
    jobs = house.jobs(sixteen)
    reached, go = held(house.drivers.server("m0"), "boot")
    ids = await begin(jobs, "inspect", SIXTEEN[:3], {})
    await reached.wait()
    await until(lambda: len(waiting(jobs, ids)) == 2)
    await jobs.cancel(ids[1], OPERATOR)
    job = await ended(jobs, ids[1])
    assert (job.state, job.message) == (JobState.CANCELLED, "cancelled during “wait for turn”")
    snapshot = sixteen.fleet.node("m1").snapshot
    assert (snapshot.power, snapshot.reservation) == (PowerState.ON, None)
    assert house.drivers.server("m1").applied == []
    assert len(waiting(jobs, ids)) == 1
    go.set()
    assert [(await ended(jobs, id)).message for id in (ids[0], ids[2])] == ["done", "done"]
    await jobs.close()


@pytest.mark.parametrize(("kind", "asked"), [("rescue", {"ssh_keys": [KEY]}), ("erase", {"method": "Full"})])
async def test_what_lasts_long_holds_no_place_once_its_ramdisk_has_booted(house, sixteen, kind, asked):
    house.places = 1
    jobs = house.jobs(sixteen)
    reached, go = held(house.drivers.server("m0"), kind)
    (long,) = await begin(jobs, kind, ["m0"], asked)
    await reached.wait()
    (short,) = await begin(jobs, "inspect", ["m1"], {})
    assert (await ended(jobs, short)).message == "done"
    assert not jobs.get(long).state.ended
    go.set()
    await jobs.cancel(long, OPERATOR)
    await ended(jobs, long)
    await jobs.close()


async def test_what_runs_on_another_machine_needs_no_place(house, booting):
    house.places = 0
    house.drivers.server("far").here = False
    await booting.add("far")
    jobs = house.jobs(booting)
    near, far = await begin(jobs, "inspect", ["n1", "far"], {})
    assert (await ended(jobs, far)).message == "done"
    assert jobs.get(near).message == WAITS.format(0)
    await jobs.close()


async def test_whoever_has_a_place_from_before_keeps_it_and_a_place_goes_to_the_oldest():
    turns, served = Turns(1), []

    async def nothing() -> None:
        return

    async def take(job: int) -> None:
        await turns.take(job, nothing)
        served.append(job)

    turns.keep(1)
    turns.keep(2)  # this machine had more cores then
    takers = {job: asyncio.create_task(take(job)) for job in (5, 4, 3)}
    await asyncio.sleep(0)
    turns.give_back(1)
    await asyncio.sleep(0.01)
    assert served == []
    turns.give_back(2)
    await takers[3]
    takers[4].cancel()
    turns.give_back(3)
    await takers[5]
    assert served == [3, 5]
