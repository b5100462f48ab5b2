"""`bmc log`."""

import asyncio
import json
import signal

import pytest

from tests.cli.conftest import Shell
from tests.redfish.service import Service


def say(service: Service, text: str) -> None:
    service.drivers.lines["n1"].stream.incoming.put_nowait(text.encode())


@pytest.fixture
async def printed(service: Service) -> Service:
    say(service, "".join(f"line {number}\r\n" for number in range(150)) + "\x1b[31mKernel panic\x1b[0m\r\nlogin: ")
    async with asyncio.timeout(20):
        entries = "/redfish/v1/Systems/n1/LogServices/SerialLog/Entries"
        while (await service.get(entries))["Members@odata.count"] < 153:  # noqa: ASYNC110 - it is written by a thread
            await asyncio.sleep(0.05)
    return service


@pytest.mark.usefixtures("printed")
async def test_the_last_lines_and_those_that_are_looked_for(bmc: Shell) -> None:
    lines = (await bmc.ok("log", "n1")).splitlines()
    assert (len(lines), lines[-1][-8:], lines[-2][26:]) == (100, "  login:", "Kernel panic")
    assert lines[0][:2] == "20"
    found = json.loads(await bmc.ok("log", "n1", "--search", "PANIC", "--json"))
    assert [each["text"] for each in found] == ["Kernel panic"]
    assert len((await bmc.ok("log", "n1", "--since", "1h")).splitlines()) == 153
    two = json.loads(await bmc.ok("log", "n1", "--search", "line 14", "--last", "2", "--json"))
    assert [each["text"] for each in two] == ["line 148", "line 149"]
    assert await bmc.ok("log", "n1", "--last", "0") == ""


@pytest.mark.usefixtures("printed")
async def test_all_of_it_goes_to_a_file(bmc: Shell) -> None:
    raw = await bmc.ok("log", "n1", "--format", "raw")
    assert raw.endswith("line 149\r\n\x1b[31mKernel panic\x1b[0m\r\nlogin: ")
    head, *rest = (await bmc.ok("log", "n1", "--format", "asciicast")).splitlines()
    assert json.loads(head)["version"] == 2
    assert "Kernel panic" in rest[-1]
    refused = await bmc("log", "n1", "--format", "text", "--follow")
    assert (refused.code, "only --since" in refused.err) == (1, True)


async def test_it_is_followed_line_by_line(service: Service, bmc: Shell, printed: Service) -> None:
    async with bmc.running("log", "n1", "--follow", "--last", "2") as process:
        assert process.stdout is not None
        assert (await process.stdout.readline()).endswith(b"Kernel panic\n")
        say(service, "root\r\nPassword: ")
        assert (await process.stdout.readline()).endswith(b"login: root\n")
        say(service, "\r\nwelcome\r\n")
        assert (await process.stdout.readline()).endswith(b"Password:\n")
        assert (await process.stdout.readline()).endswith(b"welcome\n")
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130


async def test_who_only_looks_is_refused(service: Service, bmc: Shell) -> None:
    refused = await bmc("log", "n1", as_="vera")
    assert refused.code == 1
    assert "Operator" in refused.err
