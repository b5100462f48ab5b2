"""Session commands, IPMI v2.0 §22.18 to §22.20."""

import struct
from dataclasses import dataclass

from bmc.ipmi.wire.errors import WrongLength, expect_at_least, expect_length
from bmc.ipmi.wire.numbers import LAN_CHANNEL

BY_HANDLE = 0xFE
BY_ID = 0xFF
_PROTOCOL_RMCP_PLUS = 0x10
_INFO = struct.Struct("<6B4s6sH")


@dataclass(frozen=True, slots=True)
class SetPrivilege:
    """Set Session Privilege Level request, §22.18; 0 asks for the present level."""

    privilege: int

    def pack(self) -> bytes:
        return bytes((self.privilege,))

    @classmethod
    def unpack(cls, data: bytes) -> "SetPrivilege":
        expect_length(data, 1)
        return cls(data[0] & 0x0F)


@dataclass(frozen=True, slots=True)
class CloseSession:
    """Close Session request, §22.19, by id, or by handle when the id is 0."""

    session_id: int
    handle: int = 0

    def pack(self) -> bytes:
        handle = b"" if self.session_id else bytes((self.handle,))
        return self.session_id.to_bytes(4, "little") + handle

    @classmethod
    def unpack(cls, data: bytes) -> "CloseSession":
        session_id = int.from_bytes(data[:4], "little")
        expect_length(data, 5 if session_id == 0 else 4)
        return cls(session_id, data[4] if session_id == 0 else 0)


@dataclass(frozen=True, slots=True)
class SessionInfoRequest:
    """Get Session Info request, §22.20. `index` 0 is the asker's own session, FEh by `handle`, FFh by `session_id`."""

    index: int
    handle: int = 0
    session_id: int = 0

    def pack(self) -> bytes:
        if self.index == BY_HANDLE:
            return bytes((self.index, self.handle))
        if self.index == BY_ID:
            return bytes((self.index,)) + self.session_id.to_bytes(4, "little")
        return bytes((self.index,))

    @classmethod
    def unpack(cls, data: bytes) -> "SessionInfoRequest":
        expect_at_least(data, 1)
        if data[0] == BY_HANDLE:
            expect_length(data, 2)
            return cls(data[0], handle=data[1])
        if data[0] == BY_ID:
            expect_length(data, 5)
            return cls(data[0], session_id=int.from_bytes(data[1:], "little"))
        expect_length(data, 1)
        return cls(data[0])


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """Get Session Info response, §22.20. `address` is IPv4 in network order; with `handle` 0 there is no session."""

    handle: int
    possible: int
    active: int
    user: int = 0
    privilege: int = 0
    address: bytes = bytes(4)
    port: int = 0

    def pack(self) -> bytes:
        if not self.handle:
            return bytes((0, self.possible, self.active))
        channel = _PROTOCOL_RMCP_PLUS | LAN_CHANNEL
        return _INFO.pack(
            self.handle,
            self.possible,
            self.active,
            self.user,
            self.privilege,
            channel,
            self.address,
            bytes(6),
            self.port,
        )

    @classmethod
    def unpack(cls, data: bytes) -> "SessionInfo":
        if len(data) == 3 and not data[0]:
            return cls(*data)
        if len(data) != _INFO.size:
            raise WrongLength(f"{len(data)} bytes of session info")
        handle, possible, active, user, privilege, _, address, _, port = _INFO.unpack(data)
        return cls(handle, possible, active, user, privilege, address, port)
