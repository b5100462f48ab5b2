"""A file that is uploaded in pieces, as tus 1.0 has it, through lost connections and restarts of the service."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from bmc.images.shelf import Part
from bmc.images.threads import finished
from bmc.model.errors import BackendFailed, BmcError, InvalidRequest, WrongState

READ = 256 * 1024


class Upload:
    """`length` bytes, which `part` gets in their order. One sender at a time: a piece that goes on where the last one
    stopped is taken at once, and what still sent the last one is sent away. Its connection has died, most likely.
    """

    def __init__(self, part: Part, length: int) -> None:
        self.length = length
        self._part = part
        self._grown = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._why: BmcError = WrongState("the upload has ended")
        self._over = False

    @property
    def offset(self) -> int:
        """Bytes that are there."""
        return self._part.size

    async def take(self, offset: int, chunks: AsyncIterator[bytes]) -> int:
        """A piece that begins at `offset`; returns where the next one begins. What came of it stays also when it
        breaks off.

        :raise WrongState: it begins elsewhere, or another piece took its place. :raise InvalidRequest: it is too long,
        or the file is wrong. :raise BmcError: it broke off, or there is no room.
        """
        self._check(offset)
        while self._sender is not None and not self._sender.done():
            await self.stop(WrongState("another piece of this upload took the place of this one"))
        self._check(offset)
        sender = self._sender = asyncio.create_task(self._write(chunks))
        try:
            await asyncio.wait({sender})
        finally:
            sender.cancel()
            await asyncio.wait({sender})
            if self._sender is sender:
                self._sender = None
        if sender.cancelled():
            raise self._why
        sender.result()
        return self.offset

    async def content(self) -> AsyncGenerator[bytes, None]:
        """All of the file from its beginning, as it comes."""
        with self._part.path.open("rb") as file:
            at = 0
            while at < self.length:
                if at == self.offset:
                    self._grown.clear()
                    await self._grown.wait()
                    continue
                chunk = await asyncio.to_thread(file.read, min(READ, self.offset - at))
                if not chunk:
                    raise BackendFailed(f"what was uploaded is gone from byte {at} on")
                at += len(chunk)
                yield chunk

    async def stop(self, why: BmcError) -> None:
        """Whoever sends is sent away with `why`, and may go on later."""
        self._why = why
        if (sender := self._sender) is not None:
            sender.cancel()
            await asyncio.wait({sender})

    async def close(self, why: BmcError) -> None:
        """Nothing more is taken, and whoever sends hears `why`."""
        self._over = True
        if self.offset == self.length and self._sender is not None:
            await asyncio.wait({self._sender})  # has sent all, and is about to hear so
        else:
            await self.stop(why)

    def _check(self, offset: int) -> None:
        if self._over:
            raise self._why
        if offset != self.offset:
            raise WrongState(f"{self.offset} bytes of this upload are here; go on there, not at {offset}")

    async def _write(self, chunks: AsyncIterator[bytes]) -> None:
        async for chunk in chunks:
            if self.offset + len(chunk) > self.length:
                raise InvalidRequest(f"the piece goes beyond the {self.length} bytes that were said to come")
            try:
                await finished(lambda chunk=chunk: self._part.write(chunk))  # type: ignore[misc]
            finally:
                self._grown.set()
            if self.offset == self.length:
                break
        await finished(self._part.sync)
