"""Commands that go on until somebody ends them, or are ended before they are done."""

import asyncio
import json
import os
import signal
import sys

from bmc.model.events import Event, EventKind
from bmc.model.power import PowerAction
from tests.cli.conftest import Shell
from tests.redfish.service import Service


async def test_the_sel_is_followed_and_each_record_told_once(bmc: Shell) -> None:
    await bmc.ok("power", "n1", "on", "--wait")
    async with bmc.running("sel", "list", "n1", "--follow", "--json") as process:
        assert process.stdout is not None
        first = json.loads(await process.stdout.readline())
        assert first in json.loads(await bmc.ok("sel", "list", "n1", "--json"))
        await bmc.ok("power", "n1", "forceoff", "--wait")
        second = json.loads(await process.stdout.readline())
        assert "Off" in second["Message"]
        await bmc.ok("sel", "clear", "n1", "--yes")
        await bmc.ok("power", "n1", "on", "--wait")
        third = json.loads(await process.stdout.readline())
        assert "On" in third["Message"]
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130


async def test_a_session_that_ends_does_not_end_the_following_of_a_job(service: Service, bmc: Shell) -> None:
    answer = await service.call("POST", "/redfish/v1/Systems/n1/Actions/Oem/Lightsout.Reinstall", {"Image": "tiny"})
    async with bmc.running("job", "follow", answer.body["Id"]) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert (await process.stdout.readline()).decode() == "job 1: wait, 50 %\n"
        for session in service.accounts.sessions():
            await service.accounts.close_session(session.id)
        service.work.go.set()
        assert b"no proof" in await process.stdout.read()
        assert await process.stderr.read() == b""
        assert await process.wait() == 0


async def test_a_token_that_is_worth_nothing_any_more_ends_the_following(service: Service, bmc: Shell) -> None:
    token, _ = await service.token()
    bmc.more = {"BMC_TOKEN_FILE": bmc.secret(token)}
    async with bmc.running("events", "--follow", "--last", "1") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert await process.stdout.readline()
        (session,) = service.accounts.sessions()
        await service.accounts.close_session(session.id)
        assert b"sign in again" in await process.stderr.read()
        assert await process.wait() == 1


async def test_what_happens_while_a_follower_is_cut_off_is_told_though_nothing_was_before(
    service: Service, bmc: Shell
) -> None:
    async with bmc.running("events", "n1", "--follow", "--json", "--last", "1") as process:
        assert process.stdout is not None
        assert await process.stdout.readline()
        (session,) = service.accounts.sessions()
        await service.accounts.close_session(session.id)
        told = await service.world.events.publish(Event(EventKind.NODE_CHANGED, "meanwhile", 0, "n1"))
        assert json.loads(await process.stdout.readline())["id"] == told.sequence


async def test_ctrl_c_asks_no_further_node_and_names_those_that_were_not(service: Service, bmc: Shell) -> None:
    async with bmc.running("power", "all", "on", "--yes", "--stagger", "100") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert await process.stdout.readline() == b"n1: On accepted\n"
        process.send_signal(signal.SIGINT)
        assert await process.stderr.read() == b"bmc: not asked: n2, n3\n"
        assert await process.wait() == 130
    assert [service.drivers.servers[name].applied for name in ("n1", "n2", "n3")] == [[PowerAction.ON], [], []]


async def test_a_reader_that_leaves_or_a_full_disk_is_no_traceback(bmc: Shell) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open("/dev/full", "wb") as full, os.fdopen(writing, "wb") as closed:
        for target, told in ((full, b"bmc: No space left on device\n"), (closed, b"")):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bmc.cli", "node", "list"),
                env=bmc.environment() | {"PYTHONUNBUFFERED": "1"},
                stdout=target,
                stderr=asyncio.subprocess.PIPE,
            )
            _, errors = await process.communicate()
            assert (process.returncode, errors) == (1, told)
