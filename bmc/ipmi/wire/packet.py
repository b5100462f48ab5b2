"""Session headers of IPMI 1.5 and RMCP+ packets, IPMI v2.0 §13.6."""

import struct
from typing import NamedTuple

from bmc.ipmi.wire.errors import WireError, expect_at_least
from bmc.ipmi.wire.rmcp import IPMI_HEADER

AUTH_NONE = 0x00
AUTH_RMCP_PLUS = 0x06

_SESSIONLESS = struct.Struct("<4sBIIB")
_PLUS = struct.Struct("<4sBBIIH")
_ENCRYPTED = 0x80
_AUTHENTICATED = 0x40
_NEXT_HEADER = 0x07
# Trailers by how many pad bytes they need: pad FFh, pad length, next header.
_TRAILERS = tuple(b"\xff" * pad + bytes((pad, _NEXT_HEADER)) for pad in range(4))


class PlusPacket(NamedTuple):
    """One RMCP+ packet; `payload` is as on the wire, encrypted or not. A tuple, for it is made for each datagram."""

    payload_type: int
    session_id: int
    sequence: int
    payload: bytes
    encrypted: bool = False
    authenticated: bool = False

    def pack(self) -> bytes:
        """Without a session trailer: as sent outside a session."""
        return pack_plus(self.payload_type, self.session_id, self.sequence, self.payload)

    @classmethod
    def unpack(cls, datagram: bytes) -> "PlusPacket":
        """:raise WireError: too short, or an OEM payload. The trailer is not looked at: see `split_trailer`."""
        expect_at_least(datagram, _PLUS.size)
        _, _, kind, session_id, sequence, length = _PLUS.unpack_from(datagram)
        end = _PLUS.size + length
        expect_at_least(datagram, end)
        if kind & 0x3F == 0x02:
            raise WireError("OEM explicit payload")
        return cls(
            kind & 0x3F, session_id, sequence, datagram[_PLUS.size : end], kind >= 0x80, kind & _AUTHENTICATED != 0
        )


def pack_plus(payload_type: int, session_id: int, sequence: int, payload: bytes, encrypted: bool = False) -> bytes:
    """A packet without a trailer."""
    kind = payload_type | _ENCRYPTED if encrypted else payload_type
    return _PLUS.pack(IPMI_HEADER, AUTH_RMCP_PLUS, kind, session_id, sequence, len(payload)) + payload


def pack_signed(payload_type: int, session_id: int, sequence: int, payload: bytes) -> bytes:
    """An encrypted and authenticated packet up to its auth code, which covers all from the fifth byte on."""
    length = len(payload)
    kind = payload_type | _ENCRYPTED | _AUTHENTICATED
    header = _PLUS.pack(IPMI_HEADER, AUTH_RMCP_PLUS, kind, session_id, sequence, length)
    return header + payload + _TRAILERS[(2 - length) % 4]


def split_trailer(datagram: bytes, payload_length: int, code_length: int) -> tuple[bytes, bytes]:
    """What the auth code covers, and the auth code. :raise WireError: the trailer does not fit the payload."""
    trailer = len(datagram) - _PLUS.size - payload_length - code_length
    if not 2 <= trailer <= 5 or datagram[-code_length - 2] != trailer - 2:
        raise WireError("the session trailer does not fit the payload")
    return datagram[4:-code_length], datagram[-code_length:]


class SessionlessPacket(NamedTuple):
    """An IPMI 1.5 packet outside a session (authentication type none), the only kind of 1.5 packet that we speak."""

    payload: bytes

    def pack(self) -> bytes:
        return _SESSIONLESS.pack(IPMI_HEADER, AUTH_NONE, 0, 0, len(self.payload)) + self.payload

    @classmethod
    def unpack(cls, datagram: bytes) -> "SessionlessPacket":
        """:raise WireError: too short, authenticated, or inside an IPMI 1.5 session."""
        expect_at_least(datagram, _SESSIONLESS.size)
        _, authentication, _, session_id, length = _SESSIONLESS.unpack_from(datagram)
        if authentication != AUTH_NONE or session_id:
            raise WireError(f"IPMI 1.5 session packet (authentication type {authentication}, id {session_id:#010x})")
        end = _SESSIONLESS.size + length
        expect_at_least(datagram, end)
        return cls(datagram[_SESSIONLESS.size : end])
