"""RMCP and ASF presence ping, IPMI v2.0 §13.1 and §13.2."""

import struct
from dataclasses import dataclass

from bmc.ipmi.wire.errors import WireError, expect_at_least

RMCP_VERSION = 0x06
CLASS_ASF = 0x06
CLASS_IPMI = 0x07
NO_SEQUENCE = 0xFF
IPMI_HEADER = bytes((RMCP_VERSION, 0, NO_SEQUENCE, CLASS_IPMI))

_ASF_IANA = 4542
_PING = 0x80
_PONG = 0x40
_ASF = struct.Struct(">4BIBBxB")
_PONG_BODY = struct.Struct(">IIBB6x")
_SUPPORTS_IPMI = 0x81
_NO_INTERACTIONS = 0x00


@dataclass(frozen=True, slots=True)
class PresencePing:
    """ASF presence ping, IPMI v2.0 §13.2.3."""

    tag: int

    def pack(self) -> bytes:
        return _ASF.pack(RMCP_VERSION, 0, NO_SEQUENCE, CLASS_ASF, _ASF_IANA, _PING, self.tag, 0)

    @classmethod
    def unpack(cls, datagram: bytes) -> "PresencePing":
        """:raise WireError: another ASF message, which nobody needs an answer to."""
        expect_at_least(datagram, _ASF.size)
        _, _, _, rmcp_class, iana, kind, tag, _ = _ASF.unpack_from(datagram)
        if (rmcp_class, iana, kind) != (CLASS_ASF, _ASF_IANA, _PING):
            raise WireError(f"ASF message {kind:#04x} is no presence ping")
        return cls(tag)


@dataclass(frozen=True, slots=True)
class PresencePong:
    """ASF presence pong, IPMI v2.0 §13.2.4: IPMI is spoken here."""

    tag: int

    def pack(self) -> bytes:
        return _ASF.pack(RMCP_VERSION, 0, NO_SEQUENCE, CLASS_ASF, _ASF_IANA, _PONG, self.tag, _PONG_BODY.size) + (
            _PONG_BODY.pack(_ASF_IANA, 0, _SUPPORTS_IPMI, _NO_INTERACTIONS)
        )

    @classmethod
    def unpack(cls, datagram: bytes) -> "PresencePong":
        expect_at_least(datagram, _ASF.size + _PONG_BODY.size)
        _, _, _, rmcp_class, iana, kind, tag, _ = _ASF.unpack_from(datagram)
        if (rmcp_class, iana, kind) != (CLASS_ASF, _ASF_IANA, _PONG):
            raise WireError(f"ASF message {kind:#04x} is no presence pong")
        return cls(tag)


def rmcp_class(datagram: bytes) -> int:
    """The message class. :raise WireError: no RMCP datagram, or an RMCP acknowledgement."""
    expect_at_least(datagram, 4)
    if datagram[0] != RMCP_VERSION:
        raise WireError(f"RMCP version {datagram[0]:#04x}, expected {RMCP_VERSION:#04x}")
    if datagram[3] & 0x80:
        raise WireError("an RMCP acknowledgement needs no answer")
    return datagram[3] & 0x1F
