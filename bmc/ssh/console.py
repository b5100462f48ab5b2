"""One console in an SSH connection: what the line prints, what the person types, and what they ask of us."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from bmc.accounts import Accounts, Session
from bmc.console.audience import Seat
from bmc.console.escapes import HELP, NOTHING, Ask, Do, Escapes, Out, Shown, Wish, note, power_menu, question
from bmc.console.keyboard import Keyboard
from bmc.console.serial import without_queries
from bmc.events import Audit
from bmc.fleet import Fleet
from bmc.model.caller import Caller, Role
from bmc.model.commands import Power, SerialConsole
from bmc.model.errors import BmcError, Denied, NotFound
from bmc.model.power import PowerAction, PowerState
from bmc.node import ConsoleStream, Node

SCREENFUL = 4096
"""Bytes of what was printed before that come first."""
MOST_TYPED = 64 * 1024
"""Bytes that may wait for the node; then the client waits."""
LOOK_EVERY = 1.0
LEFT = ""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the door leads to. `late` holds what goes on when whoever asked for it has left, `seen` what to count."""

    fleet: Fleet
    accounts: Accounts
    audit: Audit
    late: set[asyncio.Task[None]] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guard(work))
        self.late.add(task)
        task.add_done_callback(self.late.discard)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("what an SSH connection asked for failed")


class Console(asyncssh.SSHServerSession[bytes]):
    """`session` waits for the connection's sign-in to be over."""

    def __init__(self, rooms: Rooms, name: str, address: str, session: Callable[[], Awaitable[Session]]) -> None:
        self._rooms = rooms
        self._name = name
        self._address = address
        self._session = session
        self._token = ""
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._escapes = Escapes()
        self._typed: asyncio.Queue[Out] = asyncio.Queue()
        self._waiting = 0
        self._held_by: set[str] = set()
        self._takes = asyncio.Event()
        self._takes.set()
        self._shown = Shown()
        self._keyboard = Keyboard()
        self._complaint = ""
        self.task: asyncio.Task[None] | None = None

    # What asyncssh tells

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def pty_requested(self, term_type: str, term_size: object, term_modes: object) -> bool:
        """A serial line has no size, and no modes that we could set."""
        return True

    def shell_requested(self) -> bool:
        return True

    def session_started(self) -> None:
        self.task = asyncio.create_task(self._run(), name=f"SSH console of {self._name}")

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Leaving is heeded at once, whatever waits for a line that takes nothing."""
        for each in self._escapes.feed(data):
            if each is Wish.LEAVE:
                return self.end(LEFT)
            self._put(each)

    def break_received(self, msec: int) -> bool:
        self._put(Wish.BREAK)
        return True

    def eof_received(self) -> bool:
        """Whoever types no more may still look: `ssh -n`."""
        return True

    def pause_writing(self) -> None:
        self.hold("channel")

    def resume_writing(self) -> None:
        self.release("channel")

    def hold(self, by: str) -> None:
        """The client takes no more for now: its channel, or its connection, is full."""
        self._held_by.add(by)
        self._takes.clear()

    def release(self, by: str) -> None:
        self._held_by.discard(by)
        if not self._held_by:
            self._takes.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel = None
        self.end(LEFT)

    @property
    def over(self) -> bool:
        return self._ended.done()

    def end(self, reason: str) -> None:
        """ "" when the person left."""
        if not self._ended.done():
            self._ended.set_result(reason)

    def _put(self, out: Out) -> None:
        self._typed.put_nowait(out)
        self._waiting += len(out) if isinstance(out, bytes) else 1
        if self._waiting > MOST_TYPED and self._channel is not None:
            self._channel.pause_reading()

    async def _take(self) -> Out:
        out = await self._typed.get()
        self._waiting -= len(out) if isinstance(out, bytes) else 1
        if self._waiting <= MOST_TYPED and self._channel is not None:
            self._channel.resume_reading()
        return out

    # The console

    async def _run(self) -> None:
        try:
            reason = await self._console()
        except BmcError as error:
            reason = str(error)
        except Exception:
            log.exception("an SSH console of %s failed", self._name)
            reason = "internal error"
        if self._channel is not None:
            if reason:
                self._say(reason)
            self._channel.exit(1 if reason else 0)

    async def _console(self) -> str:
        """Why it ended. :raise BmcError: it could not be opened."""
        self._token = (await self._session()).token
        caller, node = self._caller(), self._node()
        may_type = caller.role.rank >= Role.OPERATOR.rank
        self._say(f"{self._name}: ^Ec. leaves the console, ^Ec? helps" + ("" if may_type else "; you only look"))
        stream = await node.open(SerialConsole(SCREENFUL, may_type), caller)
        work: list[asyncio.Future[str]] = [
            asyncio.ensure_future(each)
            for each in (self._tell(stream.seat), self._print(stream), self._heed(stream), self._watch(node))
        ]
        try:
            await asyncio.wait([self._ended, *work], return_when=asyncio.FIRST_COMPLETED)
            return next(each for each in (self._ended, *work) if each.done()).result()
        finally:
            for each in work:
                each.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await stream.close()

    def _caller(self) -> Caller:
        """With the role of now. :raise Denied: the session has ended."""
        caller = self._rooms.accounts.caller(self._token, self._address)
        if caller is None:
            raise Denied("the session has ended")
        return caller

    def _node(self) -> Node:
        """:raise NotFound: also for one beyond the caller's scope, which is not to be told from none."""
        name, fleet = self._name, self._rooms.fleet
        node = fleet.node(name)
        if not self._caller().scope.covers(name, fleet.tags(name)):
            raise NotFound(f"there is no node {name!r}")
        return node

    async def _print(self, stream: ConsoleStream) -> str:
        while data := await stream.read():
            await self._takes.wait()
            self._write(data)
            self._shown.keep(data)
            if stream.seat.types:
                self._complaint = ""
        return "the console has ended: the node was changed or removed"

    async def _tell(self, seat: Seat) -> str:
        """Whose the keyboard is, at first and whenever it moves."""
        while True:
            await seat.changed()
            if news := self._keyboard.told(seat.viewers, seat.viewer.id):
                self._say(news)

    async def _watch(self, node: Node) -> str:
        """A node that is off prints nothing, and comes back on the same line."""
        told = PowerState.ON
        while True:
            power = node.snapshot.power
            if power in (PowerState.ON, PowerState.OFF) and power is not told:
                waits = "; this console waits until it is on, ^Ecp powers it" if power is PowerState.OFF else ""
                self._say(f"{self._name} is {power.value}{waits}")
                told = power
            await asyncio.sleep(LOOK_EVERY)

    async def _heed(self, stream: ConsoleStream) -> str:
        while True:
            out = await self._take()
            if self._rooms.accounts.session(self._token) is None:  # typing is use: it keeps it from idling out
                return "the session has ended"
            try:
                await self._do(out, stream)
            except BmcError as error:
                self._complain(str(error))

    async def _do(self, out: Out, stream: ConsoleStream) -> None:
        if isinstance(out, Do):
            self._power(out.action)
        elif isinstance(out, Ask):
            self._say(question(self._name, out.action))
        elif out is Wish.POWER:
            self._say(power_menu(self._name, self._node().snapshot.power.value))
        elif out is Wish.WHO:
            self._say(*self._keyboard.lines)
        elif out is Wish.TAKE:
            await stream.seat.take()
        elif out is Wish.SPY:
            await stream.seat.release()
        elif out is Wish.REPLAY:
            self._write(without_queries(self._shown.last_lines()))
        elif out in (Wish.HELP, Wish.NOTHING):
            self._say(*(HELP if out is Wish.HELP else (NOTHING,)))
        elif isinstance(out, bytes):
            await stream.write(out)
        else:
            await stream.send_break()

    def _power(self, action: PowerAction) -> None:
        """Goes on when whoever asked for it leaves. :raise BmcError: it cannot be asked for."""
        self._rooms.spawn(self._act(self._node(), action, self._caller()))

    async def _act(self, node: Node, action: PowerAction, caller: Caller) -> None:
        try:
            power = await node.do(Power(action), caller)
            self._say(f"{self._name}: {action.value} accepted; it is {power.value}")
        except BmcError as error:
            self._say(f"{self._name}: {error}")

    def _complain(self, reason: str) -> None:
        """Once for all keys of a kind; again only when something else was said or printed."""
        if reason != self._complaint:
            self._say(reason)
        self._complaint = reason

    def _say(self, *lines: str) -> None:
        self._write(note(*lines))

    def _write(self, data: bytes) -> None:
        """Dropped where the client takes nothing: whoever only asks must not fill our memory with answers."""
        if self._channel is not None and self._takes.is_set():
            self._channel.write(data)
