"""Serial over LAN with the three clients there are, each in its default configuration."""

import asyncio
from collections.abc import Callable

import pytest

from bmc.model.caller import Caller, Door, Role, Scope
from tests.ipmi.conftest import Rack
from tests.ipmi.fakes import KEY
from tests.ipmi.terminal import terminal

TICK = 0.01


async def until(what: Callable[[], object], timeout: float = 5) -> None:
    async with asyncio.timeout(timeout):
        while not what():  # noqa: ASYNC110 - the other side is another process
            await asyncio.sleep(TICK)


async def test_ipmitool_shows_what_was_printed_and_takes_what_is_typed(rack: Rack) -> None:
    async with terminal(*rack.ipmitool_line("sol", "activate")) as console:
        await console.expect(b"[SOL Session operational.  Use ~? for help]")
        await console.expect(b"n1 login: ")
        console.type(b"root\r")
        await console.expect(b"root\r\nlogin: ")
        rack.node.lines[0].print(b"line\r\n" * 2000 + b"that was all")
        await console.expect(b"that was all")
        console.type(b"\r~.")
        await console.expect(b"[terminated ipmitool]")
        await console.ended()
    await until(lambda: rack.node.lines[0].closed)


@pytest.mark.parametrize("size", [300, 5000])
async def test_a_paste_into_ipmitool_arrives_whole(rack: Rack, size: int) -> None:
    text = bytes(ord("a") + number % 26 for number in range(size))
    async with terminal(*rack.ipmitool_line("sol", "activate")) as console:
        await console.expect(b"login: ")
        for start in range(0, size, 500):
            console.type(text[start : start + 500])
            await asyncio.sleep(TICK)
        await until(lambda: len(rack.node.lines[0].written) >= size, timeout=20)
    assert rack.node.lines[0].written == text


async def test_ipmitool_sends_a_break(rack: Rack) -> None:
    async with terminal(*rack.ipmitool_line("sol", "activate")) as console:
        await console.expect(b"login: ")
        console.type(b"\r~B")
        await console.expect(b"[send break]")
        await until(lambda: rack.node.lines[0].breaks)
    assert rack.node.lines[0].breaks == 1


async def test_a_second_console_is_refused_until_the_first_is_deactivated(rack: Rack) -> None:
    async with terminal(*rack.ipmitool_line("sol", "activate")) as first:
        await first.expect(b"login: ")
        code, printed = await rack.ipmitool("sol", "activate")
        assert code == 1
        assert "SOL payload already active on another session" in printed
        assert await rack.ipmitool("sol", "deactivate") == (0, "")
        await first.expect(b"[SOL ended: admin deactivated it from 127.0.0.1]")
        await until(lambda: rack.node.lines[0].closed)
        async with terminal(*rack.ipmitool_line("sol", "activate")) as second:
            await second.expect(b"login: ")


async def test_activating_takes_the_keyboard_and_whoever_takes_it_back_is_named(rack: Rack) -> None:
    web = Caller("olga", Role.OPERATOR, Scope(), Door.WEB, "192.0.2.1")
    page = rack.node.audience.enter(web, may_type=True, wants=True)
    async with terminal(*rack.ipmitool_line("sol", "activate")) as console:
        await console.expect(b"login: ")
        taken_by = await page.changed()
        assert taken_by is not None
        assert (taken_by.account, taken_by.door) == ("admin", Door.IPMI)
        await page.take()
        await console.expect(b"[olga (web from 192.0.2.1) has the keyboard now; this console only watches")
        console.type(b"halt\r")
        rack.node.lines[0].print(b"still seen")
        await console.expect(b"still seen")
        console.type(b"\r~.")
        await console.ended()
    async with terminal(*rack.ipmitool_line("sol", "activate")) as again:
        await again.expect(b"login: ")
        again.type(b"root\r")
        await again.expect(b"root\r\nlogin: ")
    assert rack.node.lines[0].written == b""


async def test_deactivating_what_is_not_active_says_so(rack: Rack) -> None:
    _, printed = await rack.ipmitool("sol", "deactivate")
    assert "SOL payload already de-activated" in printed


async def test_a_viewer_gets_no_console(rack: Rack) -> None:
    code, printed = await rack.ipmitool("sol", "activate", user="guest", options=("-L", "USER"))
    assert code == 1
    assert "Insufficient privilege" in printed
    assert rack.node.lines == []


async def test_a_console_ends_when_its_user_is_disabled(rack: Rack) -> None:
    from dataclasses import replace

    async with terminal(*rack.ipmitool_line("sol", "activate")) as console:
        await console.expect(b"login: ")
        rack.slots.change("n1", replace(rack.slots.users[b"admin"], enabled=False))
        await until(lambda: rack.node.lines[0].closed)


async def test_a_console_ends_with_the_line(rack: Rack) -> None:
    async with terminal(*rack.ipmitool_line("sol", "activate")) as console:
        await console.expect(b"login: ")
        rack.node.lines[0].hang_up()
        await console.expect(b"[SOL ended: the serial line was closed]")
        console.type(b"hello?\r")
        await console.expect(b"SOL session closed by BMC", timeout=30)


async def test_ipmiconsole(rack: Rack) -> None:
    where = f"{rack.endpoint.host}:{rack.port}"
    async with terminal("ipmiconsole", "-h", where, "-u", "admin", "-p", KEY) as console:
        await console.expect(b"[SOL established]")
        await console.expect(b"n1 login: ")
        console.type(b"root\r")
        await console.expect(b"root\r\nlogin: ")
        rack.node.lines[0].print(b"line\r\n" * 2000 + b"that was all")
        await console.expect(b"that was all")
        console.type(b"&B")
        await until(lambda: rack.node.lines[0].breaks)
        console.type(b"&.")
        await console.expect(b"[closing the connection]")
        await console.ended()
    await until(lambda: rack.node.lines[0].closed)


async def test_ipmiconsole_deactivates_what_another_left(rack: Rack) -> None:
    where = f"{rack.endpoint.host}:{rack.port}"
    async with terminal(*rack.ipmitool_line("sol", "activate")) as first:
        await first.expect(b"login: ")
        async with terminal("ipmiconsole", "-h", where, "-u", "admin", "-p", KEY, "-I", "17") as second:
            await second.expect(b"[SOL established]", timeout=20)
            await second.expect(b"n1 login: ")


PYGHMI = """
import sys, time
from pyghmi.ipmi import console
port, key = int(sys.argv[1]), sys.argv[2]
seen = b""
def hear(data):
    global seen
    if isinstance(data, dict):
        print("NOTE", data, flush=True)
    else:
        seen += data
sol = console.Console("127.0.0.1", b"admin", key.encode(), port=port, iohandler=hear)
def until(text):
    end = time.time() + 15
    while text not in seen:
        assert time.time() < end, seen
        sol.wait_for_rsp(0.1)
until(b"n1 login: ")
sol.send_data(b"root\\r")
until(b"root\\r\\nlogin: ")
sol.send_break()
sol.send_data(b"x" * 700 + b"end")
until(b"xend")
sol.close()
print("heard", seen.count(b"x"))
"""


async def test_pyghmi_console(rack: Rack) -> None:
    code, printed = await rack.python(PYGHMI)
    assert code == 0, printed
    assert "heard 700" in printed
    await until(lambda: rack.node.lines[0].closed)
    assert rack.node.lines[0].written == b"root\r" + b"x" * 700 + b"end"
    assert rack.node.lines[0].breaks == 1
