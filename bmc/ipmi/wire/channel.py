"""Channel commands, IPMI v2.0 §22.13 to §22.24."""

import struct
from dataclasses import dataclass

from bmc.ipmi.wire.crypto import CipherSuite
from bmc.ipmi.wire.errors import WireError, expect_length
from bmc.ipmi.wire.numbers import PayloadType

MEDIUM_LAN = 0x04
PROTOCOL_IPMB = 0x01
MULTI_SESSION = 0x80
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
