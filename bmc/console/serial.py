"""The serial hub: the one owner of a node's serial line, which always drains it, and any number of readers.

A reader that falls behind loses what is oldest and is told so; it never slows the line or another reader.
"""

import asyncio
import logging
import re
from collections import deque

from bmc.model.errors import BmcError, NotSupported, WrongState
from bmc.ports import ByteStream, SerialSource

log = logging.getLogger(__name__)

_QUERIES = re.compile(
    rb"\x05|\x1b(?:"
    rb"Z|\[[0-9;?>=]*(?:[cntx]|\$p)"  # what it is; its status, cursor, window, parameters, modes
    rb"|\][0-9;]*\?(?:\x07|\x1b\\)"  # its colours
    rb"|P[+$]q[^\x1b]*\x1b\\"  # its settings
    rb")"
)
"""What a terminal answers (ECMA-48 §8.3, xterm): an answer to an old query would be typed at whoever is there now."""


def without_queries(printed: bytes) -> bytes:
    """What was printed before, as it can be shown again."""
    return _QUERIES.sub(b"", printed)


SCROLLBACK = 256 * 1024
READER_LIMIT = 1024 * 1024
GAP = b"\r\n[... output lost: this viewer was too slow ...]\r\n"


class SerialHub:
    """Reads the line for ever; keeps the last `scrollback` bytes; reconnects when the node comes on again."""

    def __init__(self, source: SerialSource, scrollback: int = SCROLLBACK) -> None:
        self._source = source
        self._scrollback = bytearray()
        self._limit = scrollback
        self._readers: dict[SerialReader, None] = {}
        self._line: ByteStream | None = None

    async def run(self) -> None:
        """Own the line until cancelled."""
        self._keep(await self._source.history(self._limit))
        while True:
            try:
                line = await self._source.connect()
                self._line = line
                while data := await line.read():
                    self._keep(data)
                    for reader in self.readers:
                        reader.feed(data)
            except BmcError as error:
                log.info("serial line: %s", error)
                await asyncio.sleep(0.5)
            finally:
                if self._line is not None:
                    await self._line.close()
                self._line = None

    def tail(self, limit: int) -> bytes:
        """The last `limit` bytes printed."""
        return bytes(self._scrollback[-limit:]) if limit else b""

    def open(self, replay: int, writable: bool) -> "SerialReader":
        """A reader that starts with the last `replay` bytes, less what would make a terminal answer."""
        reader = SerialReader(self, writable)
        if replayed := without_queries(self.tail(replay)):
            reader.feed(replayed)
        self._readers[reader] = None
        return reader

    async def write(self, data: bytes) -> None:
        """:raise WrongState: the node is off."""
        if self._line is None:
            raise WrongState("the serial line is down: the node is off; power it on first")
        await self._line.write(data)

    async def send_break(self) -> None:
        await self._source.send_break()

    @property
    def readers(self) -> list["SerialReader"]:
        """Those that are open, the oldest first."""
        return list(self._readers)

    def forget(self, reader: "SerialReader") -> None:
        self._readers.pop(reader, None)

    async def close(self) -> None:
        for reader in self.readers:
            await reader.close()

    def _keep(self, data: bytes) -> None:
        self._scrollback += data
        del self._scrollback[: -self._limit]


class SerialReader:
    """One viewer of the line: a ByteStream with a bounded buffer."""

    def __init__(self, hub: SerialHub, writable: bool) -> None:
        self._hub = hub
        self.writable = writable
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._ready = asyncio.Event()
        self._closed = False
        self._lost = False

    def feed(self, data: bytes) -> None:
        self._chunks.append(data)
        self._held += len(data)
        while self._held > READER_LIMIT and len(self._chunks) > 1:
            self._held -= len(self._chunks.popleft())
            self._lost = True
        self._ready.set()

    async def read(self, limit: int = 262144) -> bytes:
        """What was printed since, at most `limit` bytes; b"" once the stream is closed."""
        while not self._chunks:
            if self._closed:
                return b""
            self._ready.clear()
            await self._ready.wait()
        if self._lost:
            self._lost = False
            return GAP
        data = self._chunks.popleft()
        if len(data) > limit:
            self._chunks.appendleft(data[limit:])
            data = data[:limit]
        self._held -= len(data)
        return data

    async def write(self, data: bytes) -> None:
        """:raise NotSupported: it is for reading only. :raise WrongState: the node is off, or the stream closed."""
        self._check_writable()
        await self._hub.write(data)

    async def send_break(self) -> None:
        """As `write`. :raise NotSupported: the line carries no break."""
        self._check_writable()
        await self._hub.send_break()

    async def close(self) -> None:
        self._closed = True
        self._hub.forget(self)
        self._ready.set()

    def _check_writable(self) -> None:
        if not self.writable:
            raise NotSupported("this serial console was opened for reading only")
        if self._closed:
            raise WrongState("this serial console is closed")
