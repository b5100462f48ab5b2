"""System boot options, IPMI v2.0 §28.12 and §28.13."""

from dataclasses import dataclass
from enum import IntEnum

from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length

PARAMETER_VERSION = 1
MARK_INVALID = 0x80
MAILBOX_BLOCK, MAILBOX_BLOCKS = 16, 5


class Parameter(IntEnum):
    """Boot option parameter selectors, table 28-14."""

    SET_IN_PROGRESS = 0
    SERVICE_PARTITION = 1
    SERVICE_PARTITION_SCAN = 2
    VALID_BIT_CLEARING = 3
    INFO_ACKNOWLEDGE = 4
    BOOT_FLAGS = 5
    INITIATOR_INFO = 6
    INITIATOR_MAILBOX = 7


class Device(IntEnum):
    """Boot device selectors of the boot flags."""

    NONE = 0x0
    PXE = 0x1
    DISK = 0x2
    CD = 0x5
    SETUP = 0x6
    REMOTE_CD = 0x8


@dataclass(frozen=True, slots=True)
class SetBootOption:
    """Set System Boot Options request, §28.12."""

    parameter: int
    data: bytes = b""
    invalid: bool = False

    def pack(self) -> bytes:
        return bytes((self.parameter | self.invalid << 7,)) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> "SetBootOption":
        expect_at_least(data, 1)
        return cls(data[0] & 0x7F, data[1:], bool(data[0] & MARK_INVALID))


@dataclass(frozen=True, slots=True)
class GetBootOption:
    """Get System Boot Options request, §28.13."""

    parameter: int
    set_selector: int = 0
    block_selector: int = 0

    def pack(self) -> bytes:
        return bytes((self.parameter, self.set_selector, self.block_selector))

    @classmethod
    def unpack(cls, data: bytes) -> "GetBootOption":
        expect_length(data, 3)
        return cls(data[0] & 0x7F, data[1], data[2])


def pack_boot_option(parameter: int, data: bytes, invalid: bool = False) -> bytes:
    """Get System Boot Options response, §28.13."""
    return bytes((PARAMETER_VERSION, parameter | invalid << 7)) + data


@dataclass(frozen=True, slots=True)
class BootFlags:
    """Parameter 5. Only what a node can do: everything else a console may ask for is an error."""

    valid: bool = False
    persistent: bool = False
    efi: bool = False
    device: Device = Device.NONE

    def pack(self) -> bytes:
        first = self.valid << 7 | self.persistent << 6 | self.efi << 5
        return bytes((first, self.device << 2, 0, 0, 0))

    @classmethod
    def unpack(cls, data: bytes) -> "BootFlags":
        """:raise WireError: wrong length, a device or a flag that no node of ours has."""
        expect_length(data, 5)
        first, second, third, fourth, fifth = data
        if first & 0x1F or second & 0xC3 or third or fourth or fifth:
            raise WireError(f"boot flags {data.hex()} ask for more than device, persistence and EFI")
        try:
            device = Device(second >> 2 & 0x0F)
        except ValueError as error:
            raise WireError(f"no boot device {second >> 2 & 0x0F:#x} here") from error
        return cls(bool(first & 0x80), bool(first & 0x40), bool(first & 0x20), device)
