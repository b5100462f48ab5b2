"""Erase with a simulated guest that speaks the true protocol: what is recorded, and every way to end badly."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmc.model.errors import InvalidRequest
from bmc.model.events import EventKind
from bmc.model.job import JobState
from bmc.reinstall.desk import Desk, Turned
from bmc.reinstall.ticket import Errand, Ticket, hidden
from tests.reinstall.conftest import assert_cancel_at, assert_let_go, ended, held, reaches, resumed_after_kill
from tests.reinstall.simulated import DISK_SIZE
from tests.world import OPERATOR, until

FULL = {"method": "Full"}
STEPS = (
    "wait for turn", "power off", "insert medium", "boot once", "power on", "check in", "choose disk", "erase",
    "verify", "shut down", "eject",
)  # fmt: skip


async def test_what_was_erased_is_on_the_job_in_the_events_and_in_the_audit(jobs, house, booting):
    job = await jobs.start("erase", "n1", FULL, OPERATOR)
    assert job.steps == STEPS
    job = await ended(jobs, job.id)
    assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
    assert house.server.disk.content == b"Full"
    record = dict(cast("Mapping[str, Any]", job.details["erased"]))
    assert record.pop("started") <= record.pop("ended")
    assert record == {
        "disk": "vda", "serial": "SYSDISK0", "size": DISK_SIZE, "method": "Full", "account": OPERATOR.account,
        "places": 10, "places_bytes": 655360,
    }  # fmt: skip
    (event,) = [event for event in await booting.events.history(limit=1000) if event.kind is EventKind.DISK_ERASED]
    assert record.items() <= dict(event.details).items()
    assert event.message == "vda of n1 (serial SYSDISK0) is erased: Full"
    (entry,) = [entry for entry in await booting.audit.newest(node="n1") if entry.action == "erased"]
    assert (entry.account, entry.job, entry.outcome) == (OPERATOR.account, job.id, "ok")
    assert record.items() <= dict(entry.details).items()
    await until(lambda: not jobs._runs)
    assert booting.fleet.node("n1").snapshot.installed_image == ""
    assert_let_go(booting, house)


async def test_a_disk_that_still_holds_data_fails_the_job(jobs, house, booting):
    house.server.corrupt = True
    job = await ended(jobs, (await jobs.start("erase", "n1", FULL, OPERATOR)).id)
    assert job.state is JobState.EXCEPTION
    assert job.message == ("the disk could not be verified: 1 of 10 places of vda that were read back still hold data")
    assert "ended" not in cast("Mapping[str, Any]", job.details["erased"])
    assert [event for event in await booting.events.history(limit=1000) if event.kind is EventKind.DISK_ERASED] == []
    await until(lambda: not jobs._runs)
    assert_let_go(booting, house)


@pytest.mark.parametrize(
    ("disks", "rule", "words"),
    [
        ("vda:9999:A,vdb:9999:B", None, "has 2 disks, so the target is not certain"),
        ("vda:9999:A", {"serial": "B"}, "no disk has serial B"),
        ("", None, "the machine has no disk"),
    ],
)
async def test_a_target_that_is_not_certain_is_not_erased(jobs, house, booting, disks, rule, words):
    house.server.disks = disks
    job = await jobs.start("erase", "n1", {**FULL, "disk": rule} if rule else FULL, OPERATOR)
    job = await ended(jobs, job.id)
    assert job.state is JobState.EXCEPTION
    assert words in job.message
    assert "erased" not in job.details
    assert house.server.disk.content == b"old system"


async def test_a_rule_picks_the_disk(jobs, house):
    house.server.disks = "vda:9999:A,vdb:9999:B"
    job = await jobs.start("erase", "n1", {**FULL, "disk": {"serial": "B"}}, OPERATOR)
    assert (await ended(jobs, job.id)).details["disk"] == "vdb"


@pytest.mark.parametrize("point", ["boot", "check in", "erase", "verify", "done", "off"])
async def test_cancel_at_any_point_leaves_the_node_off_and_clean(jobs, house, booting, point):
    await assert_cancel_at(point, jobs, house, booting, "erase", FULL)


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("erase", "the disk could not be erased: no progress for 120 s"),
        ("verify", "the disk could not be verified: no progress for 120 s"),
    ],
)
async def test_a_guest_that_hangs_runs_out_of_time(jobs, house, booting, point, message):
    house.server.at[point] = house.server.hang
    job = await jobs.start("erase", "n1", FULL, OPERATOR)
    await until(lambda: jobs.get(job.id).step == point)
    await until(lambda: point in house.server.passed)
    while not jobs.get(job.id).state.ended:
        await house.clock.advance(5)
        await asyncio.sleep(0.02)
    assert jobs.get(job.id).message == message
    assert_let_go(booting, house)


@pytest.mark.parametrize("step", STEPS)
async def test_a_service_killed_in_any_step_goes_on_to_the_end(jobs, house, booting, step):
    at = {
        "power on": "boot",
        "check in": "check in",
        "choose disk": "chosen",
        "erase": "erase",
        "verify": "verify",
        "shut down": "off",
    }
    _, go = held(house.server, at.get(step, ""))
    job = await jobs.start("erase", "n1", FULL, OPERATOR)
    await reaches(booting, job.id, step)
    async with resumed_after_kill(booting, jobs, house, go) as (again, resumed):
        done = await ended(resumed, job.id)
        assert (done.state, done.message) == (JobState.COMPLETED, "done"), done
        assert "ended" in cast("Mapping[str, Any]", done.details["erased"])
        told = [event for event in await again.events.history(limit=1000) if event.kind is EventKind.DISK_ERASED]
        assert len(told) == 1
        await until(lambda: not resumed._runs)
        assert_let_go(again, house)


async def test_everything_wrong_is_told_at_once_and_nothing_is_touched(jobs, house):
    with pytest.raises(InvalidRequest) as refused:
        await jobs.start("erase", "n1", {"method": "Fire", "disk": {"colour": "red"}, "more": 1}, OPERATOR)
    for word in ("method: expected one of Metadata, Full, Discard", "disk.colour", "more: unknown"):
        assert word in str(refused.value)
    assert house.server.applied == []


@given(
    blocks=st.text(max_size=20), zeros=st.integers(0, 10**18), places=st.integers(0, 10**18), size=st.text(max_size=20)
)
@settings(max_examples=200)
def test_only_an_honest_account_of_zeros_verifies_a_disk(blocks, zeros, places, size):
    for form in (
        {"blocks": blocks, "zeros": str(zeros), "bytes": size},
        {"blocks": str(places), "zeros": str(zeros), "bytes": "1"},
        {"blocks": str(zeros), "zeros": str(zeros), "bytes": "1"},
    ):
        ticket, desk = Ticket("7", "n1", hidden("token"), Errand.ERASE, told={"method": "Full"}), Desk()
        desk.arm(ticket)
        desk.check_in("n1", "token", {"disks": "vda:4096:S"})
        desk.progress("n1", "token", {"phase": "verify", "bytes": "0", "total": "1"})
        with suppress(Turned):
            desk.verified("n1", "token", form)
        honest = form["blocks"].isascii() and form["blocks"].isdigit() and form["bytes"].isascii()
        honest = honest and form["bytes"].isdigit() and int(form["blocks"]) == int(form["zeros"]) > 0
        assert ticket.facts.verified is (honest and all(len(text) <= 18 for text in form.values()))


def test_an_erase_gives_no_image_and_takes_no_end_before_it_was_read_back():
    ticket, desk = Ticket("7", "n1", hidden("token"), Errand.ERASE, told={"method": "Full"}), Desk()
    desk.arm(ticket)
    desk.check_in("n1", "token", {"disks": "vda:4096:S"})
    for call in (
        lambda: desk.image("n1", "token"),
        lambda: desk.done("n1", "token"),
        lambda: desk.verified("n1", "token", {"blocks": "1", "zeros": "1", "bytes": "1"}),
        lambda: desk.lines("n1", "token"),
        lambda: desk.ready("n1", "token", {}),
    ):
        with pytest.raises(Turned):
            call()
    assert not ticket.facts.done
