"""A node's consoles: its serial line and its screen, who has them open, the serial log, and a picture of the screen."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from typing import Protocol
from weakref import WeakKeyDictionary

from bmc.console.audience import Audience, Seat
from bmc.console.screen import ScreenStream
from bmc.console.screenshot import look
from bmc.console.serial import SerialHub
from bmc.console.serial_log import SerialLog
from bmc.events import Audit
from bmc.model.caller import Caller, Role
from bmc.model.commands import Screen, SerialConsole, SerialHistory, TakeScreenshot
from bmc.model.console import ConsoleKind, Viewer
from bmc.model.errors import BackendFailed, BmcError, Busy, NotSupported
from bmc.model.events import EventKind, Severity
from bmc.node.part import Bench, Handlers
from bmc.ports import ByteStream, ScreenSource, SerialSource

MOST_OF_ONE = 16
"""Consoles of a node that one account may have open."""
LOOK_PATIENCE = 10.0
"""Seconds that a screen may take to show itself."""

log = logging.getLogger(__name__)


class ConsoleStream(ByteStream, Protocol):
    """An open screen or serial console. What it writes is lost while its `seat` does not have the keyboard."""

    seat: Seat

    def had_input(self) -> bool:
        """Whether a person did something at it since this was last asked, heeded or not."""

    async def send_break(self) -> None:
        """:raise NotSupported: a screen, a line that carries no break, or it only watches.

        :raise WrongState: the node is off.
        """


class Consoles:
    """Without `serial_log` what the serial line prints is not kept. `show` shows who has them open."""

    def __init__(
        self,
        bench: Bench,
        screen: ScreenSource | None,
        serial: SerialSource | None,
        serial_log: SerialLog | None,
        audit: Audit,
        show: Callable[[tuple[Viewer, ...]], None],
    ) -> None:
        self.log = serial_log if serial else None
        self.handlers: Handlers = {TakeScreenshot: self._do_take_screenshot}
        self._bench = bench
        self._name = bench.name
        self._audit = audit
        self._show = show
        self._screen = screen
        self._looking = asyncio.Lock()
        self._hub = SerialHub(serial, self.log) if serial else None
        self._audiences = {
            kind: Audience(kind, bench.clock, self._changed, self._taken, self._left) for kind in ConsoleKind
        }
        self._opened: WeakKeyDictionary[ByteStream, Caller] = WeakKeyDictionary()
        self._lookers: dict[tuple[ConsoleKind, int], bool] = {}

    def works(self) -> Iterator[tuple[Coroutine[None, None, None], str]]:
        """What is to run for as long as the node is open."""
        if self._hub is not None:
            yield self._hub.run(), "serial"
        if self.log is not None:
            yield self.log.run(), "serial log"

    def tail(self, limit: int) -> bytes:
        return self._hub.tail(limit) if self._hub else b""

    async def open(self, stream: SerialConsole | Screen, caller: Caller) -> ConsoleStream:
        """For a caller who is authorised to.

        :raise NotSupported: no such console. :raise WrongState: a screen, while the node is off.
        :raise Busy: the account has too many open.
        """
        typing = stream.writable if isinstance(stream, SerialConsole) else not stream.view_only
        opened = await self._open(stream, caller, typing)
        try:
            self.note_opened(opened, caller)
            await self._tell_opened(opened.seat.viewer, caller, typing)
            if isinstance(stream, SerialConsole) and stream.takes_over:
                await opened.seat.take()
        except BaseException:
            await opened.close()
            raise
        return opened

    def note_opened(self, stream: ByteStream, caller: Caller) -> None:
        """`stream` is to be closed when the node leaves the scope of `caller`."""
        self._opened[stream] = caller

    def out_of_scope(self, tags: frozenset[str]) -> list[ByteStream]:
        """Those of callers whose scope the node has left."""
        return [stream for stream, caller in self._opened.items() if not caller.scope.covers(self._name, tags)]

    async def close(self) -> None:
        if self._hub is not None:
            await self._hub.close()
        if self.log is not None:
            await self.log.close()

    async def erase(self) -> None:
        if self.log is not None:
            await self.log.erase()

    async def _open(self, stream: SerialConsole | Screen, caller: Caller, typing: bool) -> ConsoleStream:
        if isinstance(stream, SerialConsole):
            if self._hub is None:
                raise self._bench.without("serial console")
            seat = self._enter(ConsoleKind.SERIAL, caller, typing)
            return self._hub.open(stream.replay if SerialHistory.open_to(caller) else None, seat)
        connected = await self._require_screen().connect()
        try:
            return ScreenStream(connected, self._enter(ConsoleKind.SCREEN, caller, typing))
        except Busy:
            await connected.close()
            raise

    def _enter(self, console: ConsoleKind, caller: Caller, typing: bool) -> Seat:
        """:raise Busy: the account has too many open; a job, which looks for a proof, is not refused."""
        there = [viewer for each in self._audiences.values() for viewer in each.viewers]
        if not caller.job and sum(viewer.account == caller.account for viewer in there) >= MOST_OF_ONE:
            raise Busy(
                f"{caller.account} has {MOST_OF_ONE} consoles of {self._name} open, which is the most; close some"
            )
        return self._audiences[console].enter(caller, caller.role.rank >= Role.OPERATOR.rank, typing)

    def _require_screen(self) -> ScreenSource:
        if self._screen is None:
            raise NotSupported(f"{self._name} has no screen")
        return self._screen

    async def _do_take_screenshot(self, command: TakeScreenshot, caller: Caller) -> bytes:
        source = self._require_screen()
        async with self._looking:
            stream = await source.connect()
            try:
                async with asyncio.timeout(LOOK_PATIENCE):
                    picture = await look(stream)
            except TimeoutError:
                raise BackendFailed(
                    f"the screen of {self._name} did not show itself in {LOOK_PATIENCE:.0f} s"
                ) from None
            finally:
                await stream.close()
            return await asyncio.to_thread(picture.png)

    def _changed(self) -> None:
        self._show(tuple(viewer for each in self._audiences.values() for viewer in each.viewers))

    async def _tell_opened(self, viewer: Viewer, caller: Caller, typing: bool) -> None:
        action = SerialConsole.action if viewer.console is ConsoleKind.SERIAL else Screen.action
        details = {"writable": typing}
        told = await self._audit.record(caller, action, self._name, "done", details, often=not typing)
        if not typing:
            self._lookers[viewer.console, viewer.id] = told
        if told:
            await self._tell(EventKind.CONSOLE_OPENED, "opened", viewer, typing)

    async def _left(self, caller: Caller, viewer: Viewer, typing: bool) -> None:
        """Whoever leaves has left, also while the store is broken."""
        if self._lookers.pop((viewer.console, viewer.id), True) is False:
            return  # nobody was told that they came
        try:
            await self._tell(EventKind.CONSOLE_CLOSED, "closed", viewer, typing)
        except BmcError as error:
            log.error("nobody is told that %s closed a console of %s: %s", viewer, self._name, error)

    async def _tell(self, kind: EventKind, did: str, viewer: Viewer, typing: bool) -> None:
        what = "the serial console" if viewer.console is ConsoleKind.SERIAL else "the screen"
        details = {"console": viewer.console.value, "door": viewer.door.value, "writable": typing}
        await self._bench.publish(
            kind, f"{viewer.account} {did} {what} of {self._name}", Severity.OK, viewer.account, details
        )

    async def _taken(self, caller: Caller, viewer: Viewer, former: Viewer | None) -> None:
        told = self._lookers.pop((viewer.console, viewer.id), None)
        if told is False:
            await self._tell_opened(viewer, caller, typing=True)
        if former is None and told is not True:
            return  # it is told already that they type
        details = {"console": viewer.console.value, "from": str(former) if former else ""}
        await self._audit.record(caller, "take-keyboard", self._name, "done", details)
