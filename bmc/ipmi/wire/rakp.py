"""How a session comes about: Open Session and RAKP messages, IPMI v2.0 §13.17 to §13.23."""

import struct
from dataclasses import dataclass

from bmc.ipmi.wire.crypto import CipherSuite
from bmc.ipmi.wire.errors import WireError, WrongLength, expect_at_least, expect_length
from bmc.ipmi.wire.numbers import Status

MAX_NAME = 16
RANDOM = 16
GUID = 16
NAME_ONLY_LOOKUP = 0x10

_OPEN_REQUEST = struct.Struct("<BB2xI")
_OPEN_RESPONSE = struct.Struct("<BBBxII")
_RAKP_1 = struct.Struct("<B3xI16sB2xB")
_RAKP_2 = struct.Struct("<BB2xI16s16s")
_RAKP_3 = struct.Struct("<BB2xI")
_ALGORITHM = struct.Struct("<B2xBB3x")
_KINDS = (0x00, 0x01, 0x02)
_ERROR = struct.Struct("<BB2xI")


@dataclass(frozen=True, slots=True)
class OpenSessionRequest:
    """RMCP+ Open Session Request, §13.17. An algorithm is None where the console leaves the choice to us."""

    tag: int
    privilege: int
    console_id: int
    authentication: int | None
    integrity: int | None
    confidentiality: int | None

    def pack(self) -> bytes:
        algorithms = (self.authentication, self.integrity, self.confidentiality)
        return _OPEN_REQUEST.pack(self.tag, self.privilege, self.console_id) + b"".join(
            _ALGORITHM.pack(kind, 0 if number is None else _ALGORITHM.size, number or 0)
            for kind, number in zip(_KINDS, algorithms, strict=True)
        )

    @classmethod
    def unpack(cls, payload: bytes) -> "OpenSessionRequest":
        expect_length(payload, _OPEN_REQUEST.size + 3 * _ALGORITHM.size)
        tag, privilege, console_id = _OPEN_REQUEST.unpack_from(payload)
        numbers: list[int | None] = []
        for expected, (kind, length, number) in zip(
            _KINDS, _ALGORITHM.iter_unpack(payload[_OPEN_REQUEST.size :]), strict=True
        ):
            if kind != expected or length not in (0, _ALGORITHM.size):
                raise WireError(f"algorithm payload {kind} of {length} bytes where {expected} was expected")
            numbers.append(number & 0x3F if length else None)
        return cls(tag, privilege & 0x0F, console_id, *numbers)


@dataclass(frozen=True, slots=True)
class OpenSessionResponse:
    """RMCP+ Open Session Response, §13.18."""

    tag: int
    privilege: int
    console_id: int
    session_id: int
    authentication: int
    integrity: int
    confidentiality: int

    def pack(self) -> bytes:
        algorithms = (self.authentication, self.integrity, self.confidentiality)
        return _OPEN_RESPONSE.pack(self.tag, Status.OK, self.privilege, self.console_id, self.session_id) + b"".join(
            _ALGORITHM.pack(kind, _ALGORITHM.size, number) for kind, number in zip(_KINDS, algorithms, strict=True)
        )

    @classmethod
    def unpack(cls, payload: bytes) -> "OpenSessionResponse":
        expect_length(payload, _OPEN_RESPONSE.size + 3 * _ALGORITHM.size)
        tag, _, privilege, console_id, session_id = _OPEN_RESPONSE.unpack_from(payload)
        numbers = [number for _, _, number in _ALGORITHM.iter_unpack(payload[_OPEN_RESPONSE.size :])]
        return cls(tag, privilege, console_id, session_id, *numbers)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Open Session Response, RAKP message 2 or 4 with an error: only the fields that then count."""

    tag: int
    status: int
    console_id: int

    def pack(self) -> bytes:
        return _ERROR.pack(self.tag, self.status, self.console_id)

    @classmethod
    def unpack(cls, payload: bytes) -> "Refusal":
        expect_at_least(payload, _ERROR.size)
        return cls(*_ERROR.unpack_from(payload))


@dataclass(frozen=True, slots=True)
class Rakp1:
    """RAKP message 1, §13.20. `role` is the byte as sent: privilege, and bit 4 for name-only lookup."""

    tag: int
    session_id: int
    random: bytes
    role: int
    name: bytes

    @property
    def privilege(self) -> int:
        return self.role & 0x0F

    @property
    def name_only(self) -> bool:
        return bool(self.role & NAME_ONLY_LOOKUP)

    def pack(self) -> bytes:
        return _RAKP_1.pack(self.tag, self.session_id, self.random, self.role, len(self.name)) + self.name

    @classmethod
    def unpack(cls, payload: bytes) -> "Rakp1":
        """A name that is too long is left to the caller, who owes it a status. :raise WireError: too short."""
        expect_at_least(payload, _RAKP_1.size)
        tag, session_id, random, role, length = _RAKP_1.unpack_from(payload)
        expect_at_least(payload, _RAKP_1.size + length)
        return cls(tag, session_id, random, role, payload[_RAKP_1.size : _RAKP_1.size + length])


@dataclass(frozen=True, slots=True)
class Rakp2:
    """RAKP message 2, §13.21."""

    tag: int
    console_id: int
    random: bytes
    guid: bytes
    code: bytes

    def pack(self) -> bytes:
        return _RAKP_2.pack(self.tag, Status.OK, self.console_id, self.random, self.guid) + self.code

    @classmethod
    def unpack(cls, payload: bytes) -> "Rakp2":
        expect_at_least(payload, _RAKP_2.size)
        tag, _, console_id, random, guid = _RAKP_2.unpack_from(payload)
        return cls(tag, console_id, random, guid, payload[_RAKP_2.size :])


@dataclass(frozen=True, slots=True)
class Rakp3:
    """RAKP message 3, §13.22; with a status other than OK the console gives up."""

    tag: int
    status: int
    session_id: int
    code: bytes = b""

    def pack(self) -> bytes:
        return _RAKP_3.pack(self.tag, self.status, self.session_id) + self.code

    @classmethod
    def unpack(cls, payload: bytes) -> "Rakp3":
        if len(payload) > _RAKP_3.size + 64:
            raise WrongLength("no key exchange authentication code is that long")
        expect_at_least(payload, _RAKP_3.size)
        tag, status, session_id = _RAKP_3.unpack_from(payload)
        return cls(tag, status, session_id, payload[_RAKP_3.size :])


@dataclass(frozen=True, slots=True)
class Rakp4:
    """RAKP message 4, §13.23."""

    tag: int
    console_id: int
    code: bytes

    def pack(self) -> bytes:
        return _ERROR.pack(self.tag, Status.OK, self.console_id) + self.code

    @classmethod
    def unpack(cls, payload: bytes) -> "Rakp4":
        expect_at_least(payload, _ERROR.size)
        tag, _, console_id = _ERROR.unpack_from(payload)
        return cls(tag, console_id, payload[_ERROR.size :])


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """All that both sides know once RAKP message 1 is answered, and the codes that follow from it, §13.31."""

    suite: CipherSuite
    console_id: int
    session_id: int
    console_random: bytes
    bmc_random: bytes
    guid: bytes
    role: int
    name: bytes
    key: bytes

    def rakp2_code(self) -> bytes:
        ids = struct.pack("<II", self.console_id, self.session_id)
        return self.suite.mac(self.key, ids + self.console_random + self.bmc_random + self.guid + self._who())

    def rakp3_code(self) -> bytes:
        return self.suite.mac(self.key, self.bmc_random + struct.pack("<I", self.console_id) + self._who())

    def session_key(self) -> bytes:
        """The session integrity key; the user key stands in for a BMC key (K_G), which we do not have."""
        return self.suite.mac(self.key, self.console_random + self.bmc_random + self._who())

    def rakp4_code(self) -> bytes:
        data = self.console_random + struct.pack("<I", self.session_id) + self.guid
        return self.suite.mac(self.session_key(), data)[: self.suite.code_length]

    def _who(self) -> bytes:
        return bytes((self.role, len(self.name))) + self.name
