"""A receiver of syslog over TCP and TLS on a real socket."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class StreamReceiver:
    """Reads messages by their counts; the first `deaf` connections are reset in the middle."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.deaf = 0
        self.port = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.deaf:
            self.deaf -= 1
            await reader.read(10)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return
        try:
            while length := (await reader.readuntil(b" ")).strip():
                self.got.append(await reader.readexactly(int(length)))
        except asyncio.IncompleteReadError:
            pass
        writer.close()


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncIterator[StreamReceiver]:
    receiver = StreamReceiver()
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver
