"""What a command handler sees: the request, who sent it, and the node it is for."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Protocol, TypeVar, overload

from bmc.ipmi.alerts import Alerts
from bmc.ipmi.config import ConfigKeeper
from bmc.ipmi.handshake import Address
from bmc.ipmi.host import HostState
from bmc.ipmi.patience import done_after
from bmc.ipmi.pef import Pef
from bmc.ipmi.session import Request, Session, Sessions
from bmc.ipmi.settings import DoorSettings, Slots
from bmc.ipmi.sol import SerialStream, SolPort
from bmc.ipmi.wire.app import DevicePower, SystemPower
from bmc.ipmi.wire.boot import MAILBOX_BLOCK, MAILBOX_BLOCKS, BootFlags
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import Code, ParameterCode, Privilege
from bmc.model.boot import BootOverride
from bmc.model.caller import Caller, Door, Role, Scope, guest_account
from bmc.model.clock import Clock
from bmc.model.commands import Command, SerialConsole, SystemInterface
from bmc.model.errors import BmcError
from bmc.model.node import Endpoint, NodeSnapshot

log = logging.getLogger(__name__)

R = TypeVar("R")

_COMPLETE, _BEGUN, _COMMIT = range(3)

_ROLES = {
    Privilege.USER: Role.READ_ONLY,
    Privilege.OPERATOR: Role.OPERATOR,
    Privilege.ADMINISTRATOR: Role.ADMINISTRATOR,
}


class HostStream(Protocol):
    """The BMC's end of the system interface."""

    async def read(self, limit: int = 262144) -> bytes:
        """b"" at its end."""

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...


class ManagedNode(Protocol):
    """What this door needs of a node: DESIGN's three members."""

    @property
    def snapshot(self) -> NodeSnapshot: ...

    async def do(self, command: Command[R], caller: Caller) -> R: ...

    @overload
    async def open(self, stream: SerialConsole, caller: Caller) -> SerialStream: ...

    @overload
    async def open(self, stream: SystemInterface, caller: Caller) -> HostStream: ...


def host_caller(node: str) -> Caller:
    """The guest acts as administrator of its own node and of nothing else; rows that it may not use are `guarded`."""
    return Caller(guest_account(node), Role.ADMINISTRATOR, Scope.only(node), Door.HOST)


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
class SetInProgress:
    """Parameter 0 of whatever has parameters, IPMI v2.0 §23.1: who sets is marked until it says so or has ended.

    No more than that: every parameter takes effect as it is written, so that nothing is to be committed. Some clients
    do so all the same, and where they do (`committed`) it is taken for the end.
    """

    committed: bool = False
    writer: "Session | HostState | None" = None

    def read(self) -> bytes:
        return bytes((self.writer is not None and not self.writer.ended,))

    def write(self, data: bytes, writer: "Session | HostState", otherwise: int = Code.INVALID_FIELD) -> None:
        """0 complete, 1 in progress, 2 commit. :raise CommandError: 81h, another sets; `otherwise`, none of these."""
        expect_length(data, 1)
        state = data[0]
        if state == _COMPLETE or (state == _COMMIT and self.committed):
            self.writer = None
        elif state != _BEGUN:
            raise CommandError(otherwise)
        elif self.writer is not None and self.writer is not writer and not self.writer.ended:
            raise CommandError(ParameterCode.IN_PROGRESS)
        else:
            self.writer = writer


@dataclass(slots=True)
class BootState:
    """The boot parameters that only IPMI knows: volatile, and of no consequence to the node.

    `valid_clearing` is parameter 3, which at first says that nothing but a boot clears the flags. `flags` is what was
    last set here, and `lapse` is when it ends, what then is to be cleared and by whom; while `lapsing` somebody waits
    for that. `invalid` are the parameters that a client has marked so; `mailbox` is parameter 7, by blocks.
    """

    progress: SetInProgress = field(default_factory=lambda: SetInProgress(committed=True))
    invalid: set[int] = field(default_factory=set)
    mailbox: list[bytes] = field(default_factory=lambda: [bytes(MAILBOX_BLOCK)] * MAILBOX_BLOCKS)
    acknowledged: int = 0
    initiator: bytes = bytes(9)
    valid_clearing: int = 0x1F
    flags: BootFlags = field(default_factory=BootFlags)
    lapse: tuple[float, BootOverride, Caller] | None = None
    lapsing: bool = False


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
class AcpiState:
    """What the guest says of its ACPI states, IPMI v2.0 §20.6, in the stretch of power that began at `since`."""

    since: float = 0.0
    system: SystemPower | None = None
    device: DevicePower | None = None


@dataclass(slots=True)
class Context:
    """One endpoint and what belongs to it, the same for all of its calls. `rows` is the table of commands."""

    node: ManagedNode
    sessions: Sessions
    slots: Slots
    config: ConfigKeeper
    sol: SolPort
    clock: Clock
    settings: DoorSettings
    endpoint: Endpoint
    alerts: Alerts
    pef: Pef
    tasks: Tasks
    rows: "Mapping[tuple[int, int], Row]"
    boot: BootState = field(default_factory=BootState)
    lan_progress: SetInProgress = field(default_factory=SetInProgress)
    sel: Reservation = field(default_factory=Reservation)
    sdr: Reservation = field(default_factory=Reservation)
    host: HostState = field(default_factory=HostState)
    sol_progress: SetInProgress = field(default_factory=SetInProgress)
    pef_progress: SetInProgress = field(default_factory=SetInProgress)
    acpi: AcpiState = field(default_factory=AcpiState)
    system_info_progress: SetInProgress = field(default_factory=lambda: SetInProgress(committed=True))

    async def restart(self) -> None:
        """The BMC's own reset: sessions and console end, and what is neither stored nor the node's is as at a start.

        What goes on in `tasks` goes on, since it acts on the node.
        """
        for session in self.sessions.active:
            self.sessions.end(session)
        await self.sol.deactivate()
        for item in fields(self):
            if item.default_factory is not MISSING and item.name != "tasks":
                setattr(self, item.name, item.default_factory())


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
    def writer(self) -> "Session | HostState":
        """Who says "set in progress": a session, or the guest."""
        return self.context.host if self.request.host else self.session

    @property
    def caller(self) -> Caller:
        """The asker, with the role of the session's present privilege and the scope of its user.

        A user of this node alone is no account of the fleet, though it may bear the name of one.
        """
        if self.request.host:
            return host_caller(self.node.snapshot.name)
        session = self.session
        return Caller(
            session.slot.account or f"ipmi:{session.user}",
            _ROLES.get(session.privilege, Role.READ_ONLY),
            session.slot.scope,
            Door.IPMI,
            self.peer[0],
            f"{session.id:08x}-{session.requests}",
        )

    async def act(self, command: Command[R]) -> None:
        """Have the node do what may take long, and wait for `patience` seconds: what then still goes on is accepted.

        For what the node itself remembers before it acts. What is only stored is waited for: success means stored.

        :raise BmcError: the node said so in time.
        """
        work = self.context.tasks.start(self.node.do(command, self.caller))
        if await done_after(self.context.clock, self.context.settings.patience, work):
            work.result()
        else:
            name = self.node.snapshot.name
            goes_on(self.request, work)
            work.add_done_callback(lambda done: _log_outcome(name, command, done))


def goes_on(request: Request, work: "asyncio.Task[Any]") -> None:
    """Until it is done `work` counts as under way of the session that asked for it."""
    session = request.session
    if session is not None:
        session.under_way += 1
        work.add_done_callback(lambda _: _over(session))


def _over(session: Session) -> None:
    session.under_way -= 1


def _log_outcome(name: str, command: Command[R], done: "asyncio.Task[R]") -> None:
    if done.cancelled():
        return
    error = done.exception()
    if isinstance(error, BmcError):
        log.warning("%s: %s, accepted before, failed: %s", name, command.action, error)
    elif error is not None:
        log.error("%s: %s, accepted before, failed", name, command.action, exc_info=error)


Handler = Callable[[Call], bytes | Coroutine[Any, Any, bytes]]


@dataclass(frozen=True, slots=True)
class Row:
    """One command. Handlers that only look are plain functions; those that ask something of the node are coroutines.

    `sessionless` commands are answered outside a session too, whatever the privilege. `guarded` ones are refused to the
    node's own guest: root in there must not become an administrator out here.
    """

    netfn: int
    command: int
    privilege: Privilege
    sessionless: bool
    handler: Handler
    guarded: bool = False


IN_BAND_ONLY = Privilege.NO_ACCESS
"""The privilege that no session has: what the specification leaves to the system interface."""


def command(
    netfn: int, number: int, privilege: Privilege, sessionless: bool = False, guarded: bool = False
) -> Callable[[Handler], Row]:
    """Makes a row of a handler."""
    return lambda handler: Row(netfn, number, privilege, sessionless, handler, guarded)
