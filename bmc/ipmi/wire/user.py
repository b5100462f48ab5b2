"""User commands, IPMI v2.0 §22.27 to §22.29, as far as they look."""

from dataclasses import dataclass

from bmc.ipmi.wire.errors import WireError, expect_length
from bmc.ipmi.wire.rakp import MAX_NAME

MAX_USERS = 15
_MESSAGING = 0x10
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
    """Get User Access response, §22.27. `active` and `fixed` count users that are enabled and that have fixed names."""

    active: int
    fixed: int
    privilege: int
    enabled: bool
    messaging: bool

    def pack(self) -> bytes:
        state = (_ENABLED if self.enabled else _DISABLED) | self.active
        return bytes((MAX_USERS, state, self.fixed, self.messaging << 4 | self.privilege))

    @classmethod
    def unpack(cls, data: bytes) -> "UserAccess":
        expect_length(data, 4)
        enabled = data[1] & 0xC0 == _ENABLED
        return cls(data[1] & 0x3F, data[2] & 0x3F, data[3] & 0x0F, enabled, bool(data[3] & _MESSAGING))


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


def pack_name(name: bytes) -> bytes:
    """Get User Name response, §22.29: 16 bytes, zero padded."""
    return name.ljust(MAX_NAME, b"\0")


def unpack_name(data: bytes) -> bytes:
    expect_length(data, MAX_NAME)
    return data.rstrip(b"\0")


def _user(byte: int) -> int:
    user = byte & 0x3F
    if not 1 <= user <= MAX_USERS:
        raise WireError(f"user {user}, there are 1 to {MAX_USERS}")
    return user
