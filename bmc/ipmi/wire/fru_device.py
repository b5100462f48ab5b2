"""FRU inventory device commands, IPMI v2.0 §34; what the area holds is in `fru.py`."""

import struct
from dataclasses import dataclass

from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length

BMC_FRU = 0
"""The FRU device id of the unit that the BMC belongs to."""

_READ = struct.Struct("<BHB")


@dataclass(frozen=True, slots=True)
class AreaInfo:
    """Get FRU Inventory Area Info response, §34.1: `size` in bytes; offsets and counts are in words if `words`."""

    size: int
    words: bool = False

    def pack(self) -> bytes:
        return self.size.to_bytes(2, "little") + bytes((self.words,))

    @classmethod
    def unpack(cls, data: bytes) -> "AreaInfo":
        expect_length(data, 3)
        return cls(int.from_bytes(data[:2], "little"), bool(data[2] & 0x01))


@dataclass(frozen=True, slots=True)
class ReadData:
    """Read FRU Data request, §34.2: `count` bytes, 1 to 255."""

    offset: int
    count: int
    device: int = BMC_FRU

    def pack(self) -> bytes:
        return _READ.pack(self.device, self.offset, self.count)

    @classmethod
    def unpack(cls, data: bytes) -> "ReadData":
        """:raise WireError: wrong length, or nothing to read."""
        expect_length(data, _READ.size)
        device, offset, count = _READ.unpack(data)
        if not count:
            raise WireError("0 bytes of FRU data to read")
        return cls(offset, count, device)


@dataclass(frozen=True, slots=True)
class WriteData:
    """Write FRU Data request, §34.3."""

    offset: int
    data: bytes
    device: int = BMC_FRU

    def pack(self) -> bytes:
        return bytes((self.device,)) + self.offset.to_bytes(2, "little") + self.data

    @classmethod
    def unpack(cls, data: bytes) -> "WriteData":
        """:raise WireError: too short to write anything."""
        expect_at_least(data, 4)
        return cls(int.from_bytes(data[1:3], "little"), data[3:], data[0])


def unpack_data(data: bytes) -> bytes:
    """What was read, of a Read FRU Data response, §34.2, which first counts it. :raise WireError: nothing."""
    expect_at_least(data, 2)
    return data[1:]
