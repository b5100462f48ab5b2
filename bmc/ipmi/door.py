"""The IPMI door of one node, without sockets: datagrams in, datagrams out through `send`."""

import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bmc.accounts.lockout import Lockout
from bmc.accounts.sign_ins import SignIns
from bmc.ipmi.alerts import Alerts
from bmc.ipmi.commands import TABLE
from bmc.ipmi.commands.call import Call, CommandError, Context, ManagedNode, Row, Tasks, goes_on
from bmc.ipmi.config import ConfigKeeper
from bmc.ipmi.handshake import Address
from bmc.ipmi.kcs import HostSide
from bmc.ipmi.pef import Pef
from bmc.ipmi.session import Request, Session, Sessions, SolInput
from bmc.ipmi.settings import Counters, DoorSettings, EventSink, Slot, Slots
from bmc.ipmi.sol import SolPort
from bmc.ipmi.wire.app import pack_guid
from bmc.ipmi.wire.crypto import SUITES, CipherSuite
from bmc.ipmi.wire.errors import WireError, WrongLength
from bmc.ipmi.wire.message import Message
from bmc.ipmi.wire.numbers import Code, PayloadType, Privilege
from bmc.model.clock import Clock
from bmc.model.errors import (
    BackendFailed,
    BmcError,
    Busy,
    Denied,
    InvalidRequest,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Refused,
    TimedOut,
    Unreachable,
    WrongState,
)
from bmc.model.events import Event
from bmc.model.node import Endpoint
from bmc.store import StoreFailed

log = logging.getLogger(__name__)

CODES: dict[type[BmcError], Code] = {
    Busy: Code.BUSY,
    WrongState: Code.WRONG_STATE,
    Refused: Code.WRONG_STATE,
    NotSupported: Code.WRONG_STATE,
    InvalidRequest: Code.INVALID_FIELD,
    NotFound: Code.NOT_PRESENT,
    Denied: Code.INSUFFICIENT_PRIVILEGE,
    Unreachable: Code.NO_RESPONSE,
    OutcomeUnknown: Code.UNSPECIFIED,
    BackendFailed: Code.UNSPECIFIED,
    TimedOut: Code.TIMEOUT,
}
"""The door's one translation of what can go wrong with a node. D5h covers parameters that are not supported."""


def code_of(error: Exception) -> int:
    """The completion code that says what happened; an error that nobody foresaw is logged whole."""
    if isinstance(error, CommandError):
        return error.code
    if isinstance(error, WrongLength):
        return Code.LENGTH_INVALID
    if isinstance(error, WireError):
        return Code.INVALID_FIELD
    if isinstance(error, StoreFailed):
        log.error("IPMI command not carried out: %s", error)
        return Code.OUT_OF_SPACE
    for kind, code in CODES.items():
        if isinstance(error, kind):
            return code
    log.error("IPMI command failed", exc_info=error)
    return Code.UNSPECIFIED


class Visitors:
    """Slots of which those alone are found in whose scope the node lies, with its tags of now."""

    def __init__(self, node: ManagedNode, slots: Slots) -> None:
        self._node = node
        self._slots = slots

    def ipmi_slot(self, node: str, name: bytes) -> Slot | None:
        slot = self._slots.ipmi_slot(node, name)
        return slot if slot is not None and self.admitted(slot) else None

    def slots(self, node: str) -> Sequence[Slot]:
        """All, as `ipmitool user list` shows them."""
        return self._slots.slots(node)

    def on_slot_changed(self, callback: Callable[[str, int], None]) -> None:
        self._slots.on_slot_changed(callback)

    def admitted(self, slot: Slot) -> bool:
        definition = self._node.snapshot.definition
        return slot.scope.covers(definition.name, definition.tags)


class NodeDoor:
    """Sessions, commands and SOL of one node, whose door is at `endpoint`."""

    def __init__(
        self,
        node: ManagedNode,
        slots: Slots,
        config: ConfigKeeper,
        clock: Clock,
        settings: DoorSettings,
        endpoint: Endpoint,
        counters: Counters,
        send: Callable[[bytes, Address], None],
        lockout: Lockout,
        events: EventSink | None = None,
    ) -> None:
        self.counters = counters
        self._clock = clock
        self._send = send
        self._visitors = Visitors(node, slots)
        name, guid = node.snapshot.definition.name, pack_guid(node.snapshot.definition.uuid)
        self._events = events
        self._tasks = Tasks()
        self._sign_ins = SignIns(name, lockout, clock, self._tell)
        self._sessions = Sessions(
            name, guid, self._visitors, settings.limits, self.counters, self._sign_ins, config.ceiling
        )
        self._sol = SolPort(self._send_sol, clock, config)
        alerts = Alerts(config, clock, settings, endpoint)
        self._pef = Pef(node, config, alerts, clock, self._tasks.start)
        self._context = Context(
            node,
            self._sessions,
            slots,
            config,
            self._sol,
            clock,
            settings,
            endpoint,
            alerts,
            self._pef,
            self._tasks,
            TABLE,
        )
        self._host = HostSide(self._context, self._answer_host) if node.snapshot.has_host_interface else None

    def start(self) -> None:
        """Begin to serve the node's own guest, too."""
        if self._host is not None:
            self._tasks.start(self._host.run())

    @property
    def idle(self) -> bool:
        """No session, half-open or whole, no guest that may have to be told something, no event to look for."""
        return self._sessions.idle and self._host is None and not self._pef.enabled

    @property
    def sessions(self) -> int:
        """Open now."""
        return len(self._sessions.active)

    @property
    def suites(self) -> dict[CipherSuite, Privilege]:
        """The most that a session with each cipher suite may do now, strongest first; without those not in use."""
        ceilings = {suite: self._context.config.ceiling(suite.id) for suite in SUITES}
        return {suite: Privilege(ceiling) for suite, ceiling in ceilings.items() if ceiling}

    def receive(self, datagram: bytes, peer: Address) -> None:
        """One datagram. Whatever it holds, this does not raise."""
        try:
            received = self._sessions.receive(datagram, peer, self._clock.monotonic())
            if received is None:
                return
            if isinstance(received, bytes):
                self._send(received, peer)
            elif isinstance(received, Request):
                self._carry_out(received)
            elif isinstance(received, SolInput):
                self._sol.receive(received.session, received.payload)
            self._end_orphan()
        except WireError as error:
            self.counters["malformed"] += 1
            log.debug("datagram from %s port %d dropped: %s", *peer, error)
        except Exception:
            self.counters["failed"] += 1
            log.exception("datagram from %s port %d", *peer)

    def expire(self) -> None:
        """Time passes: ends what is over, and holds what is new in the SEL against the event filters."""
        self._sessions.expire(self._clock.monotonic())
        self._end_orphan()
        self._pef.look()
        if self._host is not None and self._host.open:
            self._tasks.start(self._host.attend())

    def revoke(self, slot: int) -> None:
        """The user in `slot` was changed or removed: its sessions and their console end now, and so does a lock."""
        for user in self._visitors.slots(self._context.node.snapshot.name):
            if user.slot == slot:
                self._sign_ins.forget(user.name)
        self._sessions.revoke(slot)
        self._end_orphan()

    async def restart(self) -> None:
        """The BMC's own reset."""
        await self._context.restart()

    async def close(self) -> None:
        for session in self._sessions.active:
            self._sessions.end(session)
        await self._sol.deactivate()
        await self._tasks.close()

    def _carry_out(self, request: Request) -> None:
        self.counters["requests"] += 1
        answer = self._start(request)
        if isinstance(answer, bytes):
            self._send(answer, request.peer)
        elif request.session is not None and request.session.under_way >= self._sessions.limits.under_way:
            answer.close()
            self.counters["too-many"] += 1
            self._send(self._sessions.answer(request, Code.BUSY), request.peer)
        else:
            goes_on(request, self._tasks.start(self._finish(request, answer)))

    def _start(self, request: Request) -> bytes | Coroutine[Any, Any, bytes]:
        """The answer, or a handler under way."""
        message, session = request.message, request.session
        if message.lun:
            return self._sessions.answer(request, Code.INVALID_FOR_LUN)
        row = TABLE.get((message.netfn, message.command))
        if row is None:
            return self._sessions.answer(request, Code.INVALID_COMMAND)
        if not row.sessionless and not self._may(session, row):
            return self._sessions.answer(request, Code.INSUFFICIENT_PRIVILEGE)
        try:
            result = row.handler(Call(self._context, request))
        except Exception as error:
            return self._sessions.answer(request, code_of(error))
        return self._sessions.answer(request, Code.OK, result) if isinstance(result, bytes) else result

    async def _answer_host(self, message: Message) -> tuple[int, bytes]:
        """A request of the guest's software: whatever it holds, this does not raise."""
        self.counters["host-requests"] += 1
        row = TABLE.get((message.netfn, message.command))
        if message.lun:
            return Code.INVALID_FOR_LUN, b""
        if row is None:
            return Code.INVALID_COMMAND, b""
        if row.guarded:
            return Code.INSUFFICIENT_PRIVILEGE, b""
        try:
            result = row.handler(Call(self._context, Request(message, ("", 0), None, host=True)))
            return Code.OK, result if isinstance(result, bytes) else await result
        except Exception as error:
            return code_of(error), b""

    def _may(self, session: Session | None, row: Row) -> bool:
        """The node may have left the user's scope since the session began: another tag is no change of the user."""
        return session is not None and session.privilege >= row.privilege and self._visitors.admitted(session.slot)

    async def _finish(self, request: Request, work: Coroutine[Any, Any, bytes]) -> None:
        try:
            answer = self._sessions.answer(request, Code.OK, await work)
        except Exception as error:
            answer = self._sessions.answer(request, code_of(error))
        self._send(answer, request.peer)

    def _tell(self, event: Event) -> None:
        if self._events is not None:
            self._tasks.start(self._publish(self._events, event))

    async def _publish(self, events: EventSink, event: Event) -> None:
        try:
            await events.publish(event)
        except StoreFailed as error:
            log.error("%s, which could not be stored: %s", event.message, error)

    def _end_orphan(self) -> None:
        """A console ends with its session."""
        if self._sol.owner is not None and (self._sol.owner.ended or self._sol.owner.revoked):
            self._tasks.start(self._sol.deactivate())

    def _send_sol(self, session: Session, payload: bytes) -> None:
        self._send(session.seal(PayloadType.SOL, payload), session.peer)
