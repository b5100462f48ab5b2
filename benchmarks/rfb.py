"""A small RFB 3.8 viewer over a WebSocket (RFC 6143): enough to press keys and to see pixels change."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

RAW, DESKTOP_SIZE = 0, -223
CELL = 16  # rows of a character on the text console
GLYPH = 12  # its first rows; below them the cursor blinks
PIXEL = 4


class Viewer:
    """One viewer with raw 32-bit pixels, which asks for the next update as soon as it has one.

    `received` counts bytes; `changed` is set when anything but a text cursor has changed, at `changed_at` (monotonic).
    """

    def __init__(self, socket: ClientWebSocketResponse, incremental: bool) -> None:
        self.received = 0
        self.changed = asyncio.Event()
        self.changed_at = 0.0
        self._socket = socket
        self._incremental = incremental
        self._buffer = bytearray()
        self._width = self._height = 0
        self._pixels = bytearray()

    async def press(self, key: int) -> float:
        """Press and release; seconds until a character has changed on the screen."""
        self.changed.clear()
        start = time.monotonic()
        for down in (1, 0):
            await self._socket.send_bytes(struct.pack(">BBxxI", 4, down, key))
        async with asyncio.timeout(10):
            await self.changed.wait()
        return self.changed_at - start

    async def settle(self, quiet: float) -> None:
        """Wait until nothing but the cursor has changed for `quiet` seconds."""
        while True:
            self.changed.clear()
            try:
                async with asyncio.timeout(quiet):
                    await self.changed.wait()
            except TimeoutError:
                return

    async def shake_hands(self) -> None:
        await self._take(12)
        await self._socket.send_bytes(b"RFB 003.008\n")
        if 1 not in await self._take((await self._take(1))[0]):
            raise RuntimeError("the server wants authentication")
        await self._socket.send_bytes(b"\x01")
        if await self._take(4) != bytes(4):
            raise RuntimeError("the server refused")
        await self._socket.send_bytes(b"\x01")
        width, height, _, name = struct.unpack(">HH16sI", await self._take(24))
        await self._take(name)
        self._resize(width, height)
        await self._socket.send_bytes(struct.pack(">BxHii", 2, 2, RAW, DESKTOP_SIZE))
        await self._ask(incremental=False)

    async def watch(self) -> None:
        """Take updates without end."""
        while True:
            if (kind := (await self._take(1))[0]) != 0:
                raise RuntimeError(f"message {kind} was not asked for")
            _, count = struct.unpack(">BH", await self._take(3))
            changed = [await self._rectangle() for _ in range(count)]
            if any(changed):
                self.changed_at = time.monotonic()
                self.changed.set()
            await self._ask(self._incremental)

    async def _rectangle(self) -> bool:
        x, y, width, height, encoding = struct.unpack(">HHHHi", await self._take(12))
        if encoding == DESKTOP_SIZE:
            self._resize(width, height)
            return True
        if encoding != RAW:
            raise RuntimeError(f"encoding {encoding} was not asked for")
        data = await self._take(width * height * PIXEL)
        return self._incremental and self._draw(x, y, width, data)

    def _draw(self, x: int, y: int, width: int, data: bytes) -> bool:
        changed = False
        length = width * PIXEL
        for row in range(len(data) // length):
            at = ((y + row) * self._width + x) * PIXEL
            new = data[row * length : (row + 1) * length]
            if self._pixels[at : at + length] != new:
                self._pixels[at : at + length] = new
                changed |= (y + row) % CELL < GLYPH
        return changed

    def _resize(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._pixels = bytearray(width * height * PIXEL)

    async def _ask(self, incremental: bool) -> None:
        request = struct.pack(">BBHHHH", 3, incremental, 0, 0, self._width, self._height)
        await self._socket.send_bytes(request)

    async def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            message = await self._socket.receive()
            if message.type is not WSMsgType.BINARY:
                raise RuntimeError(f"the WebSocket ended: {message.data} {message.extra}")
            self.received += len(message.data)
            self._buffer += message.data
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


@asynccontextmanager
async def viewer(url: str, token: str = "", incremental: bool = True) -> AsyncIterator[Viewer]:
    """A viewer at `url`, watching; without `incremental` it asks for the whole screen again and again."""
    headers = {"X-Auth-Token": token} if token else {}
    origin = "http" + url.removeprefix("ws").partition("/console")[0]
    async with (
        ClientSession() as session,
        session.ws_connect(url, protocols=("binary",), headers=headers, origin=origin, max_msg_size=0) as socket,
    ):
        each = Viewer(socket, incremental)
        await each.shake_hands()
        watching = asyncio.create_task(each.watch())
        try:
            yield each
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
