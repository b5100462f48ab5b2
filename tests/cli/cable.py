"""A connection to a service that can be cut, mended, and made to stall."""

import asyncio
from contextlib import suppress
from typing import Self


class Cable:
    """Listens on `port`, and leads to the port of the service. It is cut once, when `cut_after` bytes of a connection
    have gone towards the service, and leads nowhere until it is mended. What a connection brings after `stuck_after`
    bytes is lost. `passed`: bytes that one has brought at most.
    """

    def __init__(self, service: int) -> None:
        self._service = service
        self.cut_after = self.stuck_after = 1 << 60
        self.passed = self.cuts = self.refused = self.port = 0
        self._whole = True

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    def mend(self) -> None:
        self._whole = True

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            self.refused += 1
            writer.transport.abort()
            return
        onward, out = await asyncio.open_connection("127.0.0.1", self._service)
        back = asyncio.create_task(_copy(onward, writer))
        sent = 0
        with suppress(OSError):
            while data := await reader.read(65536):
                sent += len(data)
                self.passed = max(self.passed, sent)
                if sent > self.stuck_after:
                    continue
                out.write(data)
                await out.drain()
                if sent >= self.cut_after and self.cuts == 0:
                    self.cuts, self._whole = 1, False
                    writer.transport.abort()
                    break
        out.close()
        writer.close()
        await back


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
