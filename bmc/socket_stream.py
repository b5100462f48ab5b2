"""A connected socket as a ByteStream (`bmc/ports.py`): how the screens and serial lines of virtual nodes come to us."""

import asyncio
import socket
from collections import deque
from typing import cast

from bmc.model.errors import BackendFailed

READ = 256 * 1024
CLOSING = 1.0


class Inbox:
    """What has come and was not read yet, in the pieces in which it came. For one reader."""

    def __init__(self) -> None:
        self.ended = False
        self._pieces: deque[bytes] = deque()
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._pieces)

    def put(self, data: bytes) -> None:
        self._pieces.append(data)
        self._news.set()

    def end(self) -> None:
        """Nothing more comes."""
        self.ended = True
        self._news.set()

    async def take(self, limit: int) -> bytes:
        """At most `limit` bytes, without a copy where the piece is no longer; b"" once it has ended."""
        while not self._pieces:
            if self.ended:
                return b""
            self._news.clear()
            await self._news.wait()
        data = self._pieces.popleft()
        if len(data) > limit:
            self._pieces.appendleft(data[limit:])
            data = data[:limit]
        return data


class SocketStream(asyncio.Protocol):
    """A connected socket as a ByteStream of one reader. What was read is handed on as it came, without a copy.

    Whoever is slow to read stops the socket after one chunk that waits, and so whoever writes.
    """

    def __init__(self) -> None:
        self._inbox = Inbox()
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = asyncio.Event()

    @classmethod
    async def over(cls, connection: socket.socket) -> "SocketStream":
        _, stream = await asyncio.get_running_loop().create_connection(cls, sock=connection)
        return stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._inbox.put(data)
        if len(self._inbox) > 1:
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost.set()
        self._inbox.end()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def read(self, limit: int = READ) -> bytes:
        data = await self._inbox.take(limit)
        if not self._inbox and not self._transport.is_closing():
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        await self._writable.wait()
        if self._transport.is_closing():
            raise BackendFailed("the other end has closed the connection")
        self._transport.write(data)

    async def close(self) -> None:
        self._transport.close()
        try:
            async with asyncio.timeout(CLOSING):
                await self._lost.wait()
        except TimeoutError:
            self._transport.abort()  # the other end does not take what was written
