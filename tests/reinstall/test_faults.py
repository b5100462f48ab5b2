"""Every step of a reinstall × every fault: what must hold afterwards, with the true protocol over real HTTP.

The simulated backend or guest stands still where the step is, and then the fault comes. A step or a fault without its
cells fails the tests of the matrix itself.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, cast

import pytest

from bmc.jobs.ledger import SECRETS
from bmc.model.boot import NO_OVERRIDE
from bmc.model.errors import BackendFailed
from bmc.model.job import Job, JobState
from bmc.model.power import PowerCause, PowerState
from bmc.node.power import Patience
from bmc.reinstall.job import Reinstall
from bmc.reinstall.ways import VirtualMedia
from bmc.store import StoreFailed
from tests.reinstall.conftest import House, assert_let_go, make_image, reaches
from tests.reinstall.simulated import CLEARED, CLEARED_OUTSIDE, UNTOUCHED
from tests.world import HASTY, OPERATOR, World, open_world, until

NOBODY = cast(Any, None)
WAY = VirtualMedia(NOBODY, NOBODY)
STEPS = {step.name: step for step in Reinstall(NOBODY, NOBODY, [WAY], NOBODY, NOBODY).recipe().steps({})}
CONTENT = os.urandom(1 << 20) * 12
"""More than the sockets on the way hold, so that a download can be met in its middle."""

TURN, ANOTHER = "turn", 1_000_000
"""No point of the server's: another job has the only place, and gives it back when the case is let go."""

POINTS = {
    "wait for turn": TURN,
    "power off": "force off",
    "insert medium": "insert",
    "boot once": "boot once",
    "power on": "on",
    "check in": "boot",
    "choose disk": "chosen",
    "erase": "erase",
    "write": "half",
    "verify": "verify",
    "seed": "seed",
    "shut down": "off",
    "eject": "eject",
    "start": "on again",
    "proof": "start",
}
"""Where the simulated backend or guest is at each step."""

MATRIX = """
               turn off insert once on check choose erase write verify seed down eject start proof
hang            F    F    F     F    F   F     F      F     F     F     F    F    F     F     F
cancel          C    C    C     C    C   C     C      C     C     C     C    C    C     C     C
kill            D    D    D     D    D   D     D      D     D     D     D    D    D     D     D
kill-undone     -    D    D     D    D   -     -      -     -     -     -    -    D     D     -
dead-server     -    -    -     -    -   F     F      F     F     F     F    D    -     -     D
full-store      S    S    S     S    S   S     S      S     S     S     S    S    S     S     S
backend-error   -    F    F     F    F   -     -      -     -     -     -    -    F     F     -
goes-off        D    D    -     -    -   F     F      F     F     F     F    D    -     -     F
is-reset        D    D    -     -    -   F     F      F     F     F     F    F    -     -     F
is-paused       D    D    -     -    -   F     F      F     F     F     F    F    -     -     F
listener-lost   -    -    -     -    -   F     F      F     F     F     F    D    -     -     D
404             -    -    -     -    -   F     F      F     F     F     F    -    -     -     D
ambiguous-disk  -    -    -     -    -   F     -      -     -     -     -    -    -     -     -
wrong-digest    -    -    -     -    -   -     -      -     F     F     -    -    -     -     -
truncated       -    -    -     -    -   -     -      -     F     -     -    -    -     -     -
"""
"""D: done, with a proof. F: failed in the open. C: cancelled. S: ended in the open, and again once there is space.
-: cannot happen there. While a job waits for its turn, the old system runs and the backend is asked for nothing. While
the service acts (off, insert, once, on, eject, start) no guest of the job runs, and while a guest runs (check to down,
and proof) the backend is asked for nothing; what else rules a fault out is in WHY_NOT.
"""
WHY_NOT = {
    "dead-server": "nobody is there to miss the service: that is a kill",
    "goes-off": "the node is off already",
    "is-reset": "the node is off",
    "is-paused": "the node is off",
    "kill-undone": "the backend is asked for nothing",
    "backend-error": "the backend is asked for nothing",
    "listener-lost": "there is no listener",
    "404": "nobody asks the service for anything",
    "ambiguous-disk": "the disks are told once, at the check-in",
    "wrong-digest": "only what is written and read back has one",
    "truncated": "only the image is long",
}
_HEAD, *_LINES = MATRIX.strip().splitlines()
CELLS = {line.split()[0]: dict(zip(STEPS, line.split()[1:], strict=True)) for line in _LINES}
BY_BACKEND = ("power off", "insert medium", "boot once", "power on", "eject", "start")
OLD_SYSTEM = ("wait for turn", "power off")
POWER_ACTIONS = ("power off", "power on", "start")
AFTER_WRITING = ("shut down", "eject", "start", "proof")


async def nothing() -> None:
    """Go on."""


class Case:
    """A job that is met at a step. `fate` is what the backend or the guest does there once it is let go."""

    def __init__(self, house: House, world: World, stack: AsyncExitStack, step: str) -> None:
        self.house, self.server, self.step = house, house.server, step
        self.world, self.jobs = world, house.jobs(world)
        self.fate: Callable[[], Awaitable[None]] = nothing
        self.id = ""
        self._stack = stack
        self._go = asyncio.Event()

    async def reach(self) -> None:
        """Begin the job and wait until it is at the step."""
        point, reached = POINTS[self.step], asyncio.Event()

        async def stand() -> None:
            del self.server.at[point]
            reached.set()
            await self._go.wait()
            await self.fate()

        if point == TURN:
            self.house.turns.keep(ANOTHER)
            reached.set()
        else:
            self.server.at[point] = stand
        self.id = (await self.jobs.start("reinstall", "n1", {"image": "big"}, OPERATOR)).id
        async with asyncio.timeout(30):
            await reached.wait()
        await reaches(self.world, self.id, self.step)

    def let_go(self, fate: Callable[[], Awaitable[None]] = nothing) -> None:
        self.fate = fate
        self._go.set()
        if self.step == "wait for turn" and fate != self.server.hang:
            self.house.turns.give_back(ANOTHER)

    async def kill(self, meanwhile: Callable[[], Awaitable[None]] = nothing) -> None:
        """The service dies now, with what is stored at this instant, and another comes up after `meanwhile`."""
        copy = self.house.directory / "again.db"
        copy.unlink(missing_ok=True)
        await self.world.store.backup(copy)
        closing = asyncio.create_task(self.jobs.close())
        while not closing.done():
            await asyncio.sleep(0.005)
            await self.house.clock.advance(10)  # nothing that it waits for outlives a dead service
        await self.world.fleet.close()
        await meanwhile()
        self.world = await self._stack.enter_async_context(open_world(copy, self.house.drivers))
        self.jobs = self.house.jobs(self.world)
        self._stack.push_async_callback(self.jobs.close)
        await self.jobs.resume()

    async def end(self, patient: bool = False) -> Job:
        """The job's end; `patient`: time goes by until then."""
        async with asyncio.timeout(60):
            while self.id in self.jobs._runs:
                await asyncio.sleep(0.01)
                if patient and (run := self.jobs._runs.get(self.id)):
                    step = 3600 if self.step == "wait for turn" else 5
                    await self.house.clock.advance(step if run.ending is None else 1)  # cleaning up is real work
        return self.jobs.get(self.id)


async def hang(case: Case) -> Job:
    """A power action is given up by the node, on its own clock, before the step's time is up."""
    case.let_go(case.server.hang)
    return await case.end(patient=case.step not in POWER_ACTIONS)


async def cancel(case: Case) -> Job:
    await case.jobs.cancel(case.id, OPERATOR)
    if case.step not in (*BY_BACKEND, "wait for turn"):  # there the command that is under way comes to its end first
        await until(lambda: "console_tail" in case.jobs.get(case.id).details, 10)
    case.let_go()
    return await case.end()


async def kill(case: Case) -> Job:
    """What the service was about to do has its effect all the same."""

    async def go() -> None:
        if case.step not in BY_BACKEND:
            case.let_go()

    if case.step in BY_BACKEND:
        case.let_go()
        await until(lambda: POINTS[case.step] not in case.server.at)
    await case.kill(go)
    return await case.end()


async def kill_undone(case: Case) -> Job:
    """What the service was about to do has not reached the backend."""
    await case.kill()
    return await case.end()


async def dead_server(case: Case) -> Job:
    """The service stays away until its guest has given up."""

    async def give_up() -> None:
        case.let_go()
        await until(lambda: case.server.heard or case.server.state is PowerState.OFF, 10)
        if case.step != "proof":
            await until(lambda: case.server.state is PowerState.OFF, 10)

    case.server.http.tries = 3
    await case.kill(give_up)
    return await case.end(patient=True)


async def full_store(case: Case) -> Job:
    async def full(change: object) -> object:
        raise StoreFailed("cannot write the store: no space is left")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case.world.store._writer, "write", full)
        case.let_go()
        job = await case.end(patient=True)
    assert job.state is JobState.EXCEPTION
    assert "no space is left" in job.message
    await case.kill()
    return await case.end(patient=True)


async def backend_error(case: Case) -> Job:
    async def fail() -> None:
        raise BackendFailed("the cable is out")

    case.let_go(fail)
    return await case.end()


async def goes_off(case: Case) -> Job:
    if case.step in OLD_SYSTEM:
        case.server.become(PowerState.OFF, PowerCause.GUEST_SHUTDOWN)
        case.let_go()
    else:
        case.let_go(case.server.power_off)
    return await case.end()


async def is_reset(case: Case) -> Job:
    if case.step in OLD_SYSTEM:
        case.server.become(PowerState.ON, PowerCause.GUEST_RESET)
        case.let_go()
    else:
        case.let_go(case.server.reset)
    return await case.end(patient=case.step in ("check in", "shut down", "proof"))


async def is_paused(case: Case) -> Job:
    if case.step in OLD_SYSTEM:
        case.server.become(PowerState.ON, PowerCause.GUEST_PANIC)
        case.let_go()
    else:
        case.let_go(case.server.panic)
    return await case.end(patient=case.step == "shut down")


async def listener_lost(case: Case) -> Job:
    case.server.http.tries = 3
    await until(lambda: hasattr(case.house.door, "lose"))
    await case.house.door.lose()
    case.let_go()
    return await case.end(patient=True)


async def not_found(case: Case) -> Job:
    case.server.http.lost = True
    case.let_go()
    return await case.end(patient=case.step == "proof")


async def ambiguous_disk(case: Case) -> Job:
    case.server.disks += ",vdb:9999999:OTHER"
    case.let_go()
    job = await case.end()
    assert "2 disks, so the target is not certain" in job.message
    assert "vdb (9999999 bytes, serial OTHER)" in job.message
    return job


async def wrong_digest(case: Case) -> Job:
    async def rot() -> None:
        case.server.corrupt = True
        if case.step == "verify":
            case.server.disk.content = b"rotten"

    case.let_go(rot)
    job = await case.end()
    assert "holds SHA-256" in job.message
    return job


async def truncated(case: Case) -> Job:
    os.truncate(case.house.catalogue.get("big").path, 1 << 20)
    case.let_go()
    return await case.end(patient=True)


FAULTS: dict[str, Callable[[Case], Awaitable[Job]]] = {
    "hang": hang,
    "cancel": cancel,
    "kill": kill,
    "kill-undone": kill_undone,
    "dead-server": dead_server,
    "full-store": full_store,
    "backend-error": backend_error,
    "goes-off": goes_off,
    "is-reset": is_reset,
    "is-paused": is_paused,
    "listener-lost": listener_lost,
    "404": not_found,
    "ambiguous-disk": ambiguous_disk,
    "wrong-digest": wrong_digest,
    "truncated": truncated,
}
TRIED = [(step, fault) for fault, row in CELLS.items() for step, end in row.items() if end != "-"]


@pytest.fixture
def patience(fault: str) -> Patience:
    return replace(HASTY, hand_over=0.5) if fault == "hang" else HASTY


@pytest.fixture
async def case(house: House, booting: World, request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    """A reinstall of a node that runs, at the step."""
    make_image(house.directory / "images", "big", content=CONTENT, encoding="raw")
    server = house.server
    server.become(PowerState.ON, PowerCause.OBSERVED)
    node = booting.fleet.node("n1")
    await until(lambda: node.snapshot.power is PowerState.ON)
    async with AsyncExitStack() as stack:
        opened = Case(house, booting, stack, request.param)
        stack.push_async_callback(opened.jobs.close)
        await opened.reach()
        yield opened
        await server.halt()


def test_every_step_has_its_point_and_every_cell_its_fault_or_reason():
    assert set(POINTS) == set(STEPS)
    assert set(CELLS) == set(FAULTS)
    assert {fault for fault, row in CELLS.items() if "-" in row.values()} == set(WHY_NOT)
    assert set("".join("".join(row.values()) for row in CELLS.values())) == set("DFCS-")


@pytest.mark.parametrize(("case", "fault"), TRIED, indirect=["case"], ids=[f"{step}-{fault}" for step, fault in TRIED])
async def test_a_fault_at_a_step_ends_as_the_matrix_says(case: Case, fault: str) -> None:
    job = await FAULTS[fault](case)
    expected = CELLS[fault][case.step]
    assert job.state.ended
    assert await case.world.store.list(SECRETS) == []
    assert list(case.house.media.glob("*")) == []
    snapshot, content = case.world.fleet.node("n1").snapshot, case.server.disk.content
    assert snapshot.reservation is None
    assert (snapshot.boot, snapshot.media[0].image) == (NO_OVERRIDE, "")
    if expected == "D" or (expected == "S" and job.state is JobState.COMPLETED):
        assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
        assert job.details["proofs"]
        assert content == CONTENT
        assert (snapshot.power, snapshot.installed_image) == (PowerState.ON, "big")
        return
    assert job.state is (JobState.CANCELLED if expected == "C" else JobState.EXCEPTION), job
    assert snapshot.installed_image == ""
    if job.step == "wait for turn":
        assert (snapshot.power, content, case.server.applied) == (PowerState.ON, UNTOUCHED, [])
        return
    assert_let_go(case.world, case.house)
    assert "console_tail" in job.details
    if expected == "F":
        assert job.message.startswith(f"{STEPS[job.step].failure}: "), job
        assert list(STEPS).index(job.step) - list(STEPS).index(case.step) in (0, 1), job
    assert content in (UNTOUCHED, CLEARED, CLEARED_OUTSIDE, CONTENT), "half a system is left"
    if case.step in list(STEPS)[:6]:
        assert content == UNTOUCHED
    elif case.step in AFTER_WRITING:
        assert content == CONTENT
    elif fault in ("hang", "goes-off", "is-reset", "is-paused") and case.step != "choose disk":
        assert content == CLEARED_OUTSIDE
    elif (fault, case.step) == ("cancel", "seed"):
        assert content in (CLEARED, CLEARED_OUTSIDE, CONTENT)  # it may just have been done
    elif case.step != "choose disk":
        assert content in (CLEARED, CLEARED_OUTSIDE)
