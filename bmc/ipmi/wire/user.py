"""User commands, IPMI v2.0 §22.26 to §22.30, §24.6 and §24.7."""

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length
from bmc.ipmi.wire.numbers import PayloadType
from bmc.ipmi.wire.rakp import MAX_NAME

MAX_USERS = 15
_CHANGE_BITS = 0x80
_CALLBACK = 0x40
_LINK = 0x20
_MESSAGING = 0x10
SHORT_PASSWORD, LONG_PASSWORD = 16, 20
SOL_PAYLOAD = 1 << PayloadType.SOL
_PAYLOAD_ACCESS = struct.Struct("<BBHH")
_ENABLED = 0x40
_DISABLED = 0x80


@dataclass(frozen=True, slots=True)
class UserAccessRequest:
    """Get User Access request, §22.27."""

    channel: int
    user: int

    def pack(self) -> bytes:
        return bytes((self.channel, self.user))

    @classmethod
    def unpack(cls, data: bytes) -> "UserAccessRequest":
        expect_length(data, 2)
        return cls(data[0] & 0x0F, _user(data[1]))


@dataclass(frozen=True, slots=True)
class UserAccess:
    """Get User Access response, §22.27. `active` and `fixed` count users that are enabled and that have fixed names.

    `messaging` and `link` authentication are switched on; `callback`: restricted to that.
    """

    active: int
    fixed: int
    privilege: int
    enabled: bool
    messaging: bool
    link: bool = False
    callback: bool = False

    def pack(self) -> bytes:
        state = (_ENABLED if self.enabled else _DISABLED) | self.active
        access = _pack_bits(self.callback, self.link, self.messaging) | self.privilege
        return bytes((MAX_USERS, state, self.fixed, access))

    @classmethod
    def unpack(cls, data: bytes) -> "UserAccess":
        expect_length(data, 4)
        enabled = data[1] & 0xC0 == _ENABLED
        callback, link, messaging = _bits(data[3])
        return cls(data[1] & 0x3F, data[2] & 0x3F, data[3] & 0x0F, enabled, messaging, link, callback)


@dataclass(frozen=True, slots=True)
class AccessBits:
    """Restricted to callback, link authentication, IPMI messaging."""

    callback: bool
    link: bool
    messaging: bool


@dataclass(frozen=True, slots=True)
class SetUserAccess:
    """Set User Access request, §22.26. None leaves the bits, or how many sessions there may be at a time."""

    channel: int
    user: int
    privilege: int
    bits: AccessBits | None = None
    sessions: int | None = None

    def pack(self) -> bytes:
        bits = self.bits
        change = _CHANGE_BITS | _pack_bits(bits.callback, bits.link, bits.messaging) if bits else 0
        limit = b"" if self.sessions is None else bytes((self.sessions,))
        return bytes((change | self.channel, self.user, self.privilege)) + limit

    @classmethod
    def unpack(cls, data: bytes) -> "SetUserAccess":
        expect_length(data, 3, 4)
        bits = AccessBits(*_bits(data[0])) if data[0] & _CHANGE_BITS else None
        sessions = data[3] & 0x0F if len(data) == 4 else None
        return cls(data[0] & 0x0F, _user(data[1]), data[2] & 0x0F, bits, sessions)


@dataclass(frozen=True, slots=True)
class UserNameRequest:
    """Get User Name request, §22.29."""

    user: int

    def pack(self) -> bytes:
        return bytes((self.user,))

    @classmethod
    def unpack(cls, data: bytes) -> "UserNameRequest":
        expect_length(data, 1)
        return cls(_user(data[0]))


@dataclass(frozen=True, slots=True)
class SetUserName:
    """Set User Name request, §22.28."""

    user: int
    name: bytes

    def pack(self) -> bytes:
        return bytes((self.user,)) + pack_name(self.name)

    @classmethod
    def unpack(cls, data: bytes) -> "SetUserName":
        """:raise WireError: also when something follows the zero that ends the name."""
        expect_length(data, 1 + MAX_NAME)
        return cls(_user(data[0]), _padded(data[1:]))


class PasswordOperation(IntEnum):
    """What Set User Password is to do, §22.30."""

    DISABLE = 0
    ENABLE = 1
    SET = 2
    TEST = 3


@dataclass(frozen=True, slots=True)
class SetUserPassword:
    """Set User Password request, §22.30. `password` is without the zeros that make it `size`, 16 or 20, bytes."""

    user: int
    operation: PasswordOperation
    password: bytes = field(default=b"", repr=False)
    size: int = 16

    def pack(self) -> bytes:
        start = bytes((self.user | (self.size == LONG_PASSWORD) << 7, self.operation))
        return start + self.password.ljust(self.size, b"\0") if self.operation >= PasswordOperation.SET else start

    @classmethod
    def unpack(cls, data: bytes) -> "SetUserPassword":
        """To enable or disable takes no password, but one that is sent all the same is let pass."""
        expect_at_least(data, 2)
        operation = PasswordOperation(data[1] & 0x03)
        size = LONG_PASSWORD if data[0] & 0x80 else SHORT_PASSWORD
        if operation < PasswordOperation.SET:
            expect_length(data, 2, 2 + SHORT_PASSWORD, 2 + LONG_PASSWORD)
            return cls(_user(data[0]), operation, size=size)
        expect_length(data, 2 + size)
        return cls(_user(data[0]), operation, _padded(data[2:]), size)


@dataclass(frozen=True, slots=True)
class SetUserPayloadAccess:
    """Set User Payload Access request, §24.6: enable or disable payloads, a bit each."""

    channel: int
    user: int
    enable: bool
    standard: int
    oem: int = 0

    def pack(self) -> bytes:
        return _PAYLOAD_ACCESS.pack(self.channel, self.user | (not self.enable) << 6, self.standard, self.oem)

    @classmethod
    def unpack(cls, data: bytes) -> "SetUserPayloadAccess":
        expect_length(data, _PAYLOAD_ACCESS.size)
        channel, who, standard, oem = _PAYLOAD_ACCESS.unpack(data)
        if who & 0x80:
            raise WireError("neither to enable nor to disable")
        return cls(channel & 0x0F, _user(who), not who & 0x40, standard, oem)


def pack_payload_access(sol: bool) -> bytes:
    """Get User Payload Access response, §24.7: SOL or nothing, and no OEM payloads."""
    return struct.pack("<HH", SOL_PAYLOAD if sol else 0, 0)


def pack_name(name: bytes) -> bytes:
    """Get User Name response, §22.29: 16 bytes, zero padded."""
    return name.ljust(MAX_NAME, b"\0")


def unpack_name(data: bytes) -> bytes:
    expect_length(data, MAX_NAME)
    return data.rstrip(b"\0")


def _padded(data: bytes) -> bytes:
    """What comes before the pad of zeros. :raise WireError: there is more behind one."""
    plain = data.rstrip(b"\0")
    if 0 in plain:
        raise WireError("something follows the zero that ends the text")
    return plain


def _pack_bits(callback: bool, link: bool, messaging: bool) -> int:
    return (_CALLBACK if callback else 0) | (_LINK if link else 0) | (_MESSAGING if messaging else 0)


def _bits(byte: int) -> tuple[bool, bool, bool]:
    return bool(byte & _CALLBACK), bool(byte & _LINK), bool(byte & _MESSAGING)


def _user(byte: int) -> int:
    user = byte & 0x3F
    if not 1 <= user <= MAX_USERS:
        raise WireError(f"user {user}, there are 1 to {MAX_USERS}")
    return user
