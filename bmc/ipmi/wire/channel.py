"""Channel commands, IPMI v2.0 §22.13 to §22.25."""

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from bmc.ipmi.wire.crypto import CipherSuite
from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length
from bmc.ipmi.wire.numbers import SYSTEM_CHANNEL, PayloadType

MEDIUM_LAN = 0x04
PROTOCOL_IPMB = 0x01
MEDIUM_SYSTEM = 0x0C
PROTOCOL_KCS = 0x05
MULTI_SESSION = 0x80
_NO_INTERRUPTS = b"\xff\xff"
ALWAYS_AVAILABLE = 0x02
_IPMI_IANA = (7154).to_bytes(3, "little")

_CAPABILITIES = struct.Struct("<4B3sB")
_V2_EXTENDED = 0x80
_NON_NULL_USERS = 0x04
_V2_CONNECTIONS = 0x02


@dataclass(frozen=True, slots=True)
class AuthCapabilitiesRequest:
    """Get Channel Authentication Capabilities request, §22.13."""

    channel: int
    privilege: int
    extended: bool = True

    def pack(self) -> bytes:
        return bytes((self.channel | self.extended << 7, self.privilege))

    @classmethod
    def unpack(cls, data: bytes) -> "AuthCapabilitiesRequest":
        expect_length(data, 2)
        return cls(data[0] & 0x0F, data[1] & 0x0F, bool(data[0] & 0x80))


@dataclass(frozen=True, slots=True)
class AuthCapabilities:
    """Get Channel Authentication Capabilities response, §22.13: no IPMI 1.5 authentication, named users only."""

    channel: int
    extended: bool = True

    def pack(self) -> bytes:
        kinds, connections = (_V2_EXTENDED, _V2_CONNECTIONS) if self.extended else (0, 0)
        return _CAPABILITIES.pack(self.channel, kinds, _NON_NULL_USERS, connections, bytes(3), 0)

    @classmethod
    def unpack(cls, data: bytes) -> "AuthCapabilities":
        expect_length(data, _CAPABILITIES.size)
        return cls(data[0], bool(data[1] & _V2_EXTENDED))


@dataclass(frozen=True, slots=True)
class CipherSuitesRequest:
    """Get Channel Cipher Suites request, §22.15. `by_suite` False asks for the algorithms alone."""

    channel: int
    payload_type: int = PayloadType.IPMI
    index: int = 0
    by_suite: bool = True

    def pack(self) -> bytes:
        return bytes((self.channel, self.payload_type, self.index | self.by_suite << 7))

    @classmethod
    def unpack(cls, data: bytes) -> "CipherSuitesRequest":
        expect_length(data, 3)
        return cls(data[0] & 0x0F, data[1] & 0x3F, data[2] & 0x3F, bool(data[2] & 0x80))


_INTEGRITY = 0x40
_CONFIDENTIALITY = 0x80


def suite_records(suites: tuple[CipherSuite, ...]) -> bytes:
    """Cipher Suite Records, §22.15.1."""
    return b"".join(
        bytes((0xC0, s.id, s.authentication, _INTEGRITY | s.integrity, _CONFIDENTIALITY | s.confidentiality))
        for s in suites
    )


def algorithm_records(suites: tuple[CipherSuite, ...]) -> bytes:
    """The algorithms of all suites, each once."""
    tagged = (
        {s.authentication for s in suites},
        {_INTEGRITY | s.integrity for s in suites},
        {_CONFIDENTIALITY | s.confidentiality for s in suites},
    )
    return b"".join(bytes(sorted(algorithms)) for algorithms in tagged)


@dataclass(frozen=True, slots=True)
class ChannelAccess:
    """Get Channel Access response, §22.23: per-message and user level authentication on, PEF alerting as said."""

    privilege: int
    mode: int = ALWAYS_AVAILABLE
    alerting: bool = False

    def pack(self) -> bytes:
        return bytes(((not self.alerting) << 5 | self.mode, self.privilege))

    @classmethod
    def unpack(cls, data: bytes) -> "ChannelAccess":
        expect_length(data, 2)
        return cls(data[1] & 0x0F, data[0] & 0x07, not data[0] & 0x20)


class Where(IntEnum):
    """Which setting a Set Channel Access request means, §22.22: the stored one, or the one of now."""

    NEITHER = 0
    STORED = 1
    PRESENT = 2


@dataclass(frozen=True, slots=True)
class SetChannelAccess:
    """Set Channel Access request, §22.22. `unprotected`: without per-message or without user level authentication."""

    channel: int
    access: Where
    mode: int
    alerting: bool
    limit: Where
    privilege: int
    unprotected: bool = False

    def pack(self) -> bytes:
        bits = (not self.alerting) << 5 | self.unprotected << 4
        return bytes((self.channel, self.access << 6 | bits | self.mode, self.limit << 6 | self.privilege))

    @classmethod
    def unpack(cls, data: bytes) -> "SetChannelAccess":
        expect_length(data, 3)
        channel, access, limit = data
        if 3 in (access >> 6, limit >> 6):
            raise WireError("both the stored and the present setting at once")
        alerting, unprotected = not access & 0x20, bool(access & 0x18)
        return cls(
            channel & 0x0F, Where(access >> 6), access & 0x07, alerting, Where(limit >> 6), limit & 0x0F, unprotected
        )


@dataclass(frozen=True, slots=True)
class ChannelAccessRequest:
    """Get Channel Access request, §22.23. `volatile` asks for the present setting, else for the stored one."""

    channel: int
    volatile: bool

    def pack(self) -> bytes:
        return bytes((self.channel, 0x80 if self.volatile else 0x40))

    @classmethod
    def unpack(cls, data: bytes) -> "ChannelAccessRequest":
        expect_length(data, 2)
        if data[1] & 0xC0 not in (0x40, 0x80):
            raise WireError(f"{data[1]:#04x} asks neither for the stored nor for the present setting")
        return cls(data[0] & 0x0F, bool(data[1] & 0x80))


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """Get Channel Info response, §22.24, of a channel that carries several sessions."""

    channel: int
    sessions: int
    medium: int = MEDIUM_LAN
    protocol: int = PROTOCOL_IPMB

    def pack(self) -> bytes:
        sessions = MULTI_SESSION | self.sessions
        return bytes((self.channel, self.medium, self.protocol, sessions)) + _IPMI_IANA + bytes(2)

    @classmethod
    def unpack(cls, data: bytes) -> "ChannelInfo":
        expect_length(data, 9)
        return cls(data[0] & 0x0F, data[3] & 0x3F, data[1] & 0x7F, data[2] & 0x1F)


SYSTEM_INTERFACE = bytes((SYSTEM_CHANNEL, MEDIUM_SYSTEM, PROTOCOL_KCS, 0)) + _IPMI_IANA + _NO_INTERRUPTS
"""Get Channel Info response of the KCS system interface, without sessions and without interrupts."""


class KeyOperation(IntEnum):
    """What Set Channel Security Keys is to do, §22.25."""

    READ = 0
    SET = 1
    LOCK = 2


class KeyKind(IntEnum):
    """K_R stands for the users' keys, K_G is the BMC's, §22.25."""

    RANDOM = 0
    GENERATION = 1


@dataclass(frozen=True, slots=True)
class SecurityKeys:
    """Set Channel Security Keys request, §22.25."""

    channel: int
    operation: KeyOperation
    kind: KeyKind
    key: bytes = field(default=b"", repr=False)

    def pack(self) -> bytes:
        return bytes((self.channel, self.operation, self.kind)) + self.key

    @classmethod
    def unpack(cls, data: bytes) -> "SecurityKeys":
        """How long a key is to be is left to the caller, who owes a code for it. :raise WireError: reserved numbers."""
        expect_at_least(data, 3)
        try:
            operation, kind = KeyOperation(data[1] & 0x03), KeyKind(data[2])
        except ValueError as error:
            raise WireError(str(error)) from error
        if operation is not KeyOperation.SET:
            expect_length(data, 3)
        return cls(data[0] & 0x0F, operation, kind, data[3:])


NO_SECURITY_KEY = bytes(21)
"""Set Channel Security Keys response to a read: not lockable, and a key of zeros, which stands for none."""
SECURITY_KEY = 20
