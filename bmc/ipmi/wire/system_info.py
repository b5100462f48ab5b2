"""Set and Get System Info Parameters, IPMI v2.0 §22.14a and §22.14b: strings in blocks of 16 bytes."""

from dataclasses import dataclass
from enum import IntEnum

from bmc.ipmi.wire.errors import WireError, WrongLength, expect_at_least, expect_length

REVISION = 0x11
BLOCK = 16
_HEAD = 2
_LONGEST = 255
BLOCKS = -(-(_HEAD + _LONGEST) // BLOCK)


class SystemInfo(IntEnum):
    """Parameter selectors, table 22-16c. All but the first are strings."""

    SET_IN_PROGRESS = 0
    FIRMWARE_VERSION = 1
    SYSTEM_NAME = 2
    PRIMARY_OS_NAME = 3
    OS_NAME = 4
    OS_VERSION = 5
    BMC_URL = 6
    HYPERVISOR_URL = 7


@dataclass(frozen=True, slots=True)
class SetSystemInfo:
    """Set System Info Parameters request, §22.14a."""

    parameter: int
    data: bytes

    def pack(self) -> bytes:
        return bytes((self.parameter,)) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> "SetSystemInfo":
        expect_at_least(data, 2)
        return cls(data[0], data[1:])


@dataclass(frozen=True, slots=True)
class GetSystemInfo:
    """Get System Info Parameters request, §22.14b."""

    parameter: int
    set_selector: int = 0
    block_selector: int = 0
    revision_only: bool = False

    def pack(self) -> bytes:
        return bytes((self.revision_only << 7, self.parameter, self.set_selector, self.block_selector))

    @classmethod
    def unpack(cls, data: bytes) -> "GetSystemInfo":
        expect_length(data, 4)
        return cls(data[1], data[2], data[3], bool(data[0] & 0x80))


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a string: its number, and up to 16 bytes. Block 0 begins with encoding and length."""

    number: int
    data: bytes

    def onto(self, before: bytes) -> bytes:
        """All blocks after this one was set; the first begins a new string."""
        start = self.number * BLOCK
        rest = before[start + BLOCK :] if self.number else b""
        return before[:start].ljust(start, b"\0") + self.data.ljust(BLOCK, b"\0") + rest

    def pack(self) -> bytes:
        return bytes((self.number,)) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> "Block":
        """:raise WireError: no data, more than a block, or beyond the longest string."""
        expect_at_least(data, 2)
        if len(data) > 1 + BLOCK:
            raise WrongLength(f"{len(data) - 1} bytes where a block has {BLOCK}")
        if data[0] >= BLOCKS:
            raise WireError(f"block {data[0]}, the last is {BLOCKS - 1}")
        return cls(data[0], data[1:])


def pack_string(text: str) -> bytes:
    """`text` as its blocks: UTF-8, cut at 255 bytes."""
    data = text.encode()[:_LONGEST]
    return bytes((0x01, len(data))) + data


def cut_block(blocks: bytes, number: int) -> bytes:
    """Block `number` with its number in front; zeros beyond the end, where ipmitool looks too."""
    return bytes((number,)) + blocks[number * BLOCK : (number + 1) * BLOCK].ljust(BLOCK, b"\0")
