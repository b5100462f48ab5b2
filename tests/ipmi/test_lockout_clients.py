"""A locked user, no seat left and IPMI 1.5 as real clients meet them: told at once, and told what it is."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from bmc.model.events import Event, EventKind
from tests.ipmi.client import Console, Refused
from tests.ipmi.conftest import Live, run

SOON = 2.0
"""Seconds in which a client says that it failed; on its own it would try for longer."""

PYGHMI = """
import sys
from pyghmi.ipmi import command
try:
    command.Command("127.0.0.1", b"admin", sys.argv[2].encode(), port=int(sys.argv[1])).get_power()
except Exception as error:
    print("failed:", error)
"""


async def guess(live: Live, times: int = 1, source: str = "127.0.0.1") -> None:
    """Wrong keys, over the network, by who ignores that RAKP message 2 shows them to be wrong."""

    def knock() -> None:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.bind((source, 0))
            sock.connect((live.endpoint.host, live.port))
            sock.settimeout(5)

            def ask(datagram: bytes) -> bytes:
                sock.send(datagram)
                return sock.recv(2048)

            for _ in range(times):
                console = Console(ask)
                console.open()
                console.rakp1()
                with pytest.raises(Refused):
                    console.rakp3(bytes(32))

    await asyncio.to_thread(knock)


async def timed(*words: str) -> tuple[str, float]:
    began = time.monotonic()
    _, printed = await run(*words)
    return printed, time.monotonic() - began


async def test_a_locked_user_is_told_at_once_by_every_client_and_comes_in_from_elsewhere(live: Live):
    await guess(live, times=5)
    where = ("-h", f"127.0.0.1:{live.port}", "-D", "LAN_2_0", "-u", "admin", "-p", live.key_file.read_text())
    for said, line in (
        ("Unable to establish IPMI v2", live.ipmitool_line("chassis", "power", "status")),
        ("username invalid", ["ipmipower", *where, "--stat"]),
        ("username invalid", ["bmc-info", *where]),
    ):
        printed, seconds = await timed(*line)
        assert said in printed
        assert seconds < SOON, line[0]
    began = time.monotonic()
    _, printed = await live.python(PYGHMI)
    assert "failed:" in printed
    assert time.monotonic() - began < 3 * SOON  # an interpreter starts as well
    assert (await live.ipmitool("chassis", "power", "status", user="oper", options=("-L", "OPERATOR")))[0] == 0
    await guess(live, source="127.0.0.9")


async def test_a_lock_is_in_the_event_log_and_in_the_sel(live: Live):
    await guess(live, times=5)
    events = live.world.events.subscribe(after=0)
    async with asyncio.timeout(5):
        told = [event.kind async for event in until_locked(events)]
        assert told.count(EventKind.SIGN_IN_FAILED) == 5
        while "Session Audit" not in (await live.ipmitool("sel", "list", user="oper", options=("-L", "OPERATOR")))[1]:
            pass


async def until_locked(events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    async for event in events:
        yield event
        if event.kind is EventKind.ACCOUNT_LOCKED:
            return


@pytest.mark.parametrize("options", [(), ("-A", "MD5"), ("-A", "NONE"), ("-A", "PASSWORD")])
async def test_ipmitool_is_told_that_there_are_no_sessions_of_ipmi_1_5(live: Live, options):
    where = ("-H", "127.0.0.1", "-p", str(live.port), "-U", "admin", "-P", "key")
    printed, seconds = await timed("ipmitool", "-I", "lan", *where, *options, "chassis", "power", "status")
    assert "not supported" in printed
    assert "Unable to establish LAN session" in printed
    assert seconds < SOON


@pytest.mark.parametrize("line", [("bmc-info",), ("ipmipower", "--stat")])
async def test_freeipmi_is_told_that_there_are_no_sessions_of_ipmi_1_5(live: Live, line):
    where = ("-h", f"127.0.0.1:{live.port}", "-D", "LAN", "-u", "admin", "-p", "key")
    printed, seconds = await timed(*line, *where)
    assert "authentication type unavailable" in printed
    assert seconds < SOON
