"""The wire between us and a device, on which answers get lost, take their time, or nothing passes any more."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Wire:
    """Passes TCP on to a port of this machine.

    `loses` tells of a request whether its answer is lost; `stops` whether the request itself is. `slow` delays each
    answer by so many seconds. `connections` are those open now, `most` is how many there were at once.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.loses: Callable[[bytes], bool] = lambda _: False
        self.stops: Callable[[bytes], bool] = lambda _: False
        self.slow = 0.0
        self.requests: list[bytes] = []
        self.most = 0

    @property
    def connections(self) -> int:
        return len(self._pairs)

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Nothing passes, and nobody can connect; until it is mended."""
        if self._server is not None:
            self._server.close()
        for pair in list(self._pairs):
            for writer in pair:
                writer.transport.abort()

    async def close(self) -> None:
        self.cut()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner, outer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, outer)
        self._pairs.add(pair)
        if (task := asyncio.current_task()) is not None:
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)
        self.most = max(self.most, self.connections)
        lost = asyncio.Event()
        both = [
            asyncio.create_task(self._there(reader, outer, lost)),
            asyncio.create_task(self._back(inner, writer, lost)),
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        self._pairs.discard(pair)
        for each in pair:
            each.transport.abort()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event) -> None:
        while data := await reader.read(4096):
            self.requests.append(data)
            if self.stops(data):
                continue
            if self.loses(data):
                lost.set()
            else:
                lost.clear()
            writer.write(data)
            await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event) -> None:
        while data := await reader.read(4096):
            if not lost.is_set():
                await asyncio.sleep(self.slow)
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def wired(to: int) -> AsyncIterator[Wire]:
    wire = Wire(to)
    await wire.mend()
    try:
        yield wire
    finally:
        await wire.close()
