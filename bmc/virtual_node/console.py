"""Screen and serial line: QEMU's unix sockets as byte streams, and the log QEMU keeps of the serial line."""

import asyncio
import logging
import socket
from collections import deque
from typing import cast

from bmc.model.errors import BackendFailed, WrongState
from bmc.virtual_node.files import SERIAL_LOG, SERIAL_SOCKET, VNC_SOCKET, dial, keep_quota, read_tail
from bmc.virtual_node.guest import Guest

READ = 256 * 1024
CLOSING = 1.0
SERIAL_QUOTA = 4 * 1024 * 1024
QUOTA_INTERVAL = 1.0
ATTACH_PATIENCE = 0.5

log = logging.getLogger(__name__)


class SocketStream(asyncio.Protocol):
    """A connected socket as a ByteStream of one reader. What was read is handed on as it came, without a copy.

    Whoever is slow to read stops the socket after one chunk that waits, and so QEMU.
    """

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._news = asyncio.Event()
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
        self._chunks.append(data)
        if len(self._chunks) > 1:
            self._transport.pause_reading()
        self._news.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost.set()
        self._news.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def read(self, limit: int = READ) -> bytes:
        while not self._chunks:
            if self._lost.is_set():
                return b""
            self._news.clear()
            await self._news.wait()
        data = self._chunks.popleft()
        if len(data) > limit:
            self._chunks.appendleft(data[limit:])
            data = data[:limit]
        if not self._chunks and not self._transport.is_closing():
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        await self._writable.wait()
        if self._transport.is_closing():
            raise BackendFailed("QEMU has closed the connection")
        self._transport.write(data)

    async def close(self) -> None:
        self._transport.close()
        try:
            async with asyncio.timeout(CLOSING):
                await self._lost.wait()
        except TimeoutError:
            self._transport.abort()  # QEMU does not take what was written


class VirtualScreen:
    """RFB, one connection a viewer."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    async def connect(self) -> SocketStream:
        if not self._guest.alive:
            raise WrongState(f"{self._guest.name} is off: it has no screen; power it on first")
        try:
            screen = await dial(self._guest.files.guest, VNC_SOCKET, self._guest.pid)
            return await SocketStream.over(screen)
        except OSError as error:
            raise WrongState(f"the screen of {self._guest.name} cannot be reached: {error.strerror}") from None


class VirtualSerial:
    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._waiting = 0
        self._attached = asyncio.Event()

    async def connect(self) -> SocketStream:
        self._waiting += 1
        try:
            stream = await self._dial()
        finally:
            self._waiting -= 1
        self._attached.set()
        return stream

    async def _dial(self) -> SocketStream:
        while True:
            await self._guest.up.wait()
            try:
                line = await dial(self._guest.files.guest, SERIAL_SOCKET, self._guest.pid)
                return await SocketStream.over(line)
            except (OSError, WrongState):
                await asyncio.sleep(0.01)

    async def attached(self) -> None:
        """If somebody waits for the line, let them have it before the guest's first byte."""
        if not self._waiting:
            return
        self._attached.clear()
        try:
            async with asyncio.timeout(ATTACH_PATIENCE):
                await self._attached.wait()
        except TimeoutError:
            pass

    async def send_break(self) -> None:
        if not self._guest.alive:
            raise WrongState(f"{self._guest.name} is off: nobody hears a break; power it on first")
        await self._guest.execute("chardev-send-break", id="serial0")

    async def history(self, limit: int) -> bytes:
        path = self._guest.files.guest / SERIAL_LOG
        newest = read_tail(path, limit)
        if len(newest) == limit:
            return newest
        return read_tail(path.with_name(path.name + ".1"), limit - len(newest)) + newest

    async def keep_quota(self) -> None:
        """Keep the log short, for ever: QEMU writes into it whether or not anybody reads."""
        path = self._guest.files.guest / SERIAL_LOG
        while True:
            try:
                if path.lstat().st_size > SERIAL_QUOTA:
                    await asyncio.to_thread(keep_quota, path, SERIAL_QUOTA)
            except FileNotFoundError:
                pass
            except OSError as error:
                log.warning("%s: the serial log was cut: %s", self._guest.name, error)
            await asyncio.sleep(QUOTA_INTERVAL)
            await self._guest.up.wait()
