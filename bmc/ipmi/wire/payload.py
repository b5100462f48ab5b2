"""Payload commands, IPMI v2.0 §24."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from bmc.ipmi.wire.errors import WireError, expect_length
from bmc.ipmi.wire.numbers import PayloadType

_ENCRYPT = 0x80
_AUTHENTICATE = 0x40
_ACTIVATED = struct.Struct("<4x4H")
_NO_VLAN = 0xFFFF

VERSION_1_0 = 0x10
_SESSION_SETUP = range(PayloadType.OPEN_SESSION_REQUEST, PayloadType.RAKP_4 + 1)
_STANDARD = (PayloadType.IPMI, PayloadType.SOL)


@dataclass(frozen=True, slots=True)
class PayloadInstance:
    """Which instance of which payload type: the start of most payload requests."""

    payload_type: int
    instance: int

    @classmethod
    def unpack(cls, data: bytes) -> "PayloadInstance":
        """Get Payload Instance Info request, §24.5."""
        expect_length(data, 2)
        return cls(data[0] & 0x3F, data[1] & 0x0F)

    def pack(self) -> bytes:
        return bytes((self.payload_type, self.instance))


@dataclass(frozen=True, slots=True)
class ActivateRequest:
    """Activate Payload request, §24.1, of SOL."""

    payload_type: int
    instance: int
    encrypt: bool = True
    authenticate: bool = True

    def pack(self) -> bytes:
        protection = (_ENCRYPT if self.encrypt else 0) | (_AUTHENTICATE if self.authenticate else 0)
        return bytes((self.payload_type, self.instance, protection)) + bytes(3)

    @classmethod
    def unpack(cls, data: bytes) -> "ActivateRequest":
        expect_length(data, 6)
        return cls(data[0] & 0x3F, data[1] & 0x0F, bool(data[2] & _ENCRYPT), bool(data[2] & _AUTHENTICATE))


@dataclass(frozen=True, slots=True)
class ActivateResponse:
    """Activate Payload response, §24.1: sizes of a whole payload in bytes, and the UDP port to speak to."""

    inbound: int
    outbound: int
    port: int

    def pack(self) -> bytes:
        return _ACTIVATED.pack(self.inbound, self.outbound, self.port, _NO_VLAN)

    @classmethod
    def unpack(cls, data: bytes) -> "ActivateResponse":
        expect_length(data, _ACTIVATED.size)
        return cls(*_ACTIVATED.unpack(data)[:3])


@dataclass(frozen=True, slots=True)
class DeactivateRequest:
    """Deactivate Payload request, §24.2."""

    payload_type: int
    instance: int

    def pack(self) -> bytes:
        return bytes((self.payload_type, self.instance)) + bytes(4)

    @classmethod
    def unpack(cls, data: bytes) -> "DeactivateRequest":
        expect_length(data, 6)
        return cls(data[0] & 0x3F, data[1] & 0x0F)


class Encryption(IntEnum):
    """Operation of Suspend/Resume Payload Encryption, §24.3."""

    SUSPEND = 0
    RESUME = 1
    NEW_VECTOR = 2


@dataclass(frozen=True, slots=True)
class EncryptionRequest:
    """Suspend/Resume Payload Encryption request, §24.3."""

    payload_type: int
    instance: int
    operation: Encryption

    def pack(self) -> bytes:
        return bytes((self.payload_type, self.instance, self.operation))

    @classmethod
    def unpack(cls, data: bytes) -> "EncryptionRequest":
        """:raise WireError: wrong length or a reserved operation."""
        expect_length(data, 3)
        operation = data[2] & 0x1F
        if operation not in list(Encryption):
            raise WireError(f"operation {operation} of three")
        return cls(data[0] & 0x3F, data[1] & 0x0F, Encryption(operation))


def unpack_payload_type(data: bytes) -> int:
    """Get Payload Activation Status request, §24.4."""
    expect_length(data, 1)
    return data[0] & 0x3F


def pack_activation(capacity: int, active: bool) -> bytes:
    """Get Payload Activation Status response, §24.4, for at most one instance."""
    return bytes((capacity, active, 0))


def pack_instance_info(session_id: int) -> bytes:
    """Get Payload Instance Info response, §24.5: session id 0 when not activated; serial port 1."""
    return session_id.to_bytes(4, "little") + b"\x01" + bytes(7)


def pack_support() -> bytes:
    """Get Channel Payload Support response, §24.8: IPMI, SOL and session setup."""
    standard = sum(1 << kind for kind in _STANDARD)
    setup = sum(1 << kind - 0x10 for kind in _SESSION_SETUP)
    return struct.pack("<HHHH", standard, setup, 0, 0)


def is_supported(payload_type: int) -> bool:
    return payload_type in _STANDARD or payload_type in _SESSION_SETUP
