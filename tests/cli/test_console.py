"""`bmc console` on a terminal of its own."""

import asyncio
import os
import pty
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bmc.model.power import PowerAction
from tests.cli.conftest import Shell
from tests.ipmi.terminal import Terminal
from tests.redfish.service import Service
from tests.world import until


@asynccontextmanager
async def console(bmc: Shell, *words: str) -> AsyncIterator[tuple[Terminal, int]]:
    """The terminal, and its side that the program sees, which outlives the program."""
    master, slave = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bmc.cli", "console", *words),
            env=bmc.environment(),
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        opened = Terminal(process, master)
        try:
            yield opened, slave
        finally:
            await opened.close()
    finally:
        os.close(slave)


def is_cooked(terminal: int) -> bool:
    flags = termios.tcgetattr(terminal)[3]
    return bool(flags & termios.ICANON and flags & termios.ECHO and flags & termios.ISIG)


async def test_what_is_typed_reaches_the_server_and_what_it_prints_the_terminal(service: Service, bmc: Shell) -> None:
    line = service.drivers.lines["n1"]
    async with console(bmc, "n1") as (terminal, tty):
        await terminal.expect(b"printed before", 30)
        assert not is_cooked(tty)
        terminal.type(b"\x03ls\r")
        await until(lambda: bytes(line.stream.written) == b"\x03ls\r")
        terminal.type(b"\x05c?")
        await terminal.expect(b"send a break")
        terminal.type(b"\x05cl0")
        await until(lambda: line.breaks == 1)
        line.stream.incoming.put_nowait(b"login: \x1b[?1000h")
        await terminal.expect(b"login: ")
        terminal.type(b"\x05c.")
        assert await terminal.ended() == 0
        await terminal.expect(b"?1000;1002")
        assert is_cooked(tty)
        assert bytes(line.stream.written) == b"\x03ls\r"


async def test_the_escape_tells_who_is_here_shows_the_last_lines_and_powers_the_node(
    service: Service, bmc: Shell
) -> None:
    server = service.drivers.servers["n1"]
    async with console(bmc, "n1") as (terminal, _):
        await terminal.expect(b"printed before", 30)
        terminal.type(b"\x05cw")
        await terminal.expect(b"[bmc: admin (redfish from 127.0.0.1) since 20")
        await terminal.expect(b": types, you]")
        terminal.type(b"\x05cr")
        await terminal.expect(b"printed before")
        terminal.type(b"\x05cp")
        await terminal.expect(b"n1 is Off; o power on")
        terminal.type(b"on")
        await terminal.expect(b"n1: power on? y does it")
        await terminal.expect(b"nothing was done")
        assert server.asked == []
        terminal.type(b"\x05cpoy")
        await terminal.expect(b"n1: On accepted")
        await until(lambda: server.asked == [PowerAction.ON])
        terminal.type(b"\x05cpcy")
        await until(lambda: len(server.asked) > 1)
        terminal.type(b"\x05c.")
        assert await terminal.ended() == 0
    assert service.drivers.lines["n1"].stream.written == b""


async def test_who_only_looks_types_nothing_and_leaves_by_ctrl_c(service: Service, bmc: Shell) -> None:
    async with console(bmc, "n1", "--view") as (terminal, tty):
        await terminal.expect(b"printed before", 30)
        terminal.type(b"reboot\r\x05cl0")
        terminal.type(b"\x03")
        assert await terminal.ended() == 0
        assert is_cooked(tty)
    assert service.drivers.lines["n1"].stream.written == b""
    assert service.drivers.lines["n1"].breaks == 0


async def test_two_share_a_console_and_one_takes_the_keyboard_over(service: Service, bmc: Shell) -> None:
    line = service.drivers.lines["n1"]
    async with console(bmc, "n1") as (mine, _):
        await mine.expect(b"printed before", 30)
        bmc.more = {"BMC_USER": "olga", "BMC_PASSWORD_FILE": bmc.secret("battery staple")}
        async with console(bmc, "n1") as (hers, _):
            await hers.expect(b"admin (redfish) has the keyboard: you only watch", 30)
            hers.type(b"halt\r")
            await hers.expect(b"take it over to type")
            hers.type(b"\x05cf")
            await hers.expect(b"the keyboard is yours")
            await mine.expect(b"olga (redfish from 127.0.0.1) has the keyboard")
            hers.type(b"ls\r")
            await until(lambda: bytes(line.stream.written) == b"ls\r")
            mine.type(b"\x05cw")
            await mine.expect(b"olga (redfish from 127.0.0.1) since 20")
            hers.type(b"\x05c.")
            assert await hers.ended() == 0
        await mine.expect(b"the keyboard is yours")


async def test_a_session_that_ends_puts_the_terminal_right_and_says_why(service: Service, bmc: Shell) -> None:
    async with console(bmc, "n1") as (terminal, tty):
        await terminal.expect(b"printed before", 30)
        for session in service.accounts.sessions():
            await service.accounts.close_session(session.id)
        await terminal.expect(b"bmc: n1: ")
        assert await terminal.ended() == 1
        assert is_cooked(tty)


async def test_a_console_that_is_killed_puts_the_terminal_right(bmc: Shell) -> None:
    async with console(bmc, "n1") as (terminal, tty):
        await terminal.expect(b"printed before", 30)
        terminal.process.terminate()
        assert await terminal.ended() == 1
        assert is_cooked(tty)


async def test_who_may_not_type_is_refused_and_told_so(bmc: Shell) -> None:
    bmc.more = {"BMC_USER": "vera", "BMC_PASSWORD_FILE": bmc.secret("look only")}
    async with console(bmc, "n1") as (terminal, tty):
        assert await terminal.ended(30) == 1
        await terminal.expect(b"bmc: n1: ")
        assert is_cooked(tty)


async def test_without_a_terminal_it_refuses(service: Service, bmc: Shell) -> None:
    done = await bmc("console", "n1")
    assert (done.code, done.out) == (1, "")
    assert "needs a terminal" in done.err
