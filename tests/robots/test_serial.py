"""A console behind ser2net, which speaks RFC 2217 and raw TCP, with a pair of pseudo-terminals as the serial line."""

import asyncio
import re
import shutil
import termios
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from bmc.console.audience import Audience
from bmc.console.serial import SerialHub
from bmc.model.clock import SystemClock
from bmc.model.console import ConsoleKind
from bmc.model.errors import InvalidRequest, NotSupported, WrongState
from bmc.model.node import NodeDefinition
from bmc.ports import ByteStream, SerialSource
from robots.hardware import driver
from robots.rfc2217 import Line, Telnet
from robots.testing import make_site, opened
from tests.ports import free_port
from tests.robots.terminal_server import Port
from tests.world import ADMIN

pytestmark = pytest.mark.skipif(
    shutil.which("ser2net") is None or shutil.which("socat") is None, reason="ser2net or socat is not installed"
)
ALL_BYTES = bytes(range(256)) * 8


@pytest.fixture(params=["rfc2217", "raw"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def port(mode: str, tmp_path: Path) -> Iterator[Port]:
    port = Port(tmp_path, mode)
    yield port
    port.close()


@pytest.fixture
async def serial(port: Port, mode: str, tmp_path: Path) -> AsyncIterator[SerialSource]:
    console = {"adapter": "serial", "host": "127.0.0.1", "port": port.number, "mode": mode, "baud": 57600}
    power = {"adapter": "mqtt", "host": "127.0.0.1", "port": free_port(), "command": "x"}
    async with opened({"power": power, "sense": ["mqtt:led"], "console": console}, make_site(tmp_path)) as backend:
        assert backend.serial is not None
        yield backend.serial


async def read(stream: ByteStream, length: int) -> bytes:
    got = b""
    async with asyncio.timeout(10):
        while len(got) < length:
            data = await stream.read()
            assert data
            got += data
    return got


async def test_every_byte_comes_through_both_ways(serial: SerialSource, port: Port):
    stream = await serial.connect()
    await asyncio.sleep(0.2)
    reading = asyncio.ensure_future(read(stream, len(ALL_BYTES)))
    await port.print(ALL_BYTES)
    assert await reading == ALL_BYTES
    draining = asyncio.ensure_future(stream.read())
    await stream.write(ALL_BYTES)
    assert await port.typed(len(ALL_BYTES)) == ALL_BYTES
    draining.cancel()
    assert await serial.history(100) == b""


@pytest.mark.parametrize("mode", ["rfc2217"], indirect=True)
async def test_the_line_is_set_as_it_is_wanted(serial: SerialSource, port: Port):
    await serial.connect()
    assert port.speed() == termios.B57600


@pytest.mark.parametrize("mode", ["rfc2217"], indirect=True)
async def test_a_break_is_begun_and_ended(serial: SerialSource, port: Port, monkeypatch: pytest.MonkeyPatch):
    """A pseudo-terminal has none; ser2net confirms each SET-CONTROL (RFC 2217, 105), both as the begin of one."""
    confirmed, received = list[bytes](), Telnet.received

    def listening(telnet: Telnet, data: bytes) -> tuple[bytes, bytes]:
        confirmed.extend(re.findall(rb"\xff\xfa\x2c\x69(.)\xff\xf0", data, re.DOTALL))
        return received(telnet, data)

    with pytest.raises(WrongState, match="is down"):
        await serial.send_break()
    stream = await serial.connect()
    monkeypatch.setattr(Telnet, "received", listening)
    reading = asyncio.ensure_future(stream.read())
    await asyncio.sleep(0.3)
    confirmed.clear()
    await serial.send_break()
    await port.print(b"on")
    assert await asyncio.wait_for(reading, 5) == b"on"
    assert confirmed == [b"\x05", b"\x05"]


@pytest.mark.parametrize("mode", ["raw"], indirect=True)
async def test_a_raw_stream_carries_no_break(serial: SerialSource):
    await serial.connect()
    with pytest.raises(NotSupported, match="cannot carry a break"):
        await serial.send_break()


async def test_a_terminal_server_that_went_away_is_found_again(serial: SerialSource, port: Port):
    hub = SerialHub(serial)
    owning = asyncio.create_task(hub.run())
    try:
        reader = hub.open(0, Audience(ConsoleKind.SERIAL, SystemClock()).enter(ADMIN, may_type=True, wants=True))
        await asyncio.sleep(0.5)
        await port.print(b"before")
        assert await asyncio.wait_for(reader.read(), 5)
        port.server.stop()
        await asyncio.sleep(0.3)
        port.start()
        async with asyncio.timeout(20):
            while b"after" not in hub.tail(100):
                await port.print(b"after")
                await asyncio.sleep(0.2)
    finally:
        owning.cancel()
        await asyncio.gather(owning, return_exceptions=True)


async def test_a_line_that_is_in_use_is_tried_ever_more_rarely(serial: SerialSource, port: Port):
    """Whoever closes each connection at once must not be hammered."""
    other_reader, other = await asyncio.open_connection("127.0.0.1", port.number)
    await asyncio.sleep(0.2)
    hub = SerialHub(serial)
    owning = asyncio.create_task(hub.run())
    await asyncio.sleep(1.0)
    assert serial._retry >= 0.5  # type: ignore[attr-defined]
    other.close()
    await other.wait_closed()
    await asyncio.sleep(0.2)
    try:
        async with asyncio.timeout(20):
            while b"free" not in hub.tail(1000):
                await port.print(b"free")
                await asyncio.sleep(0.2)
    finally:
        owning.cancel()
        await asyncio.gather(owning, return_exceptions=True)
        del other_reader


@pytest.mark.parametrize("mode", ["raw"], indirect=True)
async def test_who_does_not_speak_rfc_2217_is_told(port: Port, tmp_path: Path, caplog, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("robots.serial.SETTLED_WITHIN", 0.5)
    console = {"adapter": "serial", "host": "127.0.0.1", "port": port.number}
    power = {"adapter": "mqtt", "host": "127.0.0.1", "port": free_port(), "command": "x"}
    async with opened({"power": power, "sense": ["mqtt:led"], "console": console}, make_site(tmp_path)) as backend:
        assert backend.serial is not None
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(backend.serial.connect(), 1.5)
    assert (
        f'serial line 127.0.0.1:{port.number}: it does not answer as RFC 2217 wants it; expected mode = "raw"?'
        in caplog.text
    )


LINE = Line(115200, 8, 1, 1, 1)


def test_what_comes_in_pieces_is_understood_like_the_whole():
    """RFC 854, 2217: data with escapes, a negotiation, an answer to SET-BAUDRATE, and one option that nobody knows."""
    whole = b"ab\xff\xffc\xff\xfd\x2c\xff\xfa\x2c\x65\x00\x01\xc2\x00\xff\xf0d\xff\xfd\x63\xff\xf1e"
    expected = Telnet(LINE)
    expected.greeting()
    line, answers = expected.received(whole)
    assert line == b"ab\xffcde"
    assert answers.endswith(b"\xff\xfc\x63")
    for size in range(1, len(whole)):
        telnet = Telnet(LINE)
        telnet.greeting()
        pieces = [telnet.received(whole[at : at + size]) for at in range(0, len(whole), size)]
        assert b"".join(piece[0] for piece in pieces) == line
        assert b"".join(piece[1] for piece in pieces) == answers


def test_a_server_may_ask_us_to_wait():
    telnet = Telnet(LINE)
    telnet.received(b"\xff\xfa\x2c\x6c\xff\xf0")
    assert telnet.suspended
    telnet.received(b"\xff\xfa\x2c\x6d\xff\xf0")
    assert not telnet.suspended


def test_another_speed_than_was_asked_for_is_told():
    telnet = Telnet(LINE)
    telnet.received(b"\xff\xfa\x2c\x65\x00\x00\x25\x80\xff\xf0")
    assert telnet.refused == "the other side set BAUD to 9600, not 115200"


def test_a_command_without_an_end_does_not_fill_the_memory():
    telnet = Telnet(LINE)
    for _ in range(100):
        telnet.received(b"\xff\xfa" + bytes(1000))
    assert telnet.refused == "what the other side sends is no Telnet"
    assert len(telnet._held) < 10_000


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"host": "ts"}, r"options\.console\.port: Field required"),
        ({"host": "ts", "port": 1, "mode": "ssh"}, r"options\.console\.mode: Input should be 'rfc2217' or 'raw'"),
        ({"host": "ts", "port": 1, "baud": 0}, r"options\.console\.baud: Input should be greater"),
        ({"host": "ts", "port": 1, "parity": "mark"}, r"options\.console\.parity: Input should be 'none'"),
        ({"host": "ts", "port": 1, "break_for": "1min"}, r"options\.console\.break_for: Input should be less"),
        ({"host": "ts", "port": 1, "device": "/dev/ttyS0"}, r"options\.console\.device: there is no such option"),
    ],
)
def test_wrong_options_are_named_with_their_place(options: dict[str, object], complaint: str, tmp_path: Path):
    power = {"adapter": "mqtt", "host": "b", "command": "x"}
    whole = {"power": power, "console": {"adapter": "serial", **options}}
    with pytest.raises(InvalidRequest, match=complaint):
        driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", whole), make_site(tmp_path))
