"""Reinstall from start to proof with a simulated guest that speaks the true protocol, and every way to end badly."""

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from aiohttp import ClientSession

from bmc.jobs import Jobs
from bmc.jobs.ledger import SECRETS
from bmc.model.boot import NO_OVERRIDE, BootMode
from bmc.model.commands import Power
from bmc.model.errors import Busy, InvalidRequest
from bmc.model.job import Job, JobState
from bmc.model.node import Disk, MediaSlot
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.reinstall import steps
from bmc.reinstall.job import GRACE
from bmc.reinstall.login import COMMAND
from bmc.reinstall.medium import shell_lines
from tests.jobs.lab import secrets_kept
from tests.reinstall.conftest import (
    House,
    assert_let_go,
    ended,
    held,
    make_image,
    reaches,
    resumed_after_kill,
    runs_out_of_time,
)
from tests.reinstall.samples import KEY, STEPS
from tests.reinstall.simulated import (
    BOOT_ID,
    CLEARED,
    CLEARED_OUTSIDE,
    DISK_SERIAL,
    DISK_SIZE,
    MACHINE_ID,
    Http,
    Refused,
    values,
)
from tests.world import ADMIN, OPERATOR, open_world, until

REQUEST = {"image": "mini", "hostname": "web-1", "ssh_keys": [KEY]}


async def failed(jobs: Jobs, request: object = REQUEST) -> Job:
    job = await ended(jobs, (await jobs.start("reinstall", "n1", request, OPERATOR)).id)  # type: ignore[arg-type]
    assert job.state is JobState.EXCEPTION, job
    return job


async def test_a_reinstall_ends_with_the_proof_of_the_new_system(jobs, house, booting, image):
    server = house.server
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR, {"password": "hunter2 & co"})
    assert job.steps == STEPS
    job = await ended(jobs, job.id)
    assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
    assert server.disk.content == image.path.read_bytes()
    env = values(server.disk.seed["lightsout.env"])
    assert (env["hostname"], env["sshkeys"]) == ("web-1", KEY)
    assert env["password_hash"].startswith("$6$")
    assert job.details["proofs"] == ["phone-home", "serial-nonce"]
    assert job.details["disk"] == "vda"
    assert job.details["system"] == {
        "hostname": "web-1", "machine_id": MACHINE_ID, "boot_id": BOOT_ID, "hostkey": server.public_host_key,
        "image": "mini",
    }  # fmt: skip
    snapshot = booting.fleet.node("n1").snapshot
    assert (snapshot.power, snapshot.reservation, snapshot.boot) == (PowerState.ON, None, NO_OVERRIDE)
    assert snapshot.installed_image == "mini"
    assert [slot.image for slot in snapshot.media] == [""]
    assert list(house.media.glob("*")) == []
    assert [line.text for line in job.messages if line.text in STEPS] == list(STEPS)
    assert server.applied == [PowerAction.ON, PowerAction.ON]


async def test_a_ramdisk_that_reports_while_the_service_stops_is_heard(jobs, house, booting):
    reached, _ = held(house.server, "chosen")
    heard = []

    async def report() -> None:
        heard.append(await house.server.http.post("progress", phase="erase", bytes="0", total="1"))

    house.door.last_words = report
    await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    await reached.wait()
    await jobs.close()
    assert len(heard) == 1


async def test_a_ramdisk_whose_last_report_was_not_answered_is_answered_after_a_restart(jobs, house, booting):
    """The new service does not know at once whether the node is on."""
    server = house.server
    reached, go = held(server, "off")
    wait = server.at["off"]

    async def report_again() -> None:
        await wait()
        await server.http.post("done", ok="1")

    server.at["off"] = report_again
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    await reaches(booting, job.id, "shut down")
    await reached.wait()
    server.blind = True
    async with resumed_after_kill(booting, jobs, house, go) as (again, resumed):
        await until(lambda: house.clock.waited_for(120))  # for the end of the shutdown
        assert again.fleet.node("n1").snapshot.power is PowerState.UNKNOWN
        server.blind = False
        server.become(PowerState.ON, PowerCause.COMMAND)
        job = await ended(resumed, job.id)
        assert (job.state, job.message) == (JobState.COMPLETED, "done")


async def test_no_secret_of_it_shows_anywhere(jobs, house, booting, caplog):
    caplog.set_level("DEBUG")
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR, {"password": "hunter2"})
    (stored,) = await secrets_kept(booting.store)
    await ended(jobs, job.id)
    shown = repr(
        (jobs.get(job.id), await booting.events.history(limit=1000), await booting.audit.read(limit=1000), caplog.text)
    )
    assert {"token", "password_hash"} <= stored.keys()
    for secret in ("hunter2", *stored.values()):
        assert secret not in shown
    await until(lambda: not jobs._runs)
    assert await booting.store.list(SECRETS) == []


def with_login(house: House) -> dict[str, object]:
    house.server.proofs |= {"ssh-login"}
    make_image(house.directory / "images", "ssh", proofs=frozenset({"phone-home", "ssh-login"}))
    return {**REQUEST, "image": "ssh"}


@pytest.fixture
def login(house: House) -> dict[str, object]:
    """A request whose system can be logged in to; asked for before the node is made."""
    return with_login(house)


async def test_the_service_logs_in_with_a_key_of_the_job_that_can_do_nothing_else(login, jobs, house, booting):
    job = await jobs.start("reinstall", "n1", login, OPERATOR)
    (stored,) = await secrets_kept(booting.store)
    job = await ended(jobs, job.id)
    assert (job.state, job.details["proofs"]) == (JobState.COMPLETED, ["phone-home", "ssh-login"])
    system = cast("Mapping[str, str]", job.details["system"])
    assert (system["machine_id"], system["hostkey"]) == (MACHINE_ID, house.server.public_host_key)
    assert house.server.commands == [("root", COMMAND)]
    ours = values(house.server.disk.seed["lightsout.env"])["sshkeys"].splitlines()[1]
    assert ours.startswith(f'restrict,command="{COMMAND}" ssh-ed25519 ')
    shown = repr((job, await booting.events.history(limit=1000), await booting.audit.read(limit=1000)))
    assert stored["login_key"] not in shown
    assert ours not in shown


async def test_a_login_to_another_system_than_the_one_that_phoned_home_fails(login, jobs, house, booting):
    house.server.machine_id = "f" * 32
    job = await failed(jobs, login)
    assert "of another system: its machine_id is f" in job.message
    await until(lambda: not jobs._runs)
    assert_let_go(booting, house)


async def test_a_server_that_lets_nobody_in_costs_one_proof(login, jobs, house):
    async def forget_keys() -> None:
        env = values(house.server.disk.seed["lightsout.env"])
        house.server.disk.seed["lightsout.env"] = shell_lines({**env, "sshkeys": KEY})

    house.server.at["done"] = forget_keys
    job = await jobs.start("reinstall", "n1", login, OPERATOR)
    await until(lambda: "proof" in house.server.passed, 15)
    while not jobs.get(job.id).state.ended:
        await asyncio.sleep(0.05)
        await house.clock.advance(5)
    job = jobs.get(job.id)
    assert (job.state, job.details["proofs"]) == (JobState.COMPLETED, ["phone-home"])


async def test_cloud_init_is_told_what_was_asked_and_its_user_data_shows_nowhere(jobs, house, booting, caplog):
    caplog.set_level("DEBUG")
    make_image(house.directory / "images", "cloud", seed="nocloud", proofs=frozenset())
    network = {"mac": "52:54:00:00:00:01", "addresses": ["192.0.2.10/24"]}
    user_data = "#cloud-config\nwrite_files: [{path: /etc/key, content: hunter3}]\n"
    request = {**REQUEST, "image": "cloud", "user": "olga", "network": network}
    job = await jobs.start("reinstall", "n1", request, OPERATOR, {"user_data": user_data})
    job = await ended(jobs, job.id)
    assert job.state is JobState.COMPLETED, job
    seed = house.server.disk.seed
    assert seed["user-data"] == user_data
    assert json.loads(seed["network-config"])["config"][0]["mac_address"] == network["mac"]
    assert '"name": "olga"' in seed["vendor-data"]
    assert (job.request["user_data"], job.request["user"]) == (True, "olga")
    shown = repr((job, await booting.events.history(limit=1000), await booting.audit.read(limit=1000), caplog.text))
    assert "hunter3" not in shown


async def test_an_image_without_cloud_init_takes_no_user_data(jobs, house, booting):
    request = {**REQUEST, "user": "olga", "network": {"mac": "52:54:00:00:00:01", "vlan": 7}}
    with pytest.raises(InvalidRequest) as refused:
        await jobs.start("reinstall", "n1", request, OPERATOR, {"user_data": "#!/bin/sh\n"})
    for name in ("user", "network", "user_data"):
        assert f"{name}: the image mini takes hostname, ssh_keys, password alone" in str(refused.value)


async def test_a_running_node_is_reinstalled_with_another_image(jobs, house, booting):
    make_image(house.directory / "images", "server")
    node = booting.fleet.node("n1")
    await ended(jobs, (await jobs.start("reinstall", "n1", REQUEST, OPERATOR)).id)
    await until(lambda: not jobs._runs)
    job = await ended(jobs, (await jobs.start("reinstall", "n1", {**REQUEST, "image": "server"}, OPERATOR)).id)
    assert job.state is JobState.COMPLETED, job
    assert node.snapshot.installed_image == "server"


@pytest.mark.parametrize("proof", ["serial-nonce", "phone-home"])
async def test_one_proof_will_do_when_the_other_does_not_come(jobs, house, proof):
    house.server.proofs = frozenset({proof})
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    await until(lambda: house.clock.waited_for(GRACE), 30)
    assert not jobs.get(job.id).state.ended
    await house.clock.advance(GRACE)
    job = await ended(jobs, job.id)
    assert (job.state, job.details["proofs"]) == (JobState.COMPLETED, [proof])


async def test_a_login_prompt_is_no_proof(jobs, house, booting):
    house.server.proofs = frozenset()
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    await until(lambda: "proof" in house.server.passed, 30)
    await runs_out_of_time(booting, jobs, house, job.id, "proof")
    job = await ended(jobs, job.id)
    assert job.message == "the new system gave no proof that it runs: not done after 900 s"
    assert str(job.details["console_tail"]).endswith("login: ")
    assert booting.fleet.node("n1").snapshot.installed_image == ""
    await until(lambda: not jobs._runs)
    assert_let_go(booting, house)


async def test_a_nonce_printed_by_the_ramdisk_is_no_proof(jobs, house, booting):
    server = house.server
    server.proofs = frozenset()

    async def print_it() -> None:
        env = values(server.disk.seed["lightsout.env"])
        server.line.print(f"LIGHTSOUT-PROOF nonce={env['nonce']} hostname=web-1 boot_id=b0\r\n".encode())

    server.at["done"] = print_it
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    await until(lambda: "proof" in server.passed, 30)
    await runs_out_of_time(booting, jobs, house, job.id, "proof")
    assert (await ended(jobs, job.id)).state is JobState.EXCEPTION


async def test_the_proof_token_is_worth_nothing_before_the_system_was_started(jobs, house, booting):
    server = house.server

    async def phone_home_early() -> None:
        env = values(server.disk.seed["lightsout.env"])
        async with ClientSession() as session:
            with pytest.raises(Refused, match=r"409.*not been started yet"):
                await Http(session, server.url, env["proof_token"]).post("proof", nonce=env["nonce"])

    server.at["done"] = phone_home_early
    job = await ended(jobs, (await jobs.start("reinstall", "n1", REQUEST, OPERATOR)).id)
    assert job.state is JobState.COMPLETED


async def test_a_wrong_digest_ends_the_job_and_the_disk_is_cleared(jobs, house, booting, image):
    house.server.corrupt = True
    job = await failed(jobs)
    assert re.fullmatch(
        f"the disk could not be verified: vda holds SHA-256 [0-9a-f]{{64}}, the image has {image.sha256}", job.message
    )
    assert house.server.disk.content == b"cleared"
    assert_let_go(booting, house)


async def test_an_image_that_is_gone_ends_the_job(jobs, house, booting, image):
    async def remove() -> None:
        image.path.unlink()

    house.server.at["write"] = remove
    job = await failed(jobs)
    assert job.message.startswith("the image could not be written: the ramdisk reported: HTTP 503")
    assert job.details["ramdisk_log"] == "the log\n"
    assert_let_go(booting, house)


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        ("die", r"the node went off \(process-died\): the process was killed"),
        ("power_off", r"the node went off \(guest-shutdown\)"),
        ("panic", r"the node has stopped: the guest panicked"),
    ],
)
async def test_a_dead_guest_is_noticed_at_once(jobs, house, booting, fate, words):
    house.server.at["half"] = getattr(house.server, fate)
    async with asyncio.timeout(30):
        job = await failed(jobs)
    assert re.search(words, job.message), job.message
    assert "lightsout: deploy ramdisk" in str(job.details["console_tail"])
    assert_let_go(booting, house)


async def test_a_reset_in_the_middle_ends_the_job(jobs, house, booting):
    house.server.at["half"] = house.server.reset
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    job = await ended(jobs, job.id)
    assert job.message == "the image could not be written: the node was reset in the middle of it"
    assert_let_go(booting, house)


@pytest.mark.parametrize(
    ("point", "step", "seconds", "message"),
    [
        ("boot", "check in", 901, "the ramdisk did not check in: not done after 900 s"),
        ("half", "write", 121, "the image could not be written: no progress for 120 s"),
        ("off", "shut down", 121, "the ramdisk did not power off: not done after 120 s"),
    ],
)
async def test_a_guest_that_hangs_runs_out_of_time(jobs, house, booting, point, step, seconds, message):
    house.server.at[point] = house.server.hang
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    await until(lambda: point in house.server.passed, 30)
    await runs_out_of_time(booting, jobs, house, job.id, step, seconds)
    await until(lambda: jobs.get(job.id).message == message, 10)
    for _ in range(20):
        await asyncio.sleep(0.02)
        await house.clock.advance(2)  # the time that the ramdisk gets to clear the disk
    job = await ended(jobs, job.id)
    assert (job.state, job.message) == (JobState.EXCEPTION, message)
    assert_let_go(booting, house)


@pytest.mark.parametrize(
    ("disks", "rule", "words"),
    [
        ("", None, "the machine has no disk"),
        (
            "vda:9999:A,vdb:9999:B",
            None,
            r"has 2 disks, so the target is not certain.*vda \(9999 bytes, serial A\), vdb",
        ),
        ("vda:9999:A", {"serial": "B"}, r"no disk has serial B; seen: vda"),
        ("vda:99:A", None, r"the image needs \d+ bytes, but the disk is smaller; seen: vda \(99 bytes"),
        ("nonsense", None, "'nonsense' is not name:bytes:serial"),
    ],
)
async def test_a_target_that_is_not_certain_is_refused_with_what_was_seen(jobs, house, booting, disks, rule, words):
    house.server.disks = disks
    job = await failed(jobs, {**REQUEST, "disk": rule} if rule else REQUEST)
    row = "the ramdisk did not check in" if disks == "nonsense" else "the disk could not be chosen"
    assert job.message.startswith(f"{row}: ")
    assert re.search(words, job.message), job.message
    assert house.server.disk.content == b"old system"
    assert_let_go(booting, house)


async def test_a_rule_picks_the_disk(jobs, house):
    house.server.disks = "vda:99999:A,vdb:99999:B"
    job = await jobs.start("reinstall", "n1", {**REQUEST, "disk": {"serial": "B"}}, OPERATOR)
    assert (await ended(jobs, job.id)).details["disk"] == "vdb"


@pytest.mark.parametrize("step", ["check in", "write", "proof"])
async def test_a_guest_that_went_off_while_the_service_was_away_fails_in_the_open(
    jobs, house, booting, step, tmp_path: Path
):
    server, reached = house.server, asyncio.Event()

    async def wait() -> None:
        reached.set()
        await server.hang()

    server.at[{"check in": "boot", "write": "write", "proof": "start"}[step]] = wait
    job = await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    async with asyncio.timeout(30):
        await reached.wait()
    await reaches(booting, job.id, step)
    await booting.store.backup(tmp_path / "before.db")
    await jobs.close()
    await booting.fleet.close()
    await server.halt()
    server.become(PowerState.OFF, PowerCause.PROCESS_DIED)
    async with open_world(tmp_path / "before.db", house.drivers) as again:
        resumed = house.jobs(again)
        await resumed.resume()
        done = await ended(resumed, job.id)
        assert done.state is JobState.EXCEPTION
        assert "went off" in done.message
        assert_let_go(again, house)
        await resumed.close()


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (
            (Disk("disk0", DISK_SIZE, DISK_SERIAL),),
            "the first MiB of vda was cleared from outside: nothing boots from it",
        ),
        ((Disk("disk0", DISK_SIZE, "OTHER"),), "no single disk of n1 is known as that one"),
        ((), "no single disk of n1 is known as that one"),
    ],
)
async def test_what_a_dead_ramdisk_left_is_cleared_from_outside_or_said_plainly(jobs, house, booting, known, said):
    house.server.known = known
    house.server.at["half"] = house.server.power_off
    job = await failed(jobs)
    if "cleared" in said:
        assert house.server.disk.content == CLEARED_OUTSIDE
        assert said in [line.text for line in job.messages]
        assert "may still boot" not in job.message
    else:
        assert house.server.disk.content == b""
        assert "vda may hold half a system and may still boot" in job.message
        assert said in job.message
    assert_let_go(booting, house)


async def test_what_the_ramdisk_cleared_is_said_and_not_done_again(jobs, house, booting):
    house.server.corrupt = True
    job = await failed(jobs)
    assert house.server.disk.content == CLEARED
    assert "the ramdisk cleared the first MiB of vda: nothing boots from it" in [line.text for line in job.messages]


async def test_others_are_busy_meanwhile(jobs, house, booting):
    house.server.at["boot"] = house.server.hang
    await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    with pytest.raises(Busy, match="reinstall in progress"):
        await booting.fleet.node("n1").do(Power(PowerAction.FORCE_OFF), ADMIN)


async def test_everything_wrong_is_told_at_once_and_nothing_is_touched(jobs, house, booting):
    request = {"image": "nano", "hostname": "-", "ssh_keys": ["nonsense"], "disk": {"colour": "red"}, "more": 1}
    with pytest.raises(InvalidRequest) as refused:
        await jobs.start("reinstall", "n1", request, OPERATOR, {"password": ""})
    for word in (
        "there is no image 'nano'",
        "hostname '-'",
        "ssh_keys, key 1",
        "disk.colour",
        "more: unknown",
        "password",
    ):
        assert word in str(refused.value)
    snapshot = booting.fleet.node("n1").snapshot
    assert (snapshot.power, snapshot.reservation) == (PowerState.OFF, None)
    assert house.server.applied == []


async def test_an_image_that_the_firmware_cannot_boot_is_refused(jobs, house):
    make_image(house.directory / "images", "old", firmware=frozenset({BootMode.LEGACY}))
    with pytest.raises(InvalidRequest, match="old boots by Legacy, but n1 has UEFI firmware"):
        await jobs.start("reinstall", "n1", {**REQUEST, "image": "old"}, OPERATOR)


async def test_an_image_without_seed_takes_none_and_proves_nothing(jobs, house, booting):
    make_image(house.directory / "images", "plain", seed="none", proofs=frozenset())
    with pytest.raises(InvalidRequest, match="hostname: the image plain takes no seed"):
        await jobs.start("reinstall", "n1", {"image": "plain", "hostname": "x"}, OPERATOR)
    job = await ended(jobs, (await jobs.start("reinstall", "n1", {"image": "plain"}, OPERATOR)).id)
    assert (job.state, job.details["proofs"]) == (JobState.COMPLETED, [])
    assert "plain can give no proof; it was started" in [line.text for line in job.messages]


async def test_a_server_that_was_added_just_now_is_asked_for_its_drives_before_anything_is_refused(
    jobs, house, booting, image, monkeypatch
):
    told = asyncio.Event()
    monkeypatch.setattr(
        house.server, "slots", lambda: (MediaSlot("cd0", house.server.medium),) if told.is_set() else ()
    )
    monkeypatch.setattr(house.server, "slots_known", told.wait)
    booting.fleet.node("n1")._refresh()
    monkeypatch.setattr(steps, "LOOK_TIME", 0.1)
    with pytest.raises(InvalidRequest, match="lacks a virtual drive; its BMC has not told in 0 s what it has"):
        await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
    monkeypatch.setattr(steps, "LOOK_TIME", 60.0)
    asking = asyncio.ensure_future(jobs.start("reinstall", "n1", REQUEST, OPERATOR))
    await asyncio.sleep(0.05)
    assert not asking.done()
    told.set()
    assert (await ended(jobs, (await asking).id)).state is JobState.COMPLETED


async def test_a_node_that_cannot_be_reached_by_a_ramdisk_is_refused(house, world):
    make_image(house.directory / "images")
    await world.add("n1")
    jobs = house.jobs(world)
    with pytest.raises(InvalidRequest, match="n1 cannot be reinstalled: it lacks a way to the deploy listener"):
        await jobs.start("reinstall", "n1", REQUEST, OPERATOR)
