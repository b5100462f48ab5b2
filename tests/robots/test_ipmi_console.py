"""Serial over LAN, against OpenIPMI's simulator, whose line is a TCP connection of the test's."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

import robots.ipmi_console
from bmc.model.errors import WrongState
from bmc.ports import Backend, ByteStream, SerialSource
from robots.testing import make_site, opened
from tests.clocks import QuickClock
from tests.robots.conftest import Simulator
from tests.robots.ipmi_processes import workers

Open = Callable[[], AbstractAsyncContextManager[Backend]]


@pytest.fixture
def open_node(simulator: Simulator, tmp_path: Path) -> Open:
    options = {"adapter": "ipmi", "host": "127.0.0.1", "port": simulator.port, "credential": "lab"}
    return lambda: opened({"bmc": options}, make_site(tmp_path / "site", QuickClock()))


@pytest.fixture
async def serial(open_node: Open) -> AsyncIterator[SerialSource]:
    async with open_node() as backend:
        assert backend.serial is not None
        yield backend.serial


@pytest.fixture
async def line(simulator: Simulator) -> AsyncIterator[socket.socket]:
    """The server's serial port."""
    simulator.line.setblocking(False)
    async with asyncio.timeout(20):
        line, _ = await asyncio.get_running_loop().sock_accept(simulator.line)
    line.setblocking(False)
    with line:
        yield line


async def heard(stream: ByteStream, count: int) -> bytes:
    data = b""
    async with asyncio.timeout(20):
        while len(data) < count and (some := await stream.read()):
            data += some
    return data


async def typed(line: socket.socket, count: int) -> bytes:
    data = b""
    async with asyncio.timeout(30):
        while len(data) < count:
            data += await asyncio.get_running_loop().sock_recv(line, 4096)
    return data


async def test_what_is_printed_is_heard_and_what_is_typed_arrives(serial: SerialSource, line: socket.socket):
    stream = await asyncio.wait_for(serial.connect(), 20)
    await asyncio.get_running_loop().sock_sendall(line, b"login: ")
    assert await heard(stream, 7) == b"login: "
    await stream.write(b"root\r")
    assert await typed(line, 5) == b"root\r"


async def test_much_is_printed_and_typed_without_a_loss(serial: SerialSource, line: socket.socket):
    stream = await asyncio.wait_for(serial.connect(), 20)
    printed = b"".join(b"line %4d\r\n" % number for number in range(200))
    await asyncio.get_running_loop().sock_sendall(line, printed)
    assert await heard(stream, len(printed)) == printed
    pasted = b"".join(b"echo %4d\r" % number for number in range(100))
    await stream.write(pasted)
    assert await typed(line, len(pasted)) == pasted


async def test_a_closed_console_can_be_opened_again_at_once(open_node: Open, line: socket.socket):
    for _ in range(2):
        async with open_node() as backend:
            assert backend.serial is not None
            stream = await asyncio.wait_for(backend.serial.connect(), 10)
            await asyncio.get_running_loop().sock_sendall(line, b"$ ")
            assert await heard(stream, 2) == b"$ "
        assert workers() == set()


async def test_one_at_a_time_a_new_stream_ends_the_one_before(serial: SerialSource, line: socket.socket):
    before = await asyncio.wait_for(serial.connect(), 20)
    reading = asyncio.ensure_future(before.read())
    after = await asyncio.wait_for(serial.connect(), 20)
    assert await asyncio.wait_for(reading, 5) == b""
    await asyncio.get_running_loop().sock_sendall(line, b"$ ")
    assert await heard(after, 2) == b"$ "


async def test_a_console_that_somebody_else_has_is_waited_for(
    open_node: Open, simulator: Simulator, line: socket.socket, tmp_path: Path
):
    options = {"adapter": "ipmi", "host": "127.0.0.1", "port": simulator.port, "credential": "lab"}
    async with open_node() as mine, opened({"bmc": options}, make_site(tmp_path / "other"), "n2") as other:
        assert mine.serial is not None
        assert other.serial is not None
        theirs = await asyncio.wait_for(other.serial.connect(), 20)
        waiting = asyncio.ensure_future(mine.serial.connect())
        await asyncio.sleep(2)
        assert not waiting.done()
        await theirs.close()
        stream = await asyncio.wait_for(waiting, 20)
        await asyncio.get_running_loop().sock_sendall(line, b"$ ")
        assert await heard(stream, 2) == b"$ "


async def test_a_break_needs_an_open_console_and_leaves_it_open(serial: SerialSource, line: socket.socket):
    with pytest.raises(WrongState, match="is not open"):
        await serial.send_break()
    stream = await asyncio.wait_for(serial.connect(), 20)
    await serial.send_break()
    await stream.write(b"x")
    assert (await typed(line, 1))[-1:] == b"x"


async def test_a_bmc_that_is_away_is_waited_for(
    serial: SerialSource, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(robots.ipmi_console, "OPEN_WITHIN", 2.0)
    simulator.stop()
    waiting = asyncio.ensure_future(serial.connect())
    await asyncio.sleep(3)
    assert not waiting.done()
    simulator.start()
    await asyncio.wait_for(waiting, 30)


async def test_the_service_keeps_nothing_from_before(serial: SerialSource):
    assert await serial.history(100) == b""
