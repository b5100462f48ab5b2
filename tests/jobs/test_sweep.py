"""One power action over many nodes: in batches, at most once, told node by node."""

from dataclasses import replace
from pathlib import Path

import pytest

from bmc.accounts import Account
from bmc.jobs.sweep import Outcome, results
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.commands import Power, Reserve
from bmc.model.errors import Busy, Denied, NotFound, OutcomeUnknown
from bmc.model.events import EventKind
from bmc.model.job import Job, JobState
from bmc.model.power import PowerAction, PowerCause, PowerState
from tests.clocks import PushedClock
from tests.jobs.lab import ACCOUNTS, ended, jobs_of, killed_and_started_again
from tests.world import ADMIN, HASTY, OPERATOR, VIEWER, World, open_world, until

NAMES = ("n1", "n2", "n3", "n4", "n5")
TINA = Caller("tina", Role.OPERATOR, Scope(all_nodes=False, nodes=frozenset({"n1"})), Door.WEB)


@pytest.fixture
async def fleet(world: World) -> World:
    for name in NAMES:
        await world.add(name)
    return world


def on(world: World) -> list[str]:
    return [name for name in NAMES if world.drivers.servers[name].applied == [PowerAction.ON]]


def outcomes(job: Job) -> dict[str, str]:
    return {node: outcome.value for node, (outcome, _) in results(job).items()}


async def test_batches_follow_each_other_after_the_delay(fleet: World):
    clock = PushedClock()
    jobs = jobs_of(fleet, clock)
    job = await jobs.sweep(PowerAction.ON, NAMES, 2, 30, OPERATOR)
    assert (job.state, job.nodes, job.title) == (JobState.RUNNING, NAMES, "power of 5 nodes")
    await until(lambda: on(fleet) == ["n1", "n2"] and clock.waited_for(30))
    assert jobs.get(job.id).percent == 40
    await clock.advance(29)
    assert on(fleet) == ["n1", "n2"]
    await clock.advance(1)
    await until(lambda: on(fleet) == ["n1", "n2", "n3", "n4"] and clock.waited_for(30))
    assert jobs.get(job.id).percent == 80
    await clock.advance(30)
    job = await ended(jobs, job.id)
    assert (job.state, job.percent, job.message) == (JobState.COMPLETED, 100, "done")
    assert outcomes(job) == dict.fromkeys(NAMES, "done")
    [told] = await fleet.told(EventKind.JOB_ENDED)
    assert (told.node, told.message) == ("", "power of 5 nodes completed: done")
    await jobs.close()


async def test_a_node_that_refuses_keeps_no_other_from_its_turn(fleet: World):
    await fleet.fleet.node("n2").do(Reserve("new memory"), ADMIN)
    jobs = jobs_of(fleet, PushedClock())
    job = await jobs.sweep(PowerAction.ON, NAMES, 5, 0, OPERATOR)
    job = await ended(jobs, job.id)
    assert job.state is JobState.EXCEPTION
    assert job.message == "1 of 5 nodes failed: n2: n2 is reserved by admin: new memory"
    assert outcomes(job) == {**dict.fromkeys(NAMES, "done"), "n2": "failed"}
    await jobs.close()


async def test_who_holds_a_node_acts_on_it(fleet: World):
    await fleet.fleet.node("n2").do(Reserve("mine"), OPERATOR)
    jobs = jobs_of(fleet, PushedClock())
    job = await ended(jobs, (await jobs.sweep(PowerAction.ON, ["n2"], 5, 0, OPERATOR)).id)
    assert outcomes(job) == {"n2": "done"}
    await jobs.close()


async def test_cancelled_the_nodes_that_wait_are_left_alone(fleet: World):
    jobs = jobs_of(fleet, PushedClock())
    job = await jobs.sweep(PowerAction.ON, NAMES, 2, 30, OPERATOR)
    await until(lambda: jobs.get(job.id).percent == 40)
    await jobs.cancel(job.id, OPERATOR)
    job = await ended(jobs, job.id)
    assert (job.state, on(fleet)) == (JobState.CANCELLED, ["n1", "n2"])
    assert outcomes(job) == {"n1": "done", "n2": "done", "n3": "cancelled", "n4": "cancelled", "n5": "cancelled"}
    await jobs.close()


async def test_cancelled_it_waits_for_no_guest_that_was_asked_to_shut_down(tmp_path: Path):
    async with open_world(tmp_path / "patient.db", patience=replace(HASTY, graceful=600)) as world:
        for name in ("n1", "n2"):
            node, server = await world.add(name)
            await node.do(Power(PowerAction.ON), ADMIN)
            server.obeys_acpi = False
        jobs = jobs_of(world, PushedClock())
        job = await jobs.sweep(PowerAction.GRACEFUL_SHUTDOWN, ["n1", "n2"], 2, 0, OPERATOR)
        nodes = [world.fleet.node(name) for name in ("n1", "n2")]
        await until(lambda: all(node.snapshot.power is PowerState.POWERING_OFF for node in nodes))
        await jobs.cancel(job.id, OPERATOR)
        job = await ended(jobs, job.id)
        assert job.state is JobState.CANCELLED
        assert job.message.startswith("cancelled; n1: this was cancelled once the node was asked")
        assert outcomes(job) == {"n1": "unknown", "n2": "unknown"}
        assert [node.snapshot.power for node in nodes] == [PowerState.POWERING_OFF] * 2
        await jobs.close()


async def test_cancelled_a_command_that_has_begun_comes_to_its_end_but_is_not_waited_for_for_ever(fleet: World):
    clock, slow = PushedClock(), fleet.drivers.servers["n2"]
    slow.gate.clear()
    jobs = jobs_of(fleet, clock)
    job = await jobs.sweep(PowerAction.ON, NAMES, 2, 0, OPERATOR)
    await until(lambda: slow.asked == [PowerAction.ON] and outcomes(jobs.get(job.id))["n1"] == "done")
    await jobs.cancel(job.id, OPERATOR)
    await until(lambda: clock.waited_for(30))
    await clock.advance(30)
    job = await ended(jobs, job.id)
    assert outcomes(job) == {"n1": "done", "n2": "unknown", "n3": "cancelled", "n4": "cancelled", "n5": "cancelled"}
    slow.gate.set()
    await until(lambda: fleet.fleet.node("n2").snapshot.power is PowerState.ON)
    await jobs.close()


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (None, "the account olga, which started this, is deleted or disabled"),
        (Account("olga", Role.OPERATOR, Scope(), enabled=False), "is deleted or disabled"),
        (Account("olga", Role.READ_ONLY, Scope()), "takes the role Operator"),
        (Account("olga", Role.ADMINISTRATOR, Scope.only("n1")), "the scope of olga does not include n"),
    ],
)
async def test_who_has_lost_the_right_since_acts_on_no_more_nodes(fleet: World, now: Account | None, words: str):
    clock, accounts = PushedClock(), dict(ACCOUNTS)
    jobs = jobs_of(fleet, clock, accounts=accounts)
    job = await jobs.sweep(PowerAction.ON, NAMES, 2, 30, OPERATOR)
    await until(lambda: on(fleet) == ["n1", "n2"] and clock.waited_for(30))
    if now:
        accounts["olga"] = now
    else:
        del accounts["olga"]
    for done in (80, 100):
        await clock.advance(30)
        await until(lambda done=done: jobs.get(job.id).percent == done and (clock.waited_for(30) or done == 100))
    job = await ended(jobs, job.id)
    assert on(fleet) == ["n1", "n2"]
    assert [words in why for _, why in results(job).values()] == [False, False, True, True, True]
    await jobs.close()


async def test_a_revoked_token_acts_on_no_more_nodes_also_after_a_restart(fleet: World, tmp_path: Path):
    accounts, clock = {**ACCOUNTS, "t1": ACCOUNTS["olga"]}, PushedClock()
    jobs = jobs_of(fleet, clock, accounts=accounts)
    job = await jobs.sweep(PowerAction.ON, NAMES, 2, 30, replace(OPERATOR, token="t1"))
    await until(lambda: on(fleet) == ["n1", "n2"] and clock.waited_for(30))
    async with killed_and_started_again(fleet, jobs, tmp_path / "killed.db") as again:
        del accounts["t1"]
        resumed = jobs_of(again, PushedClock(), accounts=accounts)
        await resumed.resume()
        await until(lambda: "failed" in outcomes(resumed.get(job.id)).values())
        assert on(again) == ["n1", "n2"]
        failed = [why for outcome, why in results(resumed.get(job.id)).values() if outcome is Outcome.FAILED]
        assert all("its API token that did was revoked" in why for why in failed)
        await resumed.close()


async def test_a_sweep_leaves_alone_who_has_the_name_of_a_node_that_was_removed(fleet: World):
    clock = PushedClock()
    jobs = jobs_of(fleet, clock)
    fleet.fleet.on_forget(jobs.put_away)
    job = await jobs.sweep(PowerAction.ON, ["n1", "n2", "n3"], 1, 30, OPERATOR)
    await until(lambda: on(fleet) == ["n1"] and clock.waited_for(30))
    await fleet.fleet.remove("n2", ADMIN)
    del fleet.drivers.servers["n2"]
    await fleet.add("n2")
    await clock.advance(30)
    await until(lambda: jobs.get(job.id).percent == 66 and clock.waited_for(30))
    await clock.advance(30)
    job = await ended(jobs, job.id)
    assert results(job)["n2"] == (Outcome.FAILED, "n2 was removed since this began")
    assert (on(fleet), outcomes(job)["n3"]) == (["n1", "n3"], "done")
    await until(lambda: jobs.get(job.id).former)
    its_own = replace(OPERATOR, scope=Scope(all_nodes=False, nodes=frozenset(NAMES)))
    of_the_names = replace(its_own, account="another")
    assert [jobs.list(each) for each in (OPERATOR, its_own, of_the_names)] == [[jobs.get(job.id)]] * 2 + [[]]
    await jobs.close()


async def test_also_after_a_restart_a_sweep_knows_which_of_its_nodes_were_removed(fleet: World, tmp_path: Path):
    clock = PushedClock()
    jobs = jobs_of(fleet, clock)
    job = await jobs.sweep(PowerAction.ON, ["n1", "n2"], 1, 30, OPERATOR)
    await until(lambda: on(fleet) == ["n1"] and clock.waited_for(30))
    await jobs.put_away("n2")
    async with killed_and_started_again(fleet, jobs, tmp_path / "killed.db") as again:
        resumed = jobs_of(again, PushedClock())
        await resumed.resume()
        done = await ended(resumed, job.id)
        assert outcomes(done) == {"n1": "done", "n2": "failed"}
        await resumed.close()


async def test_one_account_keeps_no_other_from_its_sweeps(fleet: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bmc.jobs.jobs.MOST_OF_ONE", 1)
    jobs = jobs_of(fleet, PushedClock())
    await jobs.sweep(PowerAction.ON, NAMES, 2, 30, OPERATOR)
    with pytest.raises(Busy, match="1 of them of olga"):
        await jobs.sweep(PowerAction.ON, NAMES, 2, 30, OPERATOR)
    await jobs.sweep(PowerAction.ON, ["n5"], 2, 30, ADMIN)
    await jobs.close()


async def test_it_takes_an_operator_of_every_node(fleet: World):
    jobs = jobs_of(fleet, PushedClock())
    for caller in (VIEWER, TINA):
        with pytest.raises(Denied):
            await jobs.sweep(PowerAction.ON, NAMES, 2, 0, caller)
    with pytest.raises(NotFound):
        await jobs.sweep(PowerAction.ON, ["n1", "n9"], 2, 0, OPERATOR)
    assert on(fleet) == []
    job = await jobs.sweep(PowerAction.ON, NAMES, 2, 30, OPERATOR)
    assert jobs.list(TINA) == []
    with pytest.raises(Denied):
        await jobs.cancel(job.id, TINA)
    await jobs.close()


@pytest.mark.parametrize(
    ("action", "outcome"), [(PowerAction.ON, Outcome.DONE), (PowerAction.FORCE_RESTART, Outcome.UNKNOWN)]
)
async def test_what_a_crash_cut_off_is_not_done_again_and_the_rest_is(
    fleet: World, tmp_path: Path, action: PowerAction, outcome: Outcome
):
    """That a node is on can be seen; whether it was restarted cannot, and is told as unknown."""
    clock, first, second = PushedClock(), fleet.drivers.servers["n1"], fleet.drivers.servers["n2"]
    if action is PowerAction.FORCE_RESTART:
        for node, server in (("n1", first), ("n2", second)):
            server.become(PowerState.ON, PowerCause.OBSERVED)
            await until(lambda node=node: fleet.fleet.node(node).snapshot.power is PowerState.ON)
    first.gate.clear()
    jobs = jobs_of(fleet, clock)
    job = await jobs.sweep(action, ["n1", "n2"], 1, 0, OPERATOR)
    await until(lambda: first.asked == [action])
    first.become(PowerState.ON, PowerCause.COMMAND)  # it took effect, and nobody was told yet
    async with killed_and_started_again(fleet, jobs, tmp_path / "again.db") as again:
        first.gate.set()
        await until(lambda: again.fleet.node("n1").snapshot.power is PowerState.ON)
        resumed = jobs_of(again, clock)
        await resumed.resume()
        done = await ended(resumed, job.id)
        assert outcomes(done) == {"n1": outcome.value, "n2": "done"}
        assert (first.applied, second.applied) == ([], [action])
        await resumed.close()


async def test_a_shutdown_is_done_when_the_guest_is_off_and_has_failed_when_it_stays_on(fleet: World):
    deaf = fleet.drivers.servers["n2"]
    for name in ("n1", "n2"):
        await fleet.fleet.node(name).do(Power(PowerAction.ON), ADMIN)
    deaf.obeys_acpi = False
    jobs = jobs_of(fleet, PushedClock())
    job = await jobs.sweep(PowerAction.GRACEFUL_SHUTDOWN, ["n1", "n2"], 2, 0, OPERATOR)
    job = await ended(jobs, job.id)
    assert outcomes(job) == {"n1": "done", "n2": "failed"}
    assert "n2: it did not shut down within" in job.message
    assert [fleet.fleet.node(name).snapshot.power for name in ("n1", "n2")] == [PowerState.OFF, PowerState.ON]
    await jobs.close()


async def test_a_graceful_restart_of_many_is_done_when_all_are_on_again(fleet: World):
    for name in ("n1", "n2"):
        await fleet.fleet.node(name).do(Power(PowerAction.ON), ADMIN)
    jobs = jobs_of(fleet, PushedClock())
    job = await ended(jobs, (await jobs.sweep(PowerAction.GRACEFUL_RESTART, ["n1", "n2"], 2, 0, OPERATOR)).id)
    assert outcomes(job) == {"n1": "done", "n2": "done"}
    for name in ("n1", "n2"):
        assert fleet.drivers.servers[name].applied == [PowerAction.ON, PowerAction.GRACEFUL_SHUTDOWN, PowerAction.ON]
    await jobs.close()


async def test_a_shutdown_over_which_force_off_wins_is_told_as_cut_off(fleet: World, tmp_path: Path):
    async with open_world(tmp_path / "patient.db", patience=replace(HASTY, graceful=60)) as world:
        node, server = await world.add()
        await node.do(Power(PowerAction.ON), ADMIN)
        server.obeys_acpi = False
        jobs = jobs_of(world, PushedClock())
        job = await jobs.sweep(PowerAction.GRACEFUL_SHUTDOWN, ["n1"], 1, 0, OPERATOR)
        await until(lambda: node.snapshot.power is PowerState.POWERING_OFF)
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
        assert results(await ended(jobs, job.id)) == {"n1": (Outcome.FAILED, "it was cut off by another action")}
        await jobs.close()


async def test_what_an_adapter_cannot_tell_is_told_as_unknown_and_not_as_failed(fleet: World):
    fleet.drivers.servers["n1"].failure = OutcomeUnknown("no answer came")
    jobs = jobs_of(fleet, PushedClock())
    job = await ended(jobs, (await jobs.sweep(PowerAction.ON, ["n1"], 1, 0, OPERATOR)).id)
    assert results(job) == {"n1": (Outcome.UNKNOWN, "no answer came")}
    await jobs.close()
