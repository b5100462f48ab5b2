"""Rescue with a simulated guest that speaks the true protocol: who is led into it, and how it ends."""

import asyncio
from typing import Any, cast

import pytest

from bmc.jobs import Jobs
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.commands import Power
from bmc.model.errors import Busy, Denied, InvalidRequest, WrongState
from bmc.model.job import Job, JobState
from bmc.model.power import PowerAction
from bmc.model.ssh_key import fingerprint
from bmc.reinstall import lines
from tests.reinstall.conftest import House, assert_cancel_at, assert_let_go, ended, held, reaches, resumed_after_kill
from tests.reinstall.samples import KEY
from tests.reinstall.simulated import HOST_KEY
from tests.world import ADMIN, OPERATOR, World, until

ASKED = {"ssh_keys": [KEY], "minutes": 30}
READY = "a root shell is on the serial console, on the screen and by SSH"
STEPS = (
    "wait for turn",
    "power off",
    "insert medium",
    "boot once",
    "power on",
    "check in",
    "rescue",
    "shut down",
    "eject",
)
OTHER = Caller("otto", Role.OPERATOR, Scope(), Door.REDFISH)


async def begun(jobs: Jobs, asked: object = ASKED) -> Job:
    return await can_be_entered(jobs, (await jobs.start("rescue", "n1", asked, OPERATOR)).id)  # type: ignore[arg-type]


async def can_be_entered(jobs: Jobs, id: str) -> Job:
    await until(lambda: READY in [line.text for line in jobs.get(id).messages])
    return jobs.get(id)


def access(job: Job) -> dict[str, Any]:
    return cast("dict[str, Any]", job.details["rescue"])


async def ended_well(jobs: Jobs, id: str, world: World, house: House) -> list[str]:
    """What it said."""
    job = await ended(jobs, id)
    assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
    await until(lambda: not jobs._runs)
    assert_let_go(world, house)
    assert house.server.disk.content == b"old system"
    return [line.text for line in job.messages]


async def talk(jobs: Jobs, text: bytes = b"hello") -> bytes:
    stream = await jobs.connect("rescue", "n1", OPERATOR)
    heard = await stream.read()
    await stream.write(text)
    async with asyncio.timeout(30):
        while len(heard) < len(b"SSH-2.0-simulated\r\n") + len(text):
            more = await stream.read()
            assert more
            heard += more
    await stream.close()
    return heard


async def test_a_rescue_tells_how_to_get_in_and_ends_by_an_action(jobs, house, booting):
    job = await begun(jobs)
    assert job.steps == STEPS
    assert access(job)["host_key"] == HOST_KEY
    assert access(job)["fingerprint"] == fingerprint(HOST_KEY)
    assert abs(access(job)["until"] - house.clock.now() - 1800) < 60
    assert house.server.keys == f"{KEY}\n"
    assert await talk(jobs) == b"SSH-2.0-simulated\r\nhello"
    await jobs.finish("rescue", "n1", OPERATOR)
    assert "it was ended by an action" in await ended_well(jobs, job.id, booting, house)
    actions = [(entry.action, entry.outcome) for entry in await booting.audit.newest(node="n1")]
    assert ("connect-rescue", "ok") in actions
    assert ("end-rescue", "ok") in actions


def test_the_fingerprint_is_the_one_that_ssh_prints():
    assert fingerprint(HOST_KEY) == "SHA256:M6K2rMYs3HS9p9gXev9YOGPlg0bpLrHzDl5Cow2JKFs"


async def test_it_ends_when_its_time_is_up(jobs, house, booting):
    job = await begun(jobs, {**ASKED, "minutes": 1})
    while not jobs.get(job.id).state.ended:
        await house.clock.advance(5)
        await asyncio.sleep(0.02)
    assert "its time is up" in await ended_well(jobs, job.id, booting, house)


async def test_somebody_in_its_shell_may_end_it(jobs, house, booting):
    job = await begun(jobs)
    house.server.left.set()
    assert "it was ended in the shell" in await ended_well(jobs, job.id, booting, house)


async def test_a_guest_that_switches_itself_off_has_ended_it(jobs, house, booting):
    house.server.at["rescue"] = house.server.power_off
    job = await jobs.start("rescue", "n1", ASKED, OPERATOR)
    assert "it was ended in the shell" in await ended_well(jobs, job.id, booting, house)


async def test_a_rescue_that_was_told_to_end_before_it_began_ends(jobs, house, booting):
    _, go = held(house.server, "boot")
    job = await jobs.start("rescue", "n1", ASKED, OPERATOR)
    await until(lambda: "boot" in house.server.passed)
    await jobs.finish("rescue", "n1", OPERATOR)
    go.set()
    assert "it was ended by an action" in await ended_well(jobs, job.id, booting, house)


async def test_only_the_account_that_asked_for_it_is_led_in_and_each_try_is_in_the_audit(jobs, house, booting):
    with pytest.raises(WrongState, match="no rescue of n1 under way"):
        await jobs.connect("rescue", "n1", OPERATOR)
    job = await begun(jobs)
    for caller in (ADMIN, OTHER):
        with pytest.raises(Denied, match=f"job {job.id} is {OPERATOR.account}'s"):
            await jobs.connect("rescue", "n1", caller)
    viewer = Caller(OPERATOR.account, Role.READ_ONLY, Scope(), Door.REDFISH)
    with pytest.raises(Denied):
        await jobs.connect("rescue", "n1", viewer)
    tried = [entry for entry in await booting.audit.newest(node="n1") if entry.action == "connect-rescue"]
    assert len(tried) == 4
    assert all(entry.outcome != "ok" for entry in tried)
    with pytest.raises(Busy, match="rescue in progress"):
        await booting.fleet.node("n1").do(Power(PowerAction.FORCE_OFF), ADMIN)


async def test_who_comes_when_all_lines_are_taken_is_told_so(jobs, house, booting, monkeypatch):
    monkeypatch.setattr(lines, "WAIT", 0.1)
    await begun(jobs)
    stream = await jobs.connect("rescue", "n1", OPERATOR)
    with pytest.raises(Busy, match="all connections to the guest are in use"):
        await jobs.connect("rescue", "n1", OPERATOR)
    await stream.close()
    monkeypatch.setattr(lines, "WAIT", 5)
    assert await talk(jobs) == b"SSH-2.0-simulated\r\nhello"


async def test_a_megabyte_comes_through_whole(jobs, house, booting):
    await begun(jobs)
    stream = await jobs.connect("rescue", "n1", OPERATOR)
    sent = b"0123456789abcdef" * 65536
    writing = asyncio.create_task(stream.write(sent))
    heard = b""
    async with asyncio.timeout(30):
        while len(heard) < len(sent) + 19:
            heard += await stream.read()
    await writing
    assert heard == b"SSH-2.0-simulated\r\n" + sent
    await stream.close()


@pytest.mark.parametrize("point", ["boot", "check in", "ready", "rescue", "off"])
async def test_cancel_at_any_point_leaves_the_node_off_and_clean(jobs, house, booting, point):
    house.server.left.set()
    await assert_cancel_at(point, jobs, house, booting, "rescue", ASKED)


async def test_a_guest_that_is_not_heard_of_any_more_fails_in_the_open(jobs, house, booting):
    house.server.at["rescue"] = house.server.hang
    job = await begun(jobs)
    await until(lambda: "rescue" in house.server.passed)
    while not jobs.get(job.id).state.ended:
        await house.clock.advance(5)
        await asyncio.sleep(0.02)
    assert jobs.get(job.id).message == "the rescue broke off: no progress for 120 s"
    assert jobs.get(job.id).state is JobState.EXCEPTION
    assert "lightsout: deploy ramdisk" in str(jobs.get(job.id).details["console_tail"])
    assert_let_go(booting, house)


async def test_a_reset_in_it_fails_in_the_open(jobs, house, booting):
    house.server.at["rescue"] = house.server.reset
    job = await ended(jobs, (await jobs.start("rescue", "n1", ASKED, OPERATOR)).id)
    assert job.message == "the rescue broke off: the node was reset in the middle of it"
    assert_let_go(booting, house)


@pytest.mark.parametrize("step", STEPS)
async def test_a_service_killed_in_any_step_goes_on_to_the_end(jobs, house, booting, step):
    at = {"power on": "boot", "check in": "check in", "shut down": "off"}
    _, go = held(house.server, at.get(step, ""))
    job = await jobs.start("rescue", "n1", ASKED, OPERATOR)
    if step in STEPS[6:]:
        house.server.left.set()
    await reaches(booting, job.id, step)
    if step == "rescue":
        await can_be_entered(jobs, job.id)
    before = jobs.get(job.id).details.get("rescue")
    async with resumed_after_kill(booting, jobs, house, go) as (again, resumed):
        if step not in STEPS[6:]:
            await can_be_entered(resumed, job.id)
            assert before in (None, access(resumed.get(job.id))), "a restart gives no more time"
            assert await talk(resumed) == b"SSH-2.0-simulated\r\nhello"
            await resumed.finish("rescue", "n1", OPERATOR)
        await ended_well(resumed, job.id, again, house)


async def test_a_service_killed_after_it_was_told_to_end_it_ends_it(jobs, house, booting):
    _, go = held(house.server, "boot")
    job = await jobs.start("rescue", "n1", ASKED, OPERATOR)
    await until(lambda: "boot" in house.server.passed)
    await jobs.finish("rescue", "n1", OPERATOR)
    async with resumed_after_kill(booting, jobs, house, go) as (again, resumed):
        assert "it was ended by an action" in await ended_well(resumed, job.id, again, house)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"ssh_keys": []}, "at least one public key"),
        ({}, "at least one public key"),
        ({"ssh_keys": ["nonsense"]}, "ssh_keys, key 1"),
        ({"ssh_keys": [KEY], "minutes": 0}, "minutes: expected 1 to 1440"),
        ({"ssh_keys": [KEY], "minutes": 1441}, "minutes: expected 1 to 1440"),
        ({"ssh_keys": [KEY], "minutes": True}, "minutes: expected 1 to 1440"),
        ({"ssh_keys": [KEY], "disk": {}}, "disk: unknown"),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_happens(jobs, house, asked, words):
    with pytest.raises(InvalidRequest, match=words):
        await jobs.start("rescue", "n1", asked, OPERATOR)
    assert house.server.applied == []
