"""How sessions are opened: Open Session and RAKP messages 1 to 4, IPMI v2.0 §13.17 to §13.24. Without I/O."""

import hmac
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bmc.accounts.sign_ins import SignIns
from bmc.ipmi.half_open import HalfOpen, Pool
from bmc.ipmi.seats import Seated, giving_way
from bmc.ipmi.settings import Counters, Limits, Slot, SlotFinder
from bmc.ipmi.wire.crypto import SUITES, CipherSuite
from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.numbers import PayloadType, Privilege, Status
from bmc.ipmi.wire.packet import PlusPacket, pack_plus
from bmc.ipmi.wire.rakp import (
    MAX_NAME,
    RANDOM,
    KeyExchange,
    OpenSessionRequest,
    OpenSessionResponse,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
    Refusal,
)
from bmc.model.caller import Role
from bmc.model.pace import Pace

log = logging.getLogger(__name__)

Address = tuple[str, int]

PRIVILEGES = {
    Role.READ_ONLY: Privilege.USER,
    Role.OPERATOR: Privilege.OPERATOR,
    Role.ADMINISTRATOR: Privilege.ADMINISTRATOR,
}

_AUTHENTICATIONS = range(0x04)
_INTEGRITIES = range(0x05)
_CONFIDENTIALITIES = range(0x04)
_LOG_INTERVAL = 1.0
"""Seconds between two warnings: whoever sends packets must not fill the log."""

_ROLES = range(Privilege.CALLBACK, Privilege.ADMINISTRATOR + 1)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session whose console has proved that it knows the key; `reply` is RAKP message 4."""

    exchange: KeyExchange
    slot: Slot
    privilege: Privilege
    peer: Address
    reply: bytes


Ceiling = Callable[[int], int]
"""The highest privilege level of a session, by cipher suite id; 0 where the suite is not used."""


def no_ceiling(suite: int) -> int:
    return Privilege.ADMINISTRATOR


class Handshake:
    """All half-open sessions of one endpoint."""

    def __init__(
        self,
        node: str,
        guid: bytes,
        slots: SlotFinder,
        limits: Limits,
        counters: Counters,
        sign_ins: SignIns,
        ceiling: Ceiling = no_ceiling,
    ) -> None:
        self._node = node
        self._guid = guid
        self._slots = slots
        self._limits = limits
        self._counters = counters
        self._sign_ins = sign_ins
        self._ceiling = ceiling
        self._opened = Pool(limits.half_open, limits.half_open_per_source, limits.half_open_per_peer)
        self._named = Pool(limits.half_open_named, limits.half_open_per_source, limits.half_open_per_peer)
        self._now = 0.0
        self._log_pace = Pace(1, _LOG_INTERVAL)

    @property
    def idle(self) -> bool:
        return not self._opened and not self._named

    def expire(self, now: float) -> None:
        for half in [*self._opened, *self._named]:
            if now - half.since >= self._limits.half_open_lifetime:
                self.forget(half.session_id)
            elif half.slot is not None and half.answered is None and now - half.since >= self._limits.half_open_blamed:
                self._blame(half, half.slot)

    def _blame(self, half: HalfOpen, slot: Slot) -> None:
        """A console that falls silent once it has message 2: ipmitool and FreeIPMI do so with a wrong key.

        So does who only wants the HMAC in it, and a bad network, which a log-in that succeeds after all makes good.
        """
        if not half.blamed:
            half.blamed = True
            self._counters["wrong-key"] += 1
            self._sign_ins.failed(slot.name, slot.account, half.peer[0])

    def receive(
        self, packet: PlusPacket, peer: Address, now: float, active: Mapping[int, Seated]
    ) -> bytes | Opened | None:
        """One packet outside a session; `active` are the sessions there are. :raise WireError: it is none of ours."""
        self._now = now
        if packet.payload_type == PayloadType.OPEN_SESSION_REQUEST:
            reply = self._open(OpenSessionRequest.unpack(packet.payload), peer, active)
            return _packet(PayloadType.OPEN_SESSION_RESPONSE, reply)
        if packet.payload_type == PayloadType.RAKP_1:
            return _packet(PayloadType.RAKP_2, self._rakp1(Rakp1.unpack(packet.payload), active))
        if packet.payload_type == PayloadType.RAKP_3:
            return self._rakp3(Rakp3.unpack(packet.payload), peer, active)
        raise WireError(f"payload type {packet.payload_type:#04x} outside a session")

    def _open(
        self, request: OpenSessionRequest, peer: Address, active: Mapping[int, Seated]
    ) -> OpenSessionResponse | Refusal:
        """§13.17 and §13.18."""
        suite = _suite(request, [suite for suite in SUITES if self._ceiling(suite.id)])
        if isinstance(suite, Status):
            return self._refuse(request.tag, suite, request.console_id, peer, "proposed algorithms")
        if request.privilege != Privilege.HIGHEST and request.privilege not in _ROLES:
            return Refusal(request.tag, Status.INVALID_ROLE, request.console_id)
        session_id = self._new_id(active)
        limit = min(request.privilege or Privilege.ADMINISTRATOR, self._ceiling(suite.id))
        half = HalfOpen(session_id, request.console_id, suite, limit, peer, self._now, os.urandom(RANDOM))
        self._counters["half-open-dropped"] += self._opened.add(half)
        return OpenSessionResponse(
            request.tag,
            limit,
            request.console_id,
            session_id,
            suite.authentication,
            suite.integrity,
            suite.confidentiality,
        )

    def _rakp1(self, message: Rakp1, active: Mapping[int, Seated]) -> Rakp2 | Refusal:
        """§13.20 and §13.21. A repeated message gets the same answer."""
        half = self._find(message.session_id)
        if half is None:
            return Refusal(message.tag, Status.INVALID_SESSION_ID, 0)
        if half.first is not None and half.first != message:
            # A second, different message 1 must not choose who a session belongs to.
            raise WireError("another RAKP message 1 for the same session")
        status, slot = self._look_up(message, half)
        if slot is None:
            self.forget(half.session_id)
            return self._refuse(message.tag, status, half.console_id, half.peer, repr(message.name))
        if not self._has_seat(slot, half, active):
            self.forget(half.session_id)
            return self._refuse(message.tag, Status.NO_RESOURCES, half.console_id, half.peer, "too many sessions")
        if half.first is None:
            # Who has seen our answer and knows a user is out of reach of those who forge their addresses.
            self._opened.remove(half.session_id)
            self._counters["half-open-dropped"] += self._named.add(half)
        half.first = message
        half.slot = slot
        half.exchange = KeyExchange(
            half.suite,
            half.console_id,
            half.session_id,
            message.random,
            half.random,
            self._guid,
            message.role,
            message.name,
            slot.key,
        )
        return Rakp2(message.tag, half.console_id, half.random, self._guid, half.exchange.rakp2_code())

    def _look_up(self, message: Rakp1, half: HalfOpen) -> tuple[Status, Slot | None]:
        """Whose key to use. Looked up by name alone or by name and role, the answer differs only in its refusal.

        A lookup by role alone (no name) finds nobody, since anonymous users do not exist. Who is locked is told what a
        disabled user is told, at once and without a look at the key.
        """
        if len(message.name) > MAX_NAME:
            return Status.INVALID_NAME_LENGTH, None
        if message.privilege not in _ROLES:
            return Status.INVALID_ROLE, None
        slot = self._slots.ipmi_slot(self._node, message.name) if message.name else None
        if slot is None or not slot.usable or slot.privilege is None:
            return Status.UNAUTHORIZED_NAME, None
        if self._sign_ins.locked(slot.name, half.peer[0]):
            self._counters["locked"] += 1
            return Status.UNAUTHORIZED_NAME, None
        if message.privilege > PRIVILEGES[slot.privilege]:
            return (Status.UNAUTHORIZED_ROLE if message.name_only else Status.UNAUTHORIZED_NAME), None
        if message.privilege > min(half.limit, self._ceiling(half.suite.id)):
            return Status.UNAUTHORIZED_ROLE, None
        return Status.OK, slot

    def _rakp3(self, message: Rakp3, peer: Address, active: Mapping[int, Seated]) -> bytes | Opened | None:
        """§13.22 and §13.23."""
        half = self._find(message.session_id)
        if half is None or half.exchange is None or half.slot is None or half.first is None:
            return _packet(PayloadType.RAKP_4, Refusal(message.tag, Status.INVALID_SESSION_ID, 0))
        if half.answered is not None:
            if message != half.answered[0]:
                raise WireError("another RAKP message 3 for the same session")
            return half.answered[1]
        refused = self._judge(message, half, half.exchange, half.slot, active)
        if refused != Status.OK:
            self.forget(half.session_id)
        if message.status != Status.OK:
            log.debug("%s: %s gave up with RAKP status %#04x", self._node, half.slot.name.decode(), message.status)
            return None
        if refused != Status.OK:
            refusal = self._refuse(message.tag, refused, half.console_id, peer, f"RAKP message 3 of {half.slot.name!r}")
            return _packet(PayloadType.RAKP_4, refusal)
        self._sign_ins.succeeded(half.slot.name, half.peer[0])
        reply = _packet(PayloadType.RAKP_4, Rakp4(message.tag, half.console_id, half.exchange.rakp4_code()))
        half.answered = (message, reply)
        return Opened(half.exchange, half.slot, Privilege(half.first.privilege), peer, reply)

    def _judge(
        self, message: Rakp3, half: HalfOpen, exchange: KeyExchange, slot: Slot, active: Mapping[int, Seated]
    ) -> Status:
        """Whether message 3 opens a session.

        Some consoles with a wrong key say so themselves, since they cannot verify message 2: that counts as well.
        Locked in the meantime is locked, however many began before.
        """
        if self._sign_ins.locked(slot.name, half.peer[0]):
            self._counters["locked"] += 1
            return Status.UNAUTHORIZED_NAME
        gave_up = message.status != Status.OK
        if gave_up and message.status != Status.INVALID_INTEGRITY_CHECK:
            return Status.ILLEGAL_PARAMETER
        if gave_up or not hmac.compare_digest(exchange.rakp3_code(), message.code):
            self._blame(half, slot)
            return Status.INVALID_INTEGRITY_CHECK
        if self._slots.ipmi_slot(self._node, slot.name) != slot:
            return Status.UNAUTHORIZED_NAME
        return Status.OK if self._has_seat(slot, half, active) else Status.NO_RESOURCES

    def _has_seat(self, slot: Slot, half: HalfOpen, active: Mapping[int, Seated]) -> bool:
        """There is one, or somebody gives way."""
        if _at_limit(slot, active):
            return False
        if len(active) < self._limits.sessions:
            return True
        return giving_way(active.values(), slot.slot, half.peer[0]) is not None

    def _find(self, session_id: int) -> HalfOpen | None:
        return self._named.get(session_id) or self._opened.get(session_id)

    def _refuse(self, tag: int, status: Status, console_id: int, peer: Address, why: str) -> Refusal:
        self._counters["refused"] += 1
        if self._log_pace.passes(self._now):
            log.warning("%s: session from %s port %d refused (%s): %s", self._node, *peer, status.name, why)
        return Refusal(tag, status, console_id)

    def forget(self, session_id: int) -> None:
        """The session is in use, so its console has RAKP message 4; or it is given up."""
        self._opened.remove(session_id)
        self._named.remove(session_id)

    def _new_id(self, active: Mapping[int, Seated]) -> int:
        """Random, not 0, and of no other session."""
        while True:
            session_id = int.from_bytes(os.urandom(4), "little")
            if session_id and self._find(session_id) is None and session_id not in active:
                return session_id


def _at_limit(slot: Slot, active: Mapping[int, Seated]) -> bool:
    """The user has as many sessions as it may have at a time, §22.26."""
    return 0 < slot.sessions <= sum(session.slot.slot == slot.slot for session in active.values())


def _suite(request: OpenSessionRequest, usable: Sequence[CipherSuite]) -> CipherSuite | Status:
    """The first of the `usable` suites, strongest first, that the proposal allows, or why there is none."""
    if request.authentication is not None and request.authentication not in _AUTHENTICATIONS:
        return Status.INVALID_AUTHENTICATION
    if request.integrity is not None and request.integrity not in _INTEGRITIES:
        return Status.INVALID_INTEGRITY
    if request.confidentiality is not None and request.confidentiality not in _CONFIDENTIALITIES:
        return Status.INVALID_CONFIDENTIALITY
    for suite in usable:
        if (
            request.authentication in (None, suite.authentication)
            and request.integrity in (None, suite.integrity)
            and request.confidentiality in (None, suite.confidentiality)
        ):
            return suite
    return Status.NO_CIPHER_SUITE_MATCH


def _packet(payload_type: int, message: OpenSessionResponse | Rakp2 | Rakp4 | Refusal) -> bytes:
    return pack_plus(payload_type, 0, 0, message.pack())
