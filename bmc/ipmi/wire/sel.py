"""SEL commands, IPMI v2.0 §31, and the records they carry, §32."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length

VERSION = 0x51
RECORD = 16
FIRST, LAST = 0x0000, 0xFFFF
WHOLE = 0xFF
UNSPECIFIED_TIME = 0xFFFFFFFF
_PLAIN_OEM = 0xE0
_CLR = b"CLR"

_INFO = struct.Struct("<BHHIIB")
_ALLOCATION = struct.Struct("<HHHHB")
_GET = struct.Struct("<HHBB")


class Support(IntEnum):
    """Operation support byte of Get SEL Info, §31.2."""

    ALLOCATION = 0x01
    RESERVE = 0x02
    DELETE = 0x08
    OVERFLOW = 0x80


@dataclass(frozen=True, slots=True)
class SelInfo:
    """Get SEL Info response, §31.2. `free` is in bytes; times are of the SEL's clock, FFFFFFFFh when there is none."""

    entries: int
    free: int
    added: int = UNSPECIFIED_TIME
    erased: int = UNSPECIFIED_TIME
    support: int = Support.ALLOCATION | Support.RESERVE | Support.DELETE

    def pack(self) -> bytes:
        return _INFO.pack(VERSION, self.entries, self.free, self.added, self.erased, self.support)

    @classmethod
    def unpack(cls, data: bytes) -> "SelInfo":
        expect_length(data, _INFO.size)
        return cls(*_INFO.unpack(data)[1:])


@dataclass(frozen=True, slots=True)
class Allocation:
    """Get SEL or SDR Repository Allocation Info response, §31.3 and §33.10: units of `size` bytes."""

    units: int
    size: int
    free: int
    largest_record: int = 1

    def pack(self) -> bytes:
        return _ALLOCATION.pack(self.units, self.size, self.free, self.free, self.largest_record)

    @classmethod
    def unpack(cls, data: bytes) -> "Allocation":
        expect_length(data, _ALLOCATION.size)
        units, size, free, _, largest = _ALLOCATION.unpack(data)
        return cls(units, size, free, largest)


@dataclass(frozen=True, slots=True)
class GetRecord:
    """Get SEL Entry or Get SDR request, §31.5 and §33.12: `count` FFh asks for the whole record."""

    reservation: int
    record: int
    offset: int = 0
    count: int = WHOLE

    def pack(self) -> bytes:
        return _GET.pack(self.reservation, self.record, self.offset, self.count)

    @classmethod
    def unpack(cls, data: bytes) -> "GetRecord":
        expect_length(data, _GET.size)
        return cls(*_GET.unpack(data))


@dataclass(frozen=True, slots=True)
class Record:
    """A record, §32: `data` is 9 bytes after the time `stamp`, 13 where there is none (types E0h to FFh)."""

    id: int
    type: int
    stamp: int | None
    data: bytes

    def pack(self) -> bytes:
        head = struct.pack("<HB", self.id, self.type)
        return head + (b"" if self.stamp is None else self.stamp.to_bytes(4, "little")) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> "Record":
        expect_length(data, RECORD)
        id, kind = struct.unpack_from("<HB", data)
        if kind >= _PLAIN_OEM:
            return cls(id, kind, None, data[3:])
        return cls(id, kind, int.from_bytes(data[3:7], "little"), data[7:])


@dataclass(frozen=True, slots=True)
class DeleteRecord:
    """Delete SEL Entry request, §31.8."""

    reservation: int
    record: int

    def pack(self) -> bytes:
        return struct.pack("<HH", self.reservation, self.record)

    @classmethod
    def unpack(cls, data: bytes) -> "DeleteRecord":
        expect_length(data, 4)
        return cls(*struct.unpack("<HH", data))


class Clearing(IntEnum):
    GET_STATUS = 0x00
    INITIATE = 0xAA


ERASED = b"\x01"
"""Clear SEL response, §31.9: the erasure is completed."""


@dataclass(frozen=True, slots=True)
class ClearRequest:
    """Clear SEL request, §31.9."""

    reservation: int
    clearing: Clearing = Clearing.INITIATE

    def pack(self) -> bytes:
        return self.reservation.to_bytes(2, "little") + _CLR + bytes((self.clearing,))

    @classmethod
    def unpack(cls, data: bytes) -> "ClearRequest":
        expect_length(data, 6)
        if data[2:5] != _CLR:
            raise WireError(f"{data[2:5].hex()} where 'CLR' was expected")
        try:
            return cls(int.from_bytes(data[:2], "little"), Clearing(data[5]))
        except ValueError as error:
            raise WireError(f"{data[5]:#04x} is neither to clear nor to tell") from error


def pack_time(time: int) -> bytes:
    """Seconds since 1970, §37."""
    return time.to_bytes(4, "little")


def unpack_time(data: bytes) -> int:
    expect_length(data, 4)
    return int.from_bytes(data, "little")


def pack_utc_offset(minutes: int) -> bytes:
    """Get SEL Time UTC Offset response, §31.11a."""
    return minutes.to_bytes(2, "little", signed=True)


def unpack_utc_offset(data: bytes) -> int:
    expect_length(data, 2)
    return int.from_bytes(data, "little", signed=True)


def unpack_entry(data: bytes) -> tuple[int, bytes]:
    """Get SEL Entry or Get SDR response, §31.5, §33.12: the id of the next record, and what was asked of this one."""
    expect_at_least(data, 2)
    return int.from_bytes(data[:2], "little"), data[2:]
