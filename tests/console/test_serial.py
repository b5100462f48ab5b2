"""One line, many readers, and nobody can slow it down."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bmc.console.audience import Audience, Seat
from bmc.console.serial import GAP, READER_LIMIT, SerialHub
from bmc.model.clock import SystemClock
from bmc.model.console import ConsoleKind
from bmc.model.errors import NotSupported, WrongState
from tests.world import ADMIN, MemoryStream, until


class MemoryLine:
    """A SerialSource whose line is up when `up` is set."""

    def __init__(self) -> None:
        self.stream = MemoryStream()
        self.up = asyncio.Event()
        self.up.set()
        self.breaks = 0

    async def connect(self) -> MemoryStream:
        await self.up.wait()
        return self.stream

    async def send_break(self) -> None:
        self.breaks += 1

    async def history(self, limit: int) -> bytes:
        return b"printed before\n"[-limit:]


def seat(wants: bool = True) -> Seat:
    """In an audience of its own."""
    return Audience(ConsoleKind.SERIAL, SystemClock()).enter(ADMIN, may_type=True, wants=wants)


@pytest.fixture
async def line() -> MemoryLine:
    return MemoryLine()


@pytest.fixture
async def hub(line: MemoryLine) -> AsyncIterator[SerialHub]:
    hub = SerialHub(line, scrollback=64)
    task = asyncio.create_task(hub.run())
    await asyncio.sleep(0.01)
    yield hub
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_reader_sees_what_was_printed_before_it_came(hub, line):
    line.stream.incoming.put_nowait(b"hello")
    await until(lambda: hub.tail(5) == b"hello")
    assert await hub.open(64, seat()).read() == b"printed before\nhello"
    assert await hub.open(5, seat()).read() == b"hello"


async def test_the_scrollback_is_bounded(hub, line):
    line.stream.incoming.put_nowait(b"x" * 1000)
    await until(lambda: hub.tail(1000) == b"x" * 64)


async def test_every_reader_gets_everything_and_one_types(hub, line):
    audience = Audience(ConsoleKind.SERIAL, SystemClock())
    first, second = (hub.open(0, audience.enter(ADMIN, may_type=True, wants=True)) for _ in range(2))
    line.stream.incoming.put_nowait(b"both")
    assert await first.read() == await second.read() == b"both"
    await first.write(b"a")
    with pytest.raises(NotSupported, match=r"admin .* has the keyboard"):
        await second.write(b"b")
    with pytest.raises(NotSupported):
        await second.send_break()
    await second.seat.take()
    await second.write(b"c")
    assert bytes(line.stream.written) == b"ac"
    await second.send_break()
    assert line.breaks == 1


async def test_a_reader_that_never_reads_loses_its_oldest_and_is_told(hub, line):
    slow, quick = hub.open(0, seat()), hub.open(0, seat())
    chunk = b"y" * 65536
    for _ in range(READER_LIMIT // len(chunk) + 4):
        line.stream.incoming.put_nowait(chunk)
        assert await quick.read() == chunk
    assert await slow.read() == GAP
    assert await slow.read() == chunk


async def test_a_viewer_cannot_type(hub):
    with pytest.raises(NotSupported, match="only watches"):
        await hub.open(0, seat(wants=False)).write(b"x")


@pytest.mark.parametrize(
    ("sent", "is_input"),
    [
        (b"\x1b[?1;2c", False),
        (b"\x1b[>0;276;0c", False),
        (b"\x1b[24;80R", False),
        (b"\x1b[0n\x1b[?997;1n", False),
        (b"\x1b[8;24;80t", False),
        (b"\x1b[?2026;2$y", False),
        (b"\x1b[?0u", False),
        (b"\x1b[I", False),
        (b"\x1b]10;rgb:e6e6/eded/f3f3\x1b\\", False),
        (b"\x1bP>|xterm.js(6.0.0)\x1b\\", False),
        (b"a", True),
        (b"\r", True),
        (b"\x1b", True),
        (b"\x1b[A", True),
        (b"\x1b[15~", True),
        (b"\x1b[97;5u", True),
        (b"\x1bOP", True),
        (b"\x1b[<0;3;4M", True),
        (b"\x1b[200~ls\x1b[201~", True),
        (b"\x1b[24;80Rls\r", True),
    ],
)
async def test_what_a_terminal_answers_by_itself_was_not_typed_by_anybody(
    line: MemoryLine, sent: bytes, is_input: bool
) -> None:
    reader = SerialHub(line).open(0, seat(wants=False))
    for _ in range(2):
        with pytest.raises(NotSupported):
            await reader.write(sent)
    assert reader.had_input() is is_input
    assert reader.had_input() is False


async def test_typing_at_a_node_that_is_off_says_so(line):
    line.up.clear()
    hub = SerialHub(line)
    with pytest.raises(WrongState, match="node is off"):
        await hub.open(0, seat()).write(b"x")


async def test_the_line_is_taken_up_again_when_the_node_comes_back(hub, line):
    reader = hub.open(0, seat())
    gone, line.stream = line.stream, MemoryStream()
    gone.incoming.put_nowait(b"")
    line.stream.incoming.put_nowait(b"again")
    assert await reader.read() == b"again"
    assert gone.closed


async def test_closing_ends_a_waiting_read(hub):
    reader = hub.open(0, seat())
    task = asyncio.create_task(reader.read())
    await asyncio.sleep(0)
    await reader.close()
    assert await task == b""


async def test_what_would_make_a_terminal_answer_is_not_replayed(line: MemoryLine):
    async with asyncio.timeout(30):
        hub = SerialHub(line, scrollback=4096)
        running = asyncio.create_task(hub.run())
        queries = (b"\x05", b"\x1b[6n", b"\x1b[?6n", b"\x1b[c", b"\x1b[>0c", b"\x1bZ", b"\x1b[18t", b"\x1b[?25$p")
        strings = (b"\x1b]10;?\x07", b"\x1b]4;0;?\x1b\\", b"\x1bP$qm\x1b\\", b"\x1bP+q544e\x1b\\")
        live = hub.open(0, seat(wants=False))
        line.stream.incoming.put_nowait(b"|".join(queries + strings) + b"\x1b[1mlogin\x1b[0m: \x1b[2J")
        while b"login" not in await live.read():
            pass
        replayed = await hub.open(4096, seat(wants=False)).read()
        running.cancel()
        assert replayed == b"printed before\n" + b"|" * 11 + b"\x1b[1mlogin\x1b[0m: \x1b[2J"
