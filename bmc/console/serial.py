"""The serial hub: the one owner of a node's serial line, which always drains it, and any number of readers.

A reader that falls behind loses what is oldest and is told so; it never slows the line or another reader.
"""

import asyncio
import logging
import re
from collections import deque

from bmc.console.audience import Seat
from bmc.console.serial_log import SerialLog
from bmc.model.errors import BmcError, WrongState
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


_ANSWERS = re.compile(
    rb"(?:\x1b(?:"
    rb"\[(?:[?>=]?[0-9;]+[cRntx]|\??[0-9;]+\$y|\?[0-9]+u|[IO])"  # also its keyboard, and whether it has the focus
    rb"|\][^\x07\x1b]*(?:\x07|\x1b\\)"
    rb"|P[^\x1b]*\x1b\\"
    rb"))+"
)
"""What it says then. One key looks like it (F3 with Shift or the like, as a place in the first line), and is no use of
a session.
"""


def without_queries(printed: bytes) -> bytes:
    """What was printed before, as it can be shown again."""
    return _QUERIES.sub(b"", printed)


SCROLLBACK = 256 * 1024
READER_LIMIT = 1024 * 1024
WITHHELD = b"[... what was printed before you came is for Operators ...]\r\n"
GAP = b"\r\n[... output lost: this viewer was too slow ...]\r\n"


class SerialHub:
    """Reads the line for ever; keeps the last `scrollback` bytes; reconnects when the node comes on again.

    `log`, if there is one, gets all of it, and whatever the source kept while nobody was connected.
    """

    def __init__(self, source: SerialSource, log: SerialLog | None = None, scrollback: int = SCROLLBACK) -> None:
        self._source = source
        self._log = log
        self._scrollback = bytearray()
        self._limit = scrollback
        self._readers: set[SerialReader] = set()
        self._line: ByteStream | None = None

    async def run(self) -> None:
        """Own the line until cancelled."""
        if self._log is None:
            self._keep(await self._source.history(self._limit))
        else:
            await self._log.open()
            await self._log.catch_up(self._source.history, live=False)
            self._keep(await self._log.tail(self._limit))
        while True:
            try:
                line = await self._source.connect()
                self._line = line
                await self._hear(line)
            except BmcError as error:
                log.info("serial line: %s", error)
                await asyncio.sleep(0.5)
            finally:
                if self._line is not None:
                    await self._line.close()
                self._line = None

    async def _hear(self, line: ByteStream) -> None:
        """Until it ends."""
        catching_up = None
        if self._log is not None:
            catching_up = asyncio.create_task(self._log.catch_up(self._source.history, live=True))
        try:
            while data := await line.read():
                self._keep(data)
                if self._log is not None:
                    self._log.add(data)
                for reader in list(self._readers):
                    reader.feed(data)
        finally:
            if self._log is not None and catching_up is not None:
                catching_up.cancel()
                await asyncio.gather(catching_up, return_exceptions=True)
                self._log.go_on()

    def tail(self, limit: int) -> bytes:
        """The last `limit` bytes printed."""
        return bytes(self._scrollback[-limit:]) if limit else b""

    def open(self, replay: int | None, seat: Seat) -> "SerialReader":
        """A reader that starts with the last `replay` bytes, less what would make a terminal answer; None: with word
        that it may not have them.
        """
        reader = SerialReader(self, seat)
        if replayed := WITHHELD if replay is None else without_queries(self.tail(replay)):
            reader.feed(replayed)
        self._readers.add(reader)
        return reader

    async def write(self, data: bytes) -> None:
        """:raise WrongState: the node is off."""
        if self._line is None:
            raise WrongState("the serial line is down: the node is off; power it on first")
        await self._line.write(data)

    async def send_break(self) -> None:
        await self._source.send_break()

    def forget(self, reader: "SerialReader") -> None:
        self._readers.discard(reader)

    async def close(self) -> None:
        readers = list(self._readers)
        for reader in readers:
            reader.seat.ended = True
        for reader in readers:
            await reader.close()

    def _keep(self, data: bytes) -> None:
        self._scrollback += data
        del self._scrollback[: -self._limit]


class SerialReader:
    """One viewer of the line: a ByteStream with a bounded buffer. It may write while its seat has the keyboard."""

    def __init__(self, hub: SerialHub, seat: Seat) -> None:
        self.seat = seat
        self._hub = hub
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._ready = asyncio.Event()
        self._closed = False
        self._lost = False
        self._had_input = False

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
        """:raise NotSupported: it only watches. :raise WrongState: the node is off, or the stream closed."""
        self._had_input = self._had_input or (data != b"" and _ANSWERS.fullmatch(data) is None)
        self._require_keyboard()
        await self._hub.write(data)

    def had_input(self) -> bool:
        """As of a screen: what a person typed or pasted, not what their terminal answers by itself."""
        had, self._had_input = self._had_input, False
        return had

    async def send_break(self) -> None:
        """As `write`. :raise NotSupported: the line carries no break."""
        self._require_keyboard()
        await self._hub.send_break()

    async def close(self) -> None:
        self._closed = True
        self._hub.forget(self)
        self._ready.set()
        await self.seat.leave()

    def _require_keyboard(self) -> None:
        if self._closed:
            raise WrongState("this serial console is closed")
        self.seat.require()
