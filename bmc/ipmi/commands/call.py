"""What a command handler sees: the request, who sent it, and the node it is for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from bmc.ipmi.config import ConfigKeeper
from bmc.ipmi.handshake import Address
from bmc.ipmi.patience import within
from bmc.ipmi.session import Request, Session, Sessions
from bmc.ipmi.settings import DoorSettings, Slots
from bmc.ipmi.sol import SerialStream, SolPort
from bmc.ipmi.wire.boot import MAILBOX_BLOCK, MAILBOX_BLOCKS, BootFlags
from bmc.ipmi.wire.numbers import Privilege
from bmc.model.caller import Caller, Door, Role
from bmc.model.clock import Clock
from bmc.model.commands import Command, SerialConsole
from bmc.model.errors import BmcError
from bmc.model.node import Endpoint, NodeSnapshot

log = logging.getLogger(__name__)

R = TypeVar("R")

_ROLES = {
    Privilege.USER: Role.READ_ONLY,
    Privilege.OPERATOR: Role.OPERATOR,
    Privilege.ADMINISTRATOR: Role.ADMINISTRATOR,
}


class ManagedNode(Protocol):
    """What this door needs of a node: DESIGN's three members."""

    @property
    def snapshot(self) -> NodeSnapshot: ...

    async def do(self, command: Command[R], caller: Caller) -> R: ...

    async def open(self, stream: SerialConsole, caller: Caller) -> SerialStream: ...


class CommandError(Exception):
    """A completion code of the command's own, or one that no error of the node stands for."""

    def __init__(self, code: int) -> None:
        super().__init__(f"completion code {code:#04x}")
        self.code = code


class Tasks:
    """Owns what goes on after its request was answered."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, R]) -> "asyncio.Task[R]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True)
class BootState:
    """The boot parameters that only IPMI knows: volatile, and of no consequence to the node.

    `writer` is the session that said "set in progress"; its end is the end of that. `valid_clearing` is parameter 3,
    which at first says that nothing but a boot clears the flags. `flags` is what was last set here; `commands` counts
    what stops a lapse of it.
    `invalid` are the parameters that a client has marked so; `mailbox` is parameter 7, by blocks.
    """

    writer: Session | None = None
    invalid: set[int] = field(default_factory=set)
    mailbox: list[bytes] = field(default_factory=lambda: [bytes(MAILBOX_BLOCK)] * MAILBOX_BLOCKS)
    acknowledged: int = 0
    initiator: bytes = bytes(9)
    valid_clearing: int = 0x1F
    flags: BootFlags = field(default_factory=BootFlags)
    commands: int = 0


@dataclass(slots=True)
class Reservation:
    """The one reservation of a repository, IPMI v2.0 §31.4: it lasts while what it was taken of stays the same.

    For the SEL `kept` is what tells of erasures: new records do not matter to who reads old ones.
    """

    id: int = 0
    kept: object = None

    def reserve(self, state: object) -> int:
        self.id = self.id % 0xFFFF + 1
        self.kept = state
        return self.id

    def holds(self, id: int, state: object) -> bool:
        return id == self.id and self.id != 0 and self.kept == state


@dataclass(slots=True)
class Context:
    """One endpoint and what belongs to it, the same for all of its calls."""

    node: ManagedNode
    sessions: Sessions
    slots: Slots
    config: ConfigKeeper
    sol: SolPort
    clock: Clock
    settings: DoorSettings
    endpoint: Endpoint
    tasks: Tasks = field(default_factory=Tasks)
    boot: BootState = field(default_factory=BootState)
    sel: Reservation = field(default_factory=Reservation)
    sdr: Reservation = field(default_factory=Reservation)


@dataclass(slots=True)
class Call:
    """One request being carried out."""

    context: Context
    request: Request

    @property
    def data(self) -> bytes:
        return self.request.message.data

    @property
    def node(self) -> ManagedNode:
        return self.context.node

    @property
    def peer(self) -> Address:
        return self.request.peer

    @property
    def session(self) -> Session:
        """The session it came in; only rows that need one may ask."""
        if self.request.session is None:
            raise CommandError(0xD4)
        return self.request.session

    @property
    def caller(self) -> Caller:
        """The asker, with the role of the session's present privilege and the scope of its user.

        A user of this node alone is no account of the fleet, though it may bear the name of one.
        """
        session = self.session
        return Caller(
            session.slot.account or f"ipmi:{session.user}",
            _ROLES.get(session.privilege, Role.READ_ONLY),
            session.slot.scope,
            Door.IPMI,
            self.peer[0],
            f"{session.id:08x}-{session.requests}",
        )

    async def do(self, command: Command[R]) -> None:
        """Ask the node, and wait for `patience` seconds: what then still goes on counts as accepted.

        :raise BmcError: the node said so in time.
        """
        work = self.context.tasks.start(self.node.do(command, self.caller))
        if await within(self.context.clock, self.context.settings.patience, work):
            work.result()
        else:
            name = self.node.snapshot.name
            work.add_done_callback(lambda done: _log_outcome(name, command, done))


def _log_outcome(name: str, command: Command[R], done: "asyncio.Task[R]") -> None:
    if done.cancelled():
        return
    error = done.exception()
    if isinstance(error, BmcError):
        log.warning("%s: %s, accepted before, failed: %s", name, command.action, error)
    elif error is not None:
        log.error("%s: %s, accepted before, failed", name, command.action, exc_info=error)


Handler = Callable[[Call], bytes | Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Row:
    """One command. Handlers that only look are plain functions; those that ask something of the node are coroutines.

    `sessionless` commands are answered outside a session too, whatever the privilege.
    """

    netfn: int
    command: int
    privilege: Privilege
    sessionless: bool
    handler: Handler


def command(netfn: int, number: int, privilege: Privilege, sessionless: bool = False) -> Callable[[Handler], Row]:
    """Makes a row of a handler."""
    return lambda handler: Row(netfn, number, privilege, sessionless, handler)
