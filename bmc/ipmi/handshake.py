"""Half-open sessions: Open Session and RAKP messages 1 to 4, IPMI v2.0 §13.17 to §13.24. Without I/O."""

import hmac
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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


@dataclass(slots=True)
class _HalfOpen:
    """Between Open Session and RAKP message 3; afterwards kept for a repeated message 3, with its `answered`."""

    session_id: int
    console_id: int
    suite: CipherSuite
    limit: int
    peer: Address
    since: float
    random: bytes
    first: Rakp1 | None = None
    exchange: KeyExchange | None = None
    slot: Slot | None = None
    answered: tuple[Rakp3, bytes] | None = None


class ActiveSession(Protocol):
    """What is asked here of a session that there is."""

    slot: Slot


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
        ceiling: Ceiling = no_ceiling,
    ) -> None:
        self._node = node
        self._guid = guid
        self._slots = slots
        self._limits = limits
        self._counters = counters
        self._ceiling = ceiling
        self._half_open: dict[int, _HalfOpen] = {}
        self._now = 0.0
        self._quiet_until = 0.0

    @property
    def idle(self) -> bool:
        return not self._half_open

    def expire(self, now: float) -> None:
        self._half_open = {
            session_id: half
            for session_id, half in self._half_open.items()
            if now - half.since < self._limits.half_open_lifetime
        }

    def receive(
        self, packet: PlusPacket, peer: Address, now: float, active: Mapping[int, ActiveSession]
    ) -> bytes | Opened | None:
        """One packet outside a session; `active` are the sessions there are. :raise WireError: it is none of ours."""
        self._now = now
        if packet.payload_type == PayloadType.OPEN_SESSION_REQUEST:
            reply = self._open(OpenSessionRequest.unpack(packet.payload), peer, active)
            return _packet(PayloadType.OPEN_SESSION_RESPONSE, reply)
        if packet.payload_type == PayloadType.RAKP_1:
            return _packet(PayloadType.RAKP_2, self._rakp1(Rakp1.unpack(packet.payload)))
        if packet.payload_type == PayloadType.RAKP_3:
            return self._rakp3(Rakp3.unpack(packet.payload), peer, active)
        raise WireError(f"payload type {packet.payload_type:#04x} outside a session")

    def _open(
        self, request: OpenSessionRequest, peer: Address, active: Mapping[int, object]
    ) -> OpenSessionResponse | Refusal:
        """§13.17 and §13.18."""
        suite = _suite(request, [suite for suite in SUITES if self._ceiling(suite.id)])
        if isinstance(suite, Status):
            return self._refuse(request.tag, suite, request.console_id, peer, "proposed algorithms")
        if request.privilege != Privilege.HIGHEST and request.privilege not in _ROLES:
            return Refusal(request.tag, Status.INVALID_ROLE, request.console_id)
        if len(active) >= self._limits.sessions:
            return self._refuse(request.tag, Status.NO_RESOURCES, request.console_id, peer, "too many sessions")
        self._make_room(peer)
        session_id = self._new_id(active)
        limit = min(request.privilege or Privilege.ADMINISTRATOR, self._ceiling(suite.id))
        self._half_open[session_id] = _HalfOpen(
            session_id, request.console_id, suite, limit, peer, self._now, os.urandom(RANDOM)
        )
        return OpenSessionResponse(
            request.tag,
            limit,
            request.console_id,
            session_id,
            suite.authentication,
            suite.integrity,
            suite.confidentiality,
        )

    def _rakp1(self, message: Rakp1) -> Rakp2 | Refusal:
        """§13.20 and §13.21. A repeated message gets the same answer."""
        half = self._half_open.get(message.session_id)
        if half is None:
            return Refusal(message.tag, Status.INVALID_SESSION_ID, 0)
        if half.first is not None and half.first != message:
            # A second, different message 1 must not choose who a session belongs to.
            raise WireError("another RAKP message 1 for the same session")
        status, slot = self._look_up(message, half)
        if slot is None:
            self.forget(half.session_id)
            return self._refuse(message.tag, status, half.console_id, half.peer, repr(message.name))
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

    def _look_up(self, message: Rakp1, half: _HalfOpen) -> tuple[Status, Slot | None]:
        """Whose key to use. Looked up by name alone or by name and role, the answer differs only in its refusal.

        A lookup by role alone (no name) finds nobody, since anonymous users do not exist.
        """
        if len(message.name) > MAX_NAME:
            return Status.INVALID_NAME_LENGTH, None
        if message.privilege not in _ROLES:
            return Status.INVALID_ROLE, None
        slot = self._slots.ipmi_slot(self._node, message.name) if message.name else None
        if slot is None or not slot.usable or slot.privilege is None:
            return Status.UNAUTHORIZED_NAME, None
        if message.privilege > PRIVILEGES[slot.privilege]:
            return (Status.UNAUTHORIZED_ROLE if message.name_only else Status.UNAUTHORIZED_NAME), None
        if message.privilege > min(half.limit, self._ceiling(half.suite.id)):
            return Status.UNAUTHORIZED_ROLE, None
        return Status.OK, slot

    def _rakp3(self, message: Rakp3, peer: Address, active: Mapping[int, ActiveSession]) -> bytes | Opened | None:
        """§13.22 and §13.23."""
        half = self._half_open.get(message.session_id)
        if half is None or half.exchange is None or half.slot is None or half.first is None:
            return _packet(PayloadType.RAKP_4, Refusal(message.tag, Status.INVALID_SESSION_ID, 0))
        if half.answered is not None:
            if message != half.answered[0]:
                raise WireError("another RAKP message 3 for the same session")
            return half.answered[1]
        if message.status != Status.OK:
            self.forget(half.session_id)
            log.info("%s: %s gave up with RAKP status %#04x", self._node, half.slot.name.decode(), message.status)
            return None
        if not hmac.compare_digest(half.exchange.rakp3_code(), message.code):
            self.forget(half.session_id)
            self._counters["wrong-key"] += 1
            refusal = self._refuse(
                message.tag, Status.INVALID_INTEGRITY_CHECK, half.console_id, peer, f"wrong key for {half.slot.name!r}"
            )
            return _packet(PayloadType.RAKP_4, refusal)
        if self._slots.ipmi_slot(self._node, half.first.name) != half.slot:
            self.forget(half.session_id)
            return _packet(PayloadType.RAKP_4, Refusal(message.tag, Status.UNAUTHORIZED_NAME, half.console_id))
        if len(active) >= self._limits.sessions or _at_limit(half.slot, active):
            return _packet(PayloadType.RAKP_4, Refusal(message.tag, Status.NO_RESOURCES, half.console_id))
        reply = _packet(PayloadType.RAKP_4, Rakp4(message.tag, half.console_id, half.exchange.rakp4_code()))
        half.answered = (message, reply)
        return Opened(half.exchange, half.slot, Privilege(half.first.privilege), peer, reply)

    def _refuse(self, tag: int, status: Status, console_id: int, peer: Address, why: str) -> Refusal:
        self._counters["refused"] += 1
        if self._now >= self._quiet_until:
            self._quiet_until = self._now + _LOG_INTERVAL
            log.warning("%s: session from %s port %d refused (%s): %s", self._node, *peer, status.name, why)
        return Refusal(tag, status, console_id)

    def _make_room(self, peer: Address) -> None:
        """Bounds what one socket, one source and all together may hold; only who takes too much loses something."""
        if len(self._half_open) < self._limits.half_open_per_peer:
            return
        everyone = list(self._half_open.values())
        source = [half for half in everyone if half.peer[0] == peer[0]]
        same = [half for half in source if half.peer == peer]
        if len(same) >= self._limits.half_open_per_peer:
            self._drop_one(same)
        elif len(source) >= self._limits.half_open_per_source:
            self._drop_one(source)
        elif len(everyone) >= self._limits.half_open:
            self._drop_one(everyone)

    def _drop_one(self, candidates: list[_HalfOpen]) -> None:
        """The oldest of the greediest source among those of no more use; those that named a user go last."""
        expendable = [half for half in candidates if half.first is None or half.answered is not None] or candidates
        greediest = Counter(half.peer[0] for half in expendable).most_common(1)[0][0]
        self.forget(next(half.session_id for half in expendable if half.peer[0] == greediest))
        self._counters["half-open-dropped"] += 1

    def forget(self, session_id: int) -> None:
        """The session is in use, so its console has RAKP message 4; or it is given up."""
        self._half_open.pop(session_id, None)

    def _new_id(self, active: Mapping[int, object]) -> int:
        """Random, not 0, and of no other session."""
        while True:
            session_id = int.from_bytes(os.urandom(4), "little")
            if session_id and session_id not in self._half_open and session_id not in active:
                return session_id


def _at_limit(slot: Slot, active: Mapping[int, ActiveSession]) -> bool:
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
