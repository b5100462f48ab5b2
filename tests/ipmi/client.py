"""A console without I/O, built from the codec's other half: it can also misbehave, as no real client would."""

import os
from collections.abc import Callable

from bmc.ipmi.wire.crypto import SUITE_17, CipherSuite, SessionKeys
from bmc.ipmi.wire.message import Answer, Message
from bmc.ipmi.wire.numbers import PayloadType
from bmc.ipmi.wire.packet import PlusPacket, pack_signed, split_trailer
from bmc.ipmi.wire.rakp import (
    KeyExchange,
    OpenSessionRequest,
    OpenSessionResponse,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
    Refusal,
)
from tests.ipmi.fakes import KEY

Ask = Callable[[bytes], bytes | None]
"""Passes a datagram to the other side and returns its reply, if any."""


def plain(payload_type: int, payload: bytes) -> bytes:
    return PlusPacket(payload_type, 0, 0, payload).pack()


class Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f"status {status:#04x}")
        self.status = status


class Console:
    """One session, from Open Session to its requests. Sequence numbers can be chosen."""

    def __init__(
        self,
        ask: Ask,
        name: bytes = b"admin",
        key: bytes = KEY.encode(),
        role: int = 0x14,
        suite: CipherSuite = SUITE_17,
        console_id: int = 0xA0A2A3A4,
    ) -> None:
        self._ask = ask
        self.name = name
        self.key = key
        self.role = role
        self.suite = suite
        self.id = console_id
        self.session_id = 0
        self.sent = 0
        self.rq_seq = 0
        self.keys: SessionKeys | None = None
        self.received: list[int] = []
        self._random = os.urandom(16)
        self._exchange: KeyExchange | None = None

    def login(self, privilege: int | None = 4) -> "Console":
        """All of it. :raise Refused: with the status the other side gave."""
        self.open()
        self.rakp1()
        self.rakp3()
        if privilege is not None:
            assert self.call(0x06, 0x3B, bytes((privilege,))).code == 0
        return self

    def open(self, privilege: int = 0) -> None:
        suite = self.suite
        request = OpenSessionRequest(
            1, privilege, self.id, suite.authentication, suite.integrity, suite.confidentiality
        )
        response = OpenSessionResponse.unpack(self._expect(PayloadType.OPEN_SESSION_REQUEST, request.pack()))
        self.session_id = response.session_id

    def rakp1(self) -> None:
        message = Rakp1(2, self.session_id, self._random, self.role, self.name)
        reply = Rakp2.unpack(self._expect(PayloadType.RAKP_1, message.pack()))
        self._exchange = KeyExchange(
            self.suite,
            self.id,
            self.session_id,
            self._random,
            reply.random,
            reply.guid,
            self.role,
            self.name,
            self.key,
        )
        if reply.code != self._exchange.rakp2_code():
            self._exchange = None

    def rakp3(self, code: bytes | None = None) -> None:
        if code is None:
            assert self._exchange is not None
            code = self._exchange.rakp3_code()
        reply = Rakp4.unpack(self._expect(PayloadType.RAKP_3, Rakp3(3, 0, self.session_id, code).pack()))
        assert self._exchange is not None
        assert reply.code == self._exchange.rakp4_code()
        self.keys = self.suite.session_keys(self._exchange.session_key())

    def _expect(self, payload_type: int, payload: bytes) -> bytes:
        reply = self._ask(plain(payload_type, payload))
        assert reply is not None
        packet = PlusPacket.unpack(reply)
        assert packet.payload_type == payload_type + 1
        status = Refusal.unpack(packet.payload).status
        if status:
            raise Refused(status)
        return packet.payload

    def seal(self, payload_type: int, payload: bytes, sequence: int | None = None) -> bytes:
        assert self.keys is not None
        if sequence is None:
            self.sent += 1
            sequence = self.sent
        data = pack_signed(payload_type, self.session_id, sequence, self.keys.encrypt(payload))
        return data + self.keys.sign(data[4:])

    def unseal(self, datagram: bytes) -> PlusPacket:
        """:raise AssertionError: not for this session, or not signed."""
        assert self.keys is not None
        packet = PlusPacket.unpack(datagram)
        assert packet.session_id == self.id
        covered, code = split_trailer(datagram, len(packet.payload), self.suite.code_length)
        assert self.keys.signed(covered, code)
        self.received.append(packet.sequence)
        return packet._replace(payload=self.keys.decrypt(packet.payload))

    def request(self, netfn: int, command: int, data: bytes = b"") -> Message:
        """A new request, with the next rqSeq."""
        self.rq_seq = (self.rq_seq + 1) % 64
        return Message(netfn, command, data, self.rq_seq)

    def send(self, message: Message, sequence: int | None = None) -> Answer | None:
        reply = self._ask(self.seal(PayloadType.IPMI, message.pack(), sequence))
        return None if reply is None else Answer.unpack(self.unseal(reply).payload)

    def call(self, netfn: int, command: int, data: bytes = b"") -> Answer:
        answer = self.send(self.request(netfn, command, data))
        assert answer is not None
        return answer
