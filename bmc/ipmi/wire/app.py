"""Global commands, IPMI v2.0 §20."""

import struct
from dataclasses import dataclass
from uuid import UUID

from bmc.ipmi.wire.errors import expect_length

_DEVICE_ID = struct.Struct("<6B3sH4s")
IPMI_2_0 = 0x02


@dataclass(frozen=True, slots=True)
class DeviceId:
    """Get Device ID response, §20.1: 15 bytes, with the auxiliary firmware revision that some clients insist on.

    `minor` is a decimal number below 100 (BCD on the wire); `support` is the additional device support bit field.
    """

    device: int
    revision: int
    major: int
    minor: int
    support: int
    manufacturer: int
    product: int
    auxiliary: bytes = bytes(4)

    def pack(self) -> bytes:
        return _DEVICE_ID.pack(
            self.device,
            self.revision,
            self.major,
            self.minor // 10 << 4 | self.minor % 10,
            IPMI_2_0,
            self.support,
            self.manufacturer.to_bytes(3, "little"),
            self.product,
            self.auxiliary,
        )

    @classmethod
    def unpack(cls, data: bytes) -> "DeviceId":
        expect_length(data, _DEVICE_ID.size)
        device, revision, major, minor, _, support, manufacturer, product, auxiliary = _DEVICE_ID.unpack(data)
        number = (minor >> 4) * 10 + (minor & 0x0F)
        return cls(device, revision, major, number, support, int.from_bytes(manufacturer, "little"), product, auxiliary)


SELF_TEST_PASSED = b"\x55\x00"
"""Get Self Test Results response, §20.4."""


def pack_guid(guid: UUID) -> bytes:
    """A GUID as §20.8 has it: least significant byte first."""
    return guid.bytes[::-1]


def unpack_guid(data: bytes) -> UUID:
    expect_length(data, 16)
    return UUID(bytes=data[::-1])
