"""A socket of QEMU's as a stream: whole, in order, and no faster than it is read."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest

from bmc.model.errors import BackendFailed
from bmc.socket_stream import CLOSING, SocketStream

MIB = 1 << 20


@pytest.fixture
async def ends() -> AsyncIterator[tuple[socket.socket, SocketStream]]:
    theirs, ours = socket.socketpair()
    theirs.setblocking(False)
    stream = await SocketStream.over(ours)
    with theirs:
        yield theirs, stream
        await stream.close()


@pytest.fixture
def qemu(ends: tuple[socket.socket, SocketStream]) -> socket.socket:
    """QEMU's end of the line."""
    return ends[0]


@pytest.fixture
def stream(ends: tuple[socket.socket, SocketStream]) -> SocketStream:
    return ends[1]


def fill(end: socket.socket) -> int:
    """Write until no more is taken."""
    written = 0
    try:
        while True:
            written += end.send(bytes(65536))
    except BlockingIOError:
        return written


async def test_what_was_printed_comes_whole_however_little_is_asked_for(qemu: socket.socket, stream: SocketStream):
    text = bytes(range(256)) * 4096
    sending = asyncio.ensure_future(asyncio.get_running_loop().sock_sendall(qemu, text))
    got = b""
    while len(got) < len(text):
        part = await stream.read(1000)
        assert 0 < len(part) <= 1000
        got += part
    await sending
    assert got == text
    qemu.send(b"the end")
    qemu.shutdown(socket.SHUT_RDWR)
    assert await stream.read() == b"the end"
    assert await stream.read() == b""
    assert await stream.read() == b""
    with pytest.raises(BackendFailed):
        await stream.write(b"hello?")


async def test_who_does_not_read_stops_qemu_and_takes_no_memory(qemu: socket.socket, stream: SocketStream):
    taken = 0
    for _ in range(50):
        taken += fill(qemu)
        await asyncio.sleep(0.001)
    assert 0 < taken < 2 * MIB
    for _ in range(100):
        taken -= len(await stream.read())
        if not taken:
            break
    assert taken == 0
    qemu.send(b"on again")
    assert await stream.read() == b"on again"


async def test_a_writer_waits_for_qemu_to_take_it(qemu: socket.socket, stream: SocketStream):
    async def type_much() -> None:
        for _ in range(64):
            await stream.write(bytes(65536))

    typing = asyncio.create_task(type_much())
    await asyncio.sleep(0.05)
    assert not typing.done()
    got = 0
    loop = asyncio.get_running_loop()
    while got < 64 * 65536:
        got += len(await loop.sock_recv(qemu, MIB))
    await typing


async def test_a_read_that_waits_ends_when_the_stream_is_closed(stream: SocketStream):
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0)
    await stream.close()
    assert await reading == b""


async def test_closing_does_not_wait_for_a_qemu_that_takes_nothing(qemu: socket.socket, stream: SocketStream):
    await stream.write(bytes(4 * MIB))
    began = time.monotonic()
    await stream.close()
    assert CLOSING <= time.monotonic() - began < 10 * CLOSING
    assert await stream.read() == b""
