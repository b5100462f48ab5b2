"""The sessions of one endpoint, without I/O: datagrams and the time in, replies and requests out.

IPMI v2.0 §6.12 (sequence numbers), §13.27 to §13.29 (packets of a session).
"""

import logging
from dataclasses import dataclass
from typing import NamedTuple

from bmc.accounts.sign_ins import SignIns
from bmc.ipmi.handshake import Address, Ceiling, Handshake, Opened, no_ceiling
from bmc.ipmi.seats import giving_way
from bmc.ipmi.settings import Counters, Limits, Slot, SlotFinder
from bmc.ipmi.wire.crypto import SessionKeys
from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.message import Message
from bmc.ipmi.wire.numbers import PayloadType, Privilege
from bmc.ipmi.wire.packet import (
    AUTH_RMCP_PLUS,
    PlusPacket,
    SessionlessPacket,
    pack_plus,
    pack_signed,
    split_trailer,
)
from bmc.ipmi.wire.rmcp import CLASS_ASF, CLASS_IPMI, PresencePing, PresencePong, rmcp_class

log = logging.getLogger(__name__)

WINDOW = 16
"""How far behind the highest sequence number a late packet may be, §6.12.13."""

_RETRY_DISTANCE = 32
"""A retry comes at most this many requests after the first try: rqSeq is 6 bits and wraps at 64."""


@dataclass(slots=True)
class _Recent:
    """A request answered, or being answered, a moment ago. `answer` is None while in progress."""

    message: Message
    at: float
    count: int
    answer: bytes | None = None


class Session:
    """One authenticated console. `privilege` is the present level, `limit` the highest it may ask for.

    A session that changes its own user is `leaving`: it still gets its answer, and may then do no more than close.
    `under_way` counts what it has asked and what goes on, answered or not.
    """

    def __init__(self, opened: Opened, handle: int, now: float) -> None:
        self.id = opened.exchange.session_id
        self.handle = handle
        self.slot: Slot = opened.slot
        self.limit = opened.privilege
        self.privilege = min(Privilege.USER, opened.privilege)
        self.peer = opened.peer
        self.seen = now
        self.requests = 0
        self.under_way = 0
        self.confirmed = False
        self.ended = False
        self.leaving = False
        self.revoked = False
        self._console_id = opened.exchange.console_id
        self._keys: SessionKeys = opened.exchange.suite.session_keys(opened.exchange.session_key())
        self._highest = 0
        self._window = 0
        self._sent = 0
        self._recent: dict[int, _Recent] = {}

    @property
    def user(self) -> str:
        return self.slot.name.decode()

    def cap(self, privilege: Privilege) -> None:
        """No more than `privilege` from now on."""
        self.limit = min(self.limit, privilege)
        self.privilege = min(self.privilege, privilege)

    def open(self, packet: PlusPacket, datagram: bytes) -> bytes:
        """The plain payload of a packet of this session. :raise WireError: forged, plain, or replayed."""
        if not (packet.authenticated and packet.encrypted):
            raise WireError("an unprotected packet inside a session")
        covered, code = split_trailer(datagram, len(packet.payload), self._keys.suite.code_length)
        if not self._keys.signed(covered, code):
            raise WireError("wrong integrity code")
        self._accept(packet.sequence)
        return self._keys.decrypt(packet.payload)

    def seal(self, payload_type: int, payload: bytes) -> bytes:
        """A datagram for the console."""
        self._sent = self._sent % 0xFFFFFFFF + 1
        data = pack_signed(payload_type, self._console_id, self._sent, self._keys.encrypt(payload))
        return data + self._keys.sign(data[4:])

    def _accept(self, sequence: int) -> None:
        """Each sequence number once, and none more than `WINDOW` behind the highest; the first may be any.

        Ahead there is no bound: the packet is authentic, and a console that lost its network for a while goes on.
        """
        ahead = (sequence - self._highest) & 0xFFFFFFFF
        if sequence == 0:
            raise WireError("sequence number 0 inside a session")
        if 0 < ahead < 0x80000000 or not self._window:
            self._window = (self._window << ahead | 1) & ((1 << WINDOW) - 1) if ahead < WINDOW else 1
            self._highest = sequence
            return
        behind = -ahead & 0xFFFFFFFF
        if behind >= WINDOW or self._window >> behind & 1:
            raise WireError(f"sequence number {sequence} again or too late, the highest was {self._highest}")
        self._window |= 1 << behind

    def repeated(self, message: Message, now: float, lifetime: float) -> _Recent | None:
        """The earlier request that this one repeats, if any; otherwise it is remembered."""
        recent = self._recent.get(message.sequence)
        if (
            recent is not None
            and recent.message == message
            and now - recent.at < lifetime
            and self.requests - recent.count < _RETRY_DISTANCE
        ):
            return recent
        self.requests += 1
        self._recent[message.sequence] = _Recent(message, now, self.requests)
        return None

    def remember(self, message: Message, answer: bytes) -> None:
        recent = self._recent.get(message.sequence)
        if recent is not None and recent.message is message:
            recent.answer = answer


class Request(NamedTuple):
    """A request to be carried out and then passed to `Sessions.answer`. Without a session it is a sessionless one.

    `host`: it came from the node's own guest, and `Sessions` has nothing to do with it. A tuple, for it is made for
    each datagram.
    """

    message: Message
    peer: Address
    session: Session | None
    plus: bool = True
    host: bool = False


@dataclass(frozen=True, slots=True)
class SolInput:
    """A SOL payload from the console of a session."""

    session: Session
    payload: bytes


Received = bytes | Request | SolInput | None
"""What a datagram yields: a reply to its sender, something to be done, or nothing."""


class Sessions:
    """All sessions of one endpoint."""

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
        self.limits = limits
        self._node = node
        self._slots = slots
        self._counters = counters
        self._handshake = Handshake(node, guid, slots, limits, counters, sign_ins, ceiling)
        self._active: dict[int, Session] = {}

    @property
    def active(self) -> list[Session]:
        """In the order of their handles."""
        return sorted(self._active.values(), key=lambda session: session.handle)

    @property
    def idle(self) -> bool:
        """Nothing here can time out."""
        return not self._active and self._handshake.idle

    def get(self, session_id: int) -> Session | None:
        return self._active.get(session_id)

    def receive(self, datagram: bytes, peer: Address, now: float) -> Received:
        """Whatever the bytes are, this does not raise: bad ones are counted and yield nothing."""
        try:
            return self._receive(datagram, peer, now)
        except WireError as error:
            self._counters["malformed"] += 1
            log.debug("%s: datagram from %s port %d dropped: %s", self._node, *peer, error)
            return None

    def answer(self, request: Request, code: int, data: bytes = b"") -> bytes:
        """The datagram that answers `request`; a retry of it will be answered alike."""
        self._counters.answers[code] += 1
        payload = request.message.answer(code, data)
        session = request.session
        if session is not None:
            session.remember(request.message, payload)
            return session.seal(PayloadType.IPMI, payload)
        if request.plus:
            return pack_plus(PayloadType.IPMI, 0, 0, payload)
        return SessionlessPacket(payload).pack()

    def end(self, session: Session) -> None:
        session.ended = True
        self._active.pop(session.id, None)

    def expire(self, now: float) -> None:
        """Ends what is idle, or half-open for too long."""
        self._handshake.expire(now)
        for session in list(self._active.values()):
            if now - session.seen >= self.limits.idle:
                log.info("%s: session of %s ended, idle", self._node, session.user)
                self.end(session)

    def revoke(self, slot: int) -> None:
        """The user in `slot` was changed, disabled or removed."""
        for session in list(self._active.values()):
            if session.slot.slot != slot:
                continue
            log.info("%s: session of %s ended, the user was changed", self._node, session.user)
            if session.leaving:
                session.revoked = True
                session.cap(Privilege.CALLBACK)
            else:
                self.end(session)

    def _receive(self, datagram: bytes, peer: Address, now: float) -> Received:
        kind = rmcp_class(datagram)
        if kind == CLASS_ASF:
            return PresencePong(PresencePing.unpack(datagram).tag).pack()
        if kind != CLASS_IPMI or len(datagram) < 5:
            raise WireError(f"RMCP class {kind}")
        if datagram[4] != AUTH_RMCP_PLUS:
            return Request(Message.unpack(SessionlessPacket.unpack(datagram).payload), peer, None, plus=False)
        packet = PlusPacket.unpack(datagram)
        if packet.session_id == 0:
            return self._outside(packet, peer, now)
        session = self._active.get(packet.session_id)
        if session is None:
            raise WireError(f"no session {packet.session_id:#010x}")
        return self._inside(session, packet, datagram, peer, now)

    def _outside(self, packet: PlusPacket, peer: Address, now: float) -> Received:
        if packet.encrypted or packet.authenticated:
            raise WireError("a protected packet outside a session")
        if packet.payload_type == PayloadType.IPMI:
            return Request(Message.unpack(packet.payload), peer, None)
        reply = self._handshake.receive(packet, peer, now, self._active)
        if isinstance(reply, Opened):
            self._activate(reply, now)
            reply = reply.reply
        return reply

    def _activate(self, opened: Opened, now: float) -> None:
        if len(self._active) >= self.limits.sessions:
            self._make_room(opened)
        used = {session.handle for session in self._active.values()}
        handle = next(number for number in range(1, self.limits.sessions + 1) if number not in used)
        session = Session(opened, handle, now)
        self._active[session.id] = session
        log.info("%s: session for %s from %s port %d", self._node, session.user, *opened.peer)

    def _make_room(self, opened: Opened) -> None:
        """The handshake has found that somebody gives way."""
        longest_unused = giving_way(self._active.values(), opened.slot.slot, opened.peer[0])
        if longest_unused is not None:
            log.info("%s: session of %s ended, others want in", self._node, longest_unused.user)
            self._counters["displaced"] += 1
            self.end(longest_unused)

    def _inside(self, session: Session, packet: PlusPacket, datagram: bytes, peer: Address, now: float) -> Received:
        payload = session.open(packet, datagram)
        if not session.confirmed:
            session.confirmed = True
            self._handshake.forget(session.id)
        session.seen = now
        session.peer = peer
        if packet.payload_type == PayloadType.SOL:
            return SolInput(session, payload)
        if packet.payload_type != PayloadType.IPMI:
            raise WireError(f"payload type {packet.payload_type:#04x} inside a session")
        message = Message.unpack(payload)
        repeated = session.repeated(message, now, self.limits.duplicate)
        if repeated is None:
            return Request(message, peer, session)
        self._counters["repeated"] += 1
        return None if repeated.answer is None else session.seal(PayloadType.IPMI, repeated.answer)
