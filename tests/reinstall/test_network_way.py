"""The way in by the node's own network boot, with a simulated firmware that fetches over real HTTP."""

import asyncio
import base64
import subprocess
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bmc.model.boot import NO_OVERRIDE, BootSeen
from bmc.model.commands import Power
from bmc.model.errors import InvalidRequest
from bmc.model.job import JobState
from bmc.model.power import PowerAction, PowerState
from bmc.reinstall.network_boot import FILES, SCRIPT, archive
from tests.jobs.lab import killed_and_started_again, secrets_kept
from tests.reinstall.conftest import (
    assert_cancel_at,
    assert_let_go,
    ended,
    held,
    reaches,
    resumed_after_kill,
    runs_out_of_time,
)
from tests.reinstall.samples import KEY
from tests.reinstall.samples import STEPS as BY_MEDIUM
from tests.reinstall.simulated import Http, Refused
from tests.world import OPERATOR, until

REQUEST = {"image": "mini", "hostname": "web-1", "way": "Network"}
OWN = {"insert medium": "offer boot script", "eject": "withdraw boot script"}
STEPS = tuple(OWN.get(step, step) for step in BY_MEDIUM)
FETCHED = ["boot script", "kernel", "configuration", "ramdisk"]


async def test_a_reinstall_by_network_ends_with_the_proof_and_says_what_was_fetched(jobs, house, booting, image):
    server = house.server
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    assert job.steps == STEPS
    secrets = (await secrets_kept(booting.store))[0]
    job = await ended(jobs, job.id)
    assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
    said = [line.text for line in job.messages]
    assert [text for text in said if "network boot" in text] == [f"the network boot fetches the {n}" for n in FETCHED]
    assert server.disk.content == image.path.read_bytes()
    snapshot = booting.fleet.node("n1").snapshot
    assert (snapshot.power, snapshot.reservation, snapshot.boot) == (PowerState.ON, None, NO_OVERRIDE)
    assert (server.boot_file, server.fetched["kernel"]) == ("", b"the kernel")
    assert list(house.media.glob("*")) == []
    assert not any(str(secret) in repr(job) for secret in secrets.values())


@pytest.mark.parametrize("way", ["VirtualMedia", "Network"])
async def test_the_ramdisk_and_the_new_system_have_an_address_and_nobody_after_the_job(jobs, house, booting, way):
    server, had = house.server, []

    async def look() -> None:
        had.append(server.has_address)

    server.at |= {"on": look, "on again": look}
    job = await ended(jobs, (await jobs.start("reinstall", "n1", {**REQUEST, "way": way}, OPERATOR)).id)
    assert (job.state, had, server.has_address) == (JobState.COMPLETED, [True, True], False)


@pytest.mark.parametrize(
    ("kind", "request_"),
    [("rescue", {"ssh_keys": [KEY]}), ("erase", {"method": "Full"}), ("inspect", {})],
)
async def test_the_other_jobs_come_by_network_too(jobs, house, booting, kind, request_):
    job = await jobs.start(kind, "n1", {**request_, "way": "Network"}, OPERATOR)
    assert job.request["way"] == "Network"
    house.server.left.set()
    job = await ended(jobs, job.id)
    assert job.state is JobState.COMPLETED, job
    assert "configuration" in house.server.fetched
    assert_let_go(booting, house)
    assert house.server.boot_file == ""


async def test_a_boot_script_is_given_out_once_and_the_files_until_the_ramdisk_checks_in(jobs, house, booting):
    server = house.server
    answers: dict[str, list[int]] = {}

    async def ask(when: str) -> None:
        url = server.url
        key = (await secrets_kept(booting.store))[0]["key"]
        async with ClientSession() as session:
            for path, given in (
                (SCRIPT, ""),
                (f"{FILES}/configuration", ""),
                (f"{FILES}/configuration", "wrong"),
                (f"{FILES}/configuration", key),
                (f"{FILES}/shadow", key),
            ):
                credentials = base64.b64encode(f"job:{given}".encode()).decode()
                async with session.get(url + path, headers={"Authorization": f"Basic {credentials}"}) as reply:
                    answers.setdefault(when, []).append(reply.status)

    server.at["boot"] = lambda: ask("before")
    server.at["erase"] = lambda: ask("after")
    job = await ended(jobs, (await jobs.start("reinstall", "n1", REQUEST, OPERATOR)).id)
    assert job.state is JobState.COMPLETED
    assert answers == {"before": [404, 401, 403, 200, 404], "after": [404, 401, 404, 404, 404]}


async def test_a_job_by_medium_gives_out_no_boot_script(jobs, house, booting):
    server, answers = house.server, []

    async def ask() -> None:
        async with ClientSession() as session:
            with pytest.raises(Refused, match=r"404: nothing is there to be booted"):
                await Http(session, server.url).fetch(server.url + SCRIPT)
            answers.append(True)

    server.at["boot"] = ask
    job = await ended(jobs, (await jobs.start("inspect", "n1", {}, OPERATOR)).id)
    assert (job.state, answers) == (JobState.COMPLETED, [True])


async def test_a_node_whose_network_boot_leads_elsewhere_runs_out_of_time_and_says_what_it_fetched(
    jobs, house, booting
):
    server = house.server

    async def mislead() -> None:
        server.boot_file = server.url + "/wrong.ipxe"

    server.at["script"] = mislead
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    await until(lambda: "start" in server.passed, 30)  # the old system
    await runs_out_of_time(booting, jobs, house, job.id, "check in")
    job = await ended(jobs, job.id)
    assert job.message == "the ramdisk did not check in: not done after 900 s"
    assert not any("fetches" in line.text for line in job.messages)
    assert_let_go(booting, house)
    assert (server.boot_file, server.disk.content) == ("", b"old system")


@pytest.mark.parametrize(
    ("way", "point", "step"),
    [
        ("Network", "script", "the ramdisk did not check in"),
        ("VirtualMedia", "boot", "the ramdisk did not check in"),
        ("VirtualMedia", "start", "the new system gave no proof that it runs"),
    ],
)
async def test_a_node_that_finds_nothing_to_boot_from_ends_the_job_at_once(jobs, house, booting, way, point, step):
    house.server.at[point] = house.server.find_nothing
    job = await ended(jobs, (await jobs.start("reinstall", "n1", {**REQUEST, "way": way}, OPERATOR)).id)
    assert job.message == f"{step}: the node found nothing to boot from"
    assert_let_go(booting, house)


async def test_a_boot_that_failed_before_the_job_is_none_of_it(jobs, house, booting):
    node = booting.fleet.node("n1")
    await node.do(Power(PowerAction.ON), OPERATOR)
    house.server.boots.put_nowait(BootSeen(0.0, NO_OVERRIDE, failed=True))
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    assert (await ended(jobs, job.id)).state is JobState.COMPLETED


@pytest.mark.parametrize("point", ["script", "kernel", "configuration", "ramdisk", "boot", "check in", "half"])
async def test_cancel_at_any_point_leaves_nothing_to_boot_from(jobs, house, booting, point):
    await assert_cancel_at(point, jobs, house, booting, "reinstall", REQUEST)
    assert house.server.boot_file == ""


@pytest.mark.parametrize("point", ["kernel", "half"])
async def test_a_reset_in_the_middle_fails_in_the_open(jobs, house, booting, point):
    """Before the check-in the override is spent: the old system runs until the time is up, as by media."""
    server = house.server
    server.at[point] = server.reset
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    if point == "kernel":
        await until(lambda: point in server.passed, 30)
        await runs_out_of_time(booting, jobs, house, job.id, "check in")
    job = await ended(jobs, job.id)
    words = {"kernel": "the ramdisk did not check in: not done", "half": "the node was reset in the middle of it"}
    assert words[point] in job.message
    assert_let_go(booting, house)


@pytest.mark.parametrize("step", STEPS)
async def test_a_service_killed_in_any_step_goes_on_to_the_proof(jobs, house, booting, step):
    at = {"offer boot script": "offer", "power on": "script", "check in": "kernel", "choose disk": "chosen"}
    at |= {"erase": "erase", "write": "verify"}
    at |= {"shut down": "off", "withdraw boot script": "withdraw", "start": "start", "proof": "start"}
    server = house.server
    _, go = held(server, at.get(step, ""))
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    await reaches(booting, job.id, step)
    async with resumed_after_kill(booting, jobs, house, go) as (again, resumed):
        done = await ended(resumed, job.id)
        assert (done.state, done.message) == (JobState.COMPLETED, "done"), done
        assert (server.boot_file, again.fleet.node("n1").snapshot.installed_image) == ("", "mini")


async def test_a_service_killed_after_the_script_gives_no_second_one(jobs, house, booting, tmp_path: Path):
    server, answers = house.server, []
    reached, go = held(server, "kernel")
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    async with asyncio.timeout(30):
        await reached.wait()
    async with killed_and_started_again(booting, jobs, tmp_path / "again.db") as again:
        resumed = house.jobs(again)
        await resumed.resume()
        async with ClientSession() as session:
            with pytest.raises(Refused, match=r"404: the boot script was given out already"):
                await Http(session, server.url).fetch(server.url + SCRIPT)
            answers.append(True)
        go.set()
        done = await ended(resumed, job.id)
        assert (done.state, answers) == (JobState.COMPLETED, [True])
        await resumed.close()


async def test_an_unknown_way_is_refused_before_anything_begins(jobs, house):
    with pytest.raises(InvalidRequest, match="way: expected one of VirtualMedia, Network"):
        await jobs.start("inspect", "n1", {"way": "Smoke"}, OPERATOR)
    assert house.server.applied == []


async def test_a_node_that_cannot_boot_by_network_is_refused(house, world):
    await world.add("n1")
    with pytest.raises(InvalidRequest, match=r"lacks a way to the deploy listener .*a network whose boot file can be"):
        await house.jobs(world).start("inspect", "n1", {"way": "Network"}, OPERATOR)


@pytest.mark.parametrize("name", ["job.conf", "a", "abc"])
@pytest.mark.parametrize("content", [b"", b"x", b"token='it''s'\n", bytes(range(256))])
@pytest.mark.parametrize("program", [("cpio",), ("busybox", "cpio")])
def test_the_archive_is_what_cpio_unpacks(tmp_path: Path, name, content, program):
    subprocess.run([*program, "-i"], input=archive(name, content), cwd=tmp_path, check=True, capture_output=True)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == content
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
