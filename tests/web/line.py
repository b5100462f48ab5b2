"""The line between a browser and the service: it can be cut, be silent, be slow, and tells what went over it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

REQUEST = re.compile(rb"(?:^|\n)(GET|POST|PATCH|PUT|DELETE) (/\S*) HTTP/1\.1\r\n")
CHUNK = 1 << 16


@dataclass
class Line:
    """`url` is the service's address at this end. `requests` are all that went over it, as ("GET", "/path")."""

    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    delay: float = 0.0
    """Seconds that each piece of an answer takes longer."""
    _whole: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def asked(self, path: str) -> int:
        return sum(1 for _, each in self.requests if each.partition("?")[0] == path)

    def streams(self) -> int:
        return self.asked("/redfish/v1/EventService/SSE")

    async def quiet(self, seconds: float = 1.0) -> None:
        """Nothing has been asked for that long: what opened pages has settled."""
        async with asyncio.timeout(60):
            before = -1
            while before != len(self.requests):
                before = len(self.requests)
                await asyncio.sleep(seconds)

    def cut(self) -> None:
        """All connections break, and none is made until it is mended."""
        self._whole.clear()
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self._whole.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        try:
            while data := await reader.read(CHUNK):
                if answers:
                    await asyncio.sleep(self.delay)
                else:
                    self.requests += [(verb.decode(), path.decode()) for verb, path in REQUEST.findall(data)]
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def accepts(self, writer: asyncio.StreamWriter) -> bool:
        """Whether it is whole; from now on, a cut breaks this connection, too."""
        if not self._whole.is_set():
            writer.transport.abort()
            return False
        self._open.add(writer)
        return True

    async def serve(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser, to its end."""
        ends = {writer}
        try:
            there, onward = await asyncio.open_connection(host, port)
            ends.add(onward)
            self._open.add(onward)
            await asyncio.gather(self._carry(reader, onward, answers=False), self._carry(there, writer, answers=True))
        except OSError:
            writer.transport.abort()
        finally:
            self._open -= ends
            for each in ends:
                each.close()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    """Whole at first."""
    where = urlsplit(url)
    line = Line()
    line.mend()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not line.accepts(writer):
            return
        task = asyncio.create_task(line.serve(where.hostname or "", where.port or 0, reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
        line.cut()
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
