"""Jobs: started, told of, cancelled, timed out, and taken up after a crash."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bmc.jobs import Run, StepFailed
from bmc.jobs.ledger import JOBS, SECRETS
from bmc.model.caller import Scope
from bmc.model.commands import Power, Release, Reserve
from bmc.model.errors import Busy, Denied, InvalidRequest, NotFound, WrongState
from bmc.model.events import EventKind
from bmc.model.job import JobState
from bmc.model.power import PowerAction
from bmc.socket_stream import SocketStream
from bmc.store.errors import StoreFailed
from tests.clocks import PushedClock
from tests.jobs.lab import Bench, ended, jobs_of, killed_and_started_again, secrets_kept
from tests.world import ADMIN, OPERATOR, VIEWER, World, until


@pytest.fixture
def clock() -> PushedClock:
    return PushedClock()


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
async def jobs(world: World, clock: PushedClock, bench: Bench):
    await world.add()
    opened = jobs_of(world, clock, bench.recipe())
    yield opened
    await opened.close()


async def test_a_job_runs_its_steps_in_order_and_lets_go_of_the_node(jobs, bench, world):
    bench.open()
    job = await jobs.start("demo", "n1", {"what": "tea"}, OPERATOR)
    assert (job.state, job.steps, job.account) == (JobState.RUNNING, ("a", "b", "c"), "olga")
    job = await ended(jobs, job.id)
    assert (job.state, job.percent, job.message) == (JobState.COMPLETED, 100, "done")
    assert [message.text for message in job.messages] == ["a", "b", "c", "done"]
    assert bench.ran == ["a", "b", "c"]
    assert bench.released == ["Completed"]
    assert world.fleet.node("n1").snapshot.reservation is None


async def test_others_are_told_busy_with_the_reason_while_it_runs(jobs, bench, world):
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await bench.reached("a")
    with pytest.raises(Busy, match=f"n1 is reserved by job {job.id}: a demonstration"):
        await world.fleet.node("n1").do(Power(PowerAction.ON), ADMIN)
    with pytest.raises(Busy, match=rf"n1 is reserved by demo \(job {job.id}\) since ..:.. UTC"):
        await jobs.start("demo", "n1", {}, ADMIN)


async def test_two_starts_at_once_make_one_job(jobs):
    outcomes = await asyncio.gather(*(jobs.start("demo", "n1", {}, OPERATOR) for _ in range(2)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Busy", "Job"]


async def test_from_the_moment_it_holds_the_node_it_is_found(jobs, world):
    starting = asyncio.create_task(jobs.start("demo", "n1", {}, OPERATOR))
    while (held := world.fleet.node("n1").snapshot.reservation) is None:  # noqa: ASYNC110 - looked at once a turn
        await asyncio.sleep(0)
    assert not starting.done()
    assert jobs.get(held.job).node == "n1"
    await starting


async def test_who_sees_the_node_free_starts_the_next_which_begins_after_the_end_of_the_last(jobs, bench, world):
    bench.open()
    first = await jobs.start("demo", "n1", {}, OPERATOR)
    while world.fleet.node("n1").snapshot.reservation is not None:  # noqa: ASYNC110 - looked at once a turn
        await asyncio.sleep(0)
    assert not jobs.get(first.id).state.ended
    second = await jobs.start("demo", "n1", {}, OPERATOR)
    assert jobs.get(first.id).state is JobState.COMPLETED
    assert (await ended(jobs, second.id)).state is JobState.COMPLETED


@pytest.mark.parametrize("lost", ["job.started", "demo"], ids=["event", "audit"])
async def test_a_start_that_cannot_be_written_down_leaves_no_trace(jobs, bench, world, monkeypatch, lost):
    append, full = world.store.append, True

    async def failing(stream: str, value: dict[str, Any], msg_id: str = "", subject: str = "") -> int:
        if full and lost in (value.get("kind"), value.get("action")):
            raise StoreFailed("the disk is full")
        sequence: int = await append(stream, value, msg_id, subject)
        return sequence

    monkeypatch.setattr(world.store, "append", failing)
    with pytest.raises(StoreFailed):
        await jobs.start("demo", "n1", {}, OPERATOR)
    assert jobs.list(ADMIN) == []
    assert await world.store.list(JOBS) == []
    assert world.fleet.node("n1").snapshot.reservation is None
    full = False
    bench.open()
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    assert (await ended(jobs, job.id)).state is JobState.COMPLETED


async def test_a_job_that_is_cancelled_while_it_is_started_does_nothing(jobs, bench, world):
    starting = asyncio.create_task(jobs.start("demo", "n1", {}, OPERATOR))
    while (held := world.fleet.node("n1").snapshot.reservation) is None:  # noqa: ASYNC110 - looked at once a turn
        await asyncio.sleep(0)
    await jobs.cancel(held.job, OPERATOR)
    await starting
    job = await ended(jobs, held.job)
    assert (job.state, bench.ran) == (JobState.CANCELLED, [])
    assert "olga cancels it" in [message.text for message in job.messages]
    assert world.fleet.node("n1").snapshot.reservation is None


async def test_a_node_reserved_by_a_person_is_busy_and_no_trace_is_left(jobs, world):
    await world.fleet.node("n1").do(Reserve("changing a disk"), ADMIN)
    with pytest.raises(Busy, match="changing a disk"):
        await jobs.start("demo", "n1", {}, OPERATOR, {"password": "x"})
    assert jobs.list(ADMIN) == []
    assert await world.store.list(JOBS) == []
    assert await world.store.list(SECRETS) == []
    reservation = world.fleet.node("n1").snapshot.reservation
    assert reservation
    assert reservation.holder == "admin"


async def test_a_wrong_request_does_nothing(jobs, world):
    with pytest.raises(InvalidRequest, match="wrong: is wrong"):
        await jobs.start("demo", "n1", {"wrong": 1}, OPERATOR)
    with pytest.raises(NotFound, match="no job “bake”; there is demo"):
        await jobs.start("bake", "n1", {}, OPERATOR)
    with pytest.raises(NotFound):
        await jobs.start("demo", "n9", {}, OPERATOR)
    assert world.fleet.node("n1").snapshot.reservation is None


async def test_role_and_scope_decide_and_both_ways_are_audited(jobs, bench, world):
    with pytest.raises(Denied):
        await jobs.start("demo", "n1", {}, VIEWER)
    elsewhere = replace(OPERATOR, scope=Scope(False, frozenset({"n2"})))
    with pytest.raises(Denied):
        await jobs.start("demo", "n1", {}, elsewhere)
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    with pytest.raises(Denied):
        await jobs.cancel(job.id, VIEWER)
    assert jobs.list(elsewhere) == []
    assert [each.id for each in jobs.list(OPERATOR)] == [job.id]
    audited = [(a.account, a.action, a.outcome == "ok") for a in await world.audit.read() if "demo" in a.action]
    assert audited == [
        ("vera", "demo", False),
        ("olga", "demo", False),
        ("olga", "demo", True),
        ("vera", "cancel-demo", False),
    ]


async def test_secrets_are_kept_apart_and_only_until_the_end(jobs, bench, world):
    job = await jobs.start("demo", "n1", {"what": "tea"}, OPERATOR, {"password": "s3cret"})
    await bench.reached("a")
    assert bench.runs[0].secrets == {"password": "s3cret"}
    assert "s3cret" not in repr(job)
    [stored] = await world.store.list(JOBS)
    assert "s3cret" not in repr(stored)
    assert "s3cret" not in repr(await world.events.history())
    assert "s3cret" not in repr(await world.audit.read())
    [kept] = await world.store.list(SECRETS)
    assert "s3cret" not in repr(kept)
    assert await secrets_kept(world.store) == [{"password": "s3cret"}]
    bench.open()
    await ended(jobs, job.id)
    await until(lambda: not jobs._runs)
    assert await world.store.list(SECRETS) == []


async def test_a_step_is_stored_before_it_runs(jobs, bench, world):
    seen = []

    async def look(run: Run) -> None:
        entry = await world.store.get(JOBS, run.job.id)
        assert entry
        seen.append(entry.value["step"])

    bench.inside = dict.fromkeys("abc", look)
    bench.open()
    await ended(jobs, (await jobs.start("demo", "n1", {}, OPERATOR)).id)
    assert seen == ["a", "b", "c"]


async def test_progress_is_of_the_whole_job_never_goes_back_and_is_told_twice_a_second(jobs, bench, world, clock):
    percents = []

    async def work(run: Run) -> None:
        for percent in range(0, 101, 10):
            await run.progress(percent, f"{percent} %", bytes_done=percent, bytes_total=100)
            percents.append(run.job.percent)
            await clock.advance(0.25)
        await run.progress(5)
        percents.append(run.job.percent)

    bench.inside["b"] = work
    bench.open("ab")
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await bench.reached("c")
    assert percents == [25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 75]
    assert jobs.get(job.id).details == {}
    told = [e.details["percent"] for e in await world.told(EventKind.JOB_PROGRESS) if e.details["step"] == "b"]
    assert told == [25, 35, 45, 55, 65, 75]
    assert (await world.told(EventKind.JOB_STARTED))[0].details["job"] == job.id


@pytest.mark.parametrize("name", ["a", "b", "c"])
async def test_cancel_works_at_every_step(jobs, bench, world, name):
    bench.open("abc"[: "abc".index(name)])
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await bench.reached(name)
    assert (await jobs.cancel(job.id, OPERATOR)).state is JobState.CANCELLING
    await jobs.cancel(job.id, OPERATOR)
    job = await ended(jobs, job.id)
    assert (job.state, job.message) == (JobState.CANCELLED, f"cancelled during “{name}”")
    assert bench.released == ["Cancelled"]
    assert world.fleet.node("n1").snapshot.reservation is None
    with pytest.raises(WrongState, match="has ended already"):
        await jobs.cancel(job.id, OPERATOR)
    [told] = await world.told(EventKind.JOB_ENDED)
    assert told.details["state"] == "Cancelled"


async def test_a_step_that_takes_too_long_ends_the_job(jobs, bench, clock):
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await bench.reached("a")
    for _ in range(9):
        await clock.advance(11)
        await bench.runs[0].progress(1, str(clock.monotonic()))
    assert not jobs.get(job.id).state.ended
    await clock.advance(11)
    job = await ended(jobs, job.id)
    assert (job.state, job.message) == (JobState.EXCEPTION, "a failed: not done after 100 s")


async def test_a_step_without_progress_ends_the_job(jobs, bench, clock):
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await bench.reached("a")
    await clock.advance(29)
    await bench.runs[0].progress(1)
    await clock.advance(29)
    assert not jobs.get(job.id).state.ended
    await clock.advance(2)
    assert (await ended(jobs, job.id)).message == "a failed: no progress for 30 s"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (StepFailed("the cup broke"), "b failed: the cup broke"),
        (ValueError("oh"), "b failed: internal error: ValueError('oh')"),
    ],
)
async def test_a_failed_step_ends_the_job_clearly_and_cleans_up(jobs, bench, world, error, message):
    bench.open()
    bench.errors["b"] = error
    job = await ended(jobs, (await jobs.start("demo", "n1", {}, OPERATOR)).id)
    assert (job.state, job.message, job.step) == (JobState.EXCEPTION, message, "b")
    assert job.percent == 25
    assert bench.released == ["Exception"]
    assert world.fleet.node("n1").snapshot.reservation is None
    [told] = await world.told(EventKind.JOB_ENDED)
    assert message in told.message


async def test_a_clean_up_that_fails_or_hangs_is_told_and_the_node_is_let_go(jobs, bench, world, clock):
    bench.open()
    bench.release_error = StepFailed("the tray is stuck")
    job = await ended(jobs, (await jobs.start("demo", "n1", {}, OPERATOR)).id)
    assert job.message == "done; cleaning up: the tray is stuck"
    assert world.fleet.node("n1").snapshot.reservation is None
    await until(lambda: not jobs._runs)
    bench.release_gate.clear()
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await until(lambda: len(bench.released) == 2)
    await clock.advance(181)
    assert (await ended(jobs, job.id)).message == "done; cleaning up: not done after 180 s"


async def test_a_reservation_that_a_person_took_meanwhile_stays_theirs(jobs, bench, world):
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await bench.reached("a")
    node = world.fleet.node("n1")
    await node.do(Release(), bench.runs[0].caller)
    await node.do(Reserve("mine"), ADMIN)
    bench.open()
    await ended(jobs, job.id)
    assert node.snapshot.reservation
    assert node.snapshot.reservation.holder == "admin"


async def test_only_the_last_ended_jobs_are_kept(jobs, bench, world, monkeypatch):
    monkeypatch.setattr("bmc.jobs.jobs.KEPT", 2)
    bench.open()
    for _ in range(4):
        job = await jobs.start("demo", "n1", {}, OPERATOR)
        await until(lambda job=job: job.id not in jobs._runs)
    await until(lambda: len(jobs.list(ADMIN)) == 2)
    assert [job.id for job in jobs.list(ADMIN)] == ["3", "4"]
    with pytest.raises(NotFound):
        jobs.get("1")


async def test_many_jobs_of_one_node_push_out_none_of_another(jobs, bench, world, monkeypatch):
    monkeypatch.setattr("bmc.jobs.jobs.KEPT", 3)
    await world.add("n2")
    bench.open()
    for node in ("n2", "n1", "n1", "n1", "n1"):
        job = await jobs.start("demo", node, {}, OPERATOR)
        await until(lambda job=job: job.id not in jobs._runs)
    await until(lambda: len(jobs.list(ADMIN)) == 3)
    assert [job.id for job in jobs.list(ADMIN)] == ["1", "4", "5"]


@pytest.mark.parametrize("name", ["a", "b", "c"])
async def test_a_job_killed_in_any_step_goes_on_with_that_step(jobs, bench, world, clock, tmp_path: Path, name):
    bench.open("abc"[: "abc".index(name)])
    job = await jobs.start("demo", "n1", {"what": "tea"}, OPERATOR, {"password": "x"})
    await bench.reached(name)
    bench.runs[0].state["cups"] = 3
    await bench.runs[0].save()
    bench.ran.clear()
    async with killed_and_started_again(world, jobs, tmp_path / "again.db") as again:
        resumed = jobs_of(again, clock, bench.recipe())
        await resumed.resume()
        with pytest.raises(Busy):
            await resumed.start("demo", "n1", {}, OPERATOR)
        bench.open()
        done = await ended(resumed, job.id)
        assert done.state is JobState.COMPLETED
        assert done.request == {"what": "tea"}
        assert bench.ran == list("abc"["abc".index(name) :])
        assert bench.runs[-1].state == {"cups": 3}
        assert bench.runs[-1].secrets == {"password": "x"}
        assert again.fleet.node("n1").snapshot.reservation is None
        await until(lambda: not resumed._runs)
        assert int((await resumed.start("demo", "n1", {}, OPERATOR)).id) == int(job.id) + 1
        await resumed.close()


@pytest.mark.parametrize(
    ("look", "ran", "state", "message"),
    [
        (True, ["c"], JobState.COMPLETED, "done"),
        (False, ["b", "c"], JobState.COMPLETED, "done"),
        (StepFailed("it has moved"), [], JobState.EXCEPTION, "b failed: it has moved"),
        (None, [], JobState.EXCEPTION, "b failed: the service ended in the middle of it, and it cannot be repeated"),
    ],
)
async def test_a_step_that_may_not_be_repeated_is_looked_at_first(
    jobs, bench, world, clock, tmp_path: Path, look, ran, state, message
):
    bench.open("a")
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await bench.reached("b")
    bench.ran.clear()
    bench.repeatable["b"] = False
    if look is not None:
        bench.look["b"] = look
    async with killed_and_started_again(world, jobs, tmp_path / "again.db") as again:
        bench.open()
        resumed = jobs_of(again, clock, bench.recipe())
        await resumed.resume()
        done = await ended(resumed, job.id)
        assert bench.ran == ran
        assert done.state is state
        assert done.message.startswith(message)
        assert again.fleet.node("n1").snapshot.reservation is None


async def test_a_job_of_a_node_that_was_removed_stays_one_of_a_former_node(jobs, bench, world, clock, tmp_path: Path):
    bench.open()
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await ended(jobs, job.id)
    await until(lambda: not jobs._runs)
    await jobs.put_away("n2")
    assert not jobs.get(job.id).former
    rack = frozenset({"rack"})
    await world.fleet.change("n1", {}, ADMIN, rack)
    by_tag = replace(OPERATOR, scope=Scope(all_nodes=False, tags=rack))
    assert jobs.list(by_tag) == [jobs.get(job.id)]
    by_name = replace(OPERATOR, scope=Scope(all_nodes=False, nodes=frozenset({"n1"})))
    await jobs.put_away("n1")
    for scoped in (by_tag, by_name):  # both name the node that has the name now
        assert jobs.list(scoped) == []
        with pytest.raises(NotFound):
            jobs.get(job.id, scoped)
    async with killed_and_started_again(world, jobs, tmp_path / "again.db") as again:
        resumed = jobs_of(again, clock, bench.recipe())
        await resumed.resume()
        assert [(each.id, each.former) for each in resumed.list(OPERATOR)] == [(job.id, True)]


async def test_a_cancel_is_not_forgotten_by_a_crash(jobs, bench, world, clock, tmp_path: Path):
    bench.release_gate.clear()
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await bench.reached("a")
    await jobs.cancel(job.id, OPERATOR)
    await until(lambda: bench.released == ["Cancelled"])
    bench.ran.clear()
    async with killed_and_started_again(world, jobs, tmp_path / "again.db") as again:
        bench.release_gate.set()
        resumed = jobs_of(again, clock, bench.recipe())
        await resumed.resume()
        done = await ended(resumed, job.id)
        assert (done.state, done.message) == (JobState.CANCELLED, "cancelled during “a”")
        assert bench.ran == []
        assert bench.released == ["Cancelled", "Cancelled"]


async def test_a_failure_is_not_forgotten_by_a_crash_in_the_clean_up(jobs, bench, world, clock, tmp_path: Path):
    bench.errors["a"] = StepFailed("the cup broke")
    bench.release_gate.clear()
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await until(lambda: bench.released == ["Exception"])
    async with killed_and_started_again(world, jobs, tmp_path / "again.db") as again:
        bench.release_gate.set()
        resumed = jobs_of(again, clock, bench.recipe())
        await resumed.resume()
        done = await ended(resumed, job.id)
        assert (done.state, done.message) == (JobState.EXCEPTION, "a failed: the cup broke")


async def test_a_job_that_a_version_began_which_kept_secrets_plain_goes_on(jobs, bench, world, clock, tmp_path: Path):
    job = await jobs.start("demo", "n1", {}, OPERATOR, {"password": "x"})
    await bench.reached("a")
    await world.store.put(SECRETS, job.id, {"password": "plain"})
    async with killed_and_started_again(world, jobs, tmp_path / "again.db") as again:
        bench.open()
        resumed = jobs_of(again, clock, bench.recipe())
        await resumed.resume()
        assert (await ended(resumed, job.id)).state is JobState.COMPLETED
        assert bench.runs[-1].secrets == {"password": "plain"}


async def test_a_job_of_a_kind_that_is_gone_fails_in_the_open(jobs, bench, world, clock, tmp_path: Path):
    job = await jobs.start("demo", "n1", {}, OPERATOR, {"password": "x"})
    await bench.reached("a")
    async with killed_and_started_again(world, jobs, tmp_path / "again.db") as again:
        resumed = jobs_of(again, clock)
        await resumed.resume()
        assert resumed.get(job.id).message == "this version knows no job “demo”; look at the node"
        assert again.fleet.node("n1").snapshot.reservation is None
        assert await again.store.list(SECRETS) == []


async def test_a_job_killed_before_anyone_was_told_of_it_fails_in_the_open(jobs, bench, world, clock, tmp_path: Path):
    job = await jobs.start("demo", "n1", {}, OPERATOR)
    await bench.reached("a")
    entry = await world.store.get(JOBS, job.id)
    assert entry
    await world.store.put(JOBS, job.id, {**entry.value, "state": "New", "step": ""})
    async with killed_and_started_again(world, jobs, tmp_path / "again.db") as again:
        resumed = jobs_of(again, clock, bench.recipe())
        await resumed.resume()
        assert resumed.get(job.id).message == "the service ended before it began; nothing was done to the node"
        assert again.fleet.node("n1").snapshot.reservation is None


async def test_closing_suspends_and_touches_nothing(jobs, bench, world):
    await jobs.start("demo", "n1", {}, OPERATOR)
    await bench.reached("a")
    await jobs.close()
    assert bench.released == []
    assert world.fleet.node("n1").snapshot.reservation


async def test_the_way_into_a_guest_is_closed_when_its_node_leaves_the_scope_of_who_was_led_there(world):
    await world.add()
    await world.fleet.change("n1", {}, ADMIN, tags=frozenset({"lab"}))
    bench, far_ends = Bench(), []

    async def connect(run: Run) -> SocketStream:
        ours, theirs = socket.socketpair()
        far_ends.append(theirs)
        return await SocketStream.over(ours)

    jobs = jobs_of(world, PushedClock(), replace(bench.recipe(), connect=connect))
    mine = replace(OPERATOR, scope=Scope(all_nodes=False, tags=frozenset({"lab"})))
    await jobs.start("demo", "n1", {}, mine)
    await bench.reached("a")
    stays, ends = await jobs.connect("demo", "n1", OPERATOR), await jobs.connect("demo", "n1", mine)
    await world.fleet.change("n1", {}, ADMIN, tags=frozenset({"sold"}))
    async with asyncio.timeout(30):
        assert await ends.read() == b""
    far_ends[0].send(b"still there")
    async with asyncio.timeout(30):
        assert await stays.read() == b"still there"
    await stays.close()
    for each in far_ends:
        each.close()
    await jobs.close()
