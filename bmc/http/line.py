"""A connection of the deploy listener that becomes a plain byte stream, as a WebSocket's does."""

import asyncio
from typing import Any

from aiohttp import web

from bmc.model.errors import BackendFailed

UPGRADE = "tcp"
"""The one protocol beside WebSocket for which aiohttp's parser lets go of a connection."""
HELD = 64 * 1024


class UpgradedLine:
    """`begin` answers 101; from then on bytes go both ways."""

    def __init__(self, request: web.Request) -> None:
        self.response = web.StreamResponse(status=101, headers={"Connection": "Upgrade", "Upgrade": UPGRADE})
        self._request = request
        self._reader = asyncio.StreamReader(HELD)
        self._ended = asyncio.Event()
        if request.transport is None:
            self._ended.set()
            return
        self._reader.set_transport(request.transport)
        parser: Any = _Feed(self._reader, self._ended)  # aiohttp's own is that of its WebSocket
        request.protocol.set_parser(parser)

    async def begin(self) -> None:
        if self._ended.is_set():
            raise BackendFailed("the guest has hung up")
        try:
            await self.response.prepare(self._request)
            await self.response.write(b"")
        except ConnectionError as error:
            raise BackendFailed("the guest has hung up") from error

    async def ended(self) -> None:
        await self._ended.wait()

    async def read(self, limit: int = 262144) -> bytes:
        return await self._reader.read(limit)

    async def write(self, data: bytes) -> None:
        try:
            await self.response.write(data)
        except ConnectionError as error:
            raise BackendFailed("the guest has hung up") from error

    async def close(self) -> None:
        self._ended.set()
        if self._request.transport is not None:
            self._request.transport.close()


class _Feed:
    """What aiohttp gives the bytes of the connection to."""

    def __init__(self, reader: asyncio.StreamReader, ended: asyncio.Event) -> None:
        self._reader = reader
        self._ended = ended

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._reader.feed_data(data)
        return False, b""

    def feed_eof(self) -> None:
        self._reader.feed_eof()
        self._ended.set()
