"""Global commands, IPMI v2.0 §20."""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from uuid import UUID

from bmc.ipmi.wire.errors import WireError, expect_length

_DEVICE_ID = struct.Struct("<6B3sH4s")
IPMI_2_0 = 0x02
_PASSED, _CORRUPTED = 0x55, 0x57
_SET_STATE, _NO_CHANGE = 0x80, 0x7F


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
        if minor >> 4 > 9 or minor & 0x0F > 9:
            raise WireError(f"minor revision {minor:#04x} is no BCD number")
        number = (minor >> 4) * 10 + (minor & 0x0F)
        return cls(device, revision, major, number, support, int.from_bytes(manufacturer, "little"), product, auxiliary)


class Fault(IntFlag):
    """What of the self test can fail here, §20.4."""

    SEL = 0x80
    FRU = 0x20


def pack_self_test(faults: Fault) -> bytes:
    """Get Self Test Results response, §20.4: passed, or what is corrupted or cannot be reached."""
    return bytes((_CORRUPTED, faults)) if faults else bytes((_PASSED, 0))


class SystemPower(IntEnum):
    """ACPI system power states, §20.6."""

    S0 = 0x00
    S1 = 0x01
    S2 = 0x02
    S3 = 0x03
    S4 = 0x04
    S5 = 0x05
    S4_S5 = 0x06
    G3 = 0x07
    SLEEPING = 0x08
    G1 = 0x09
    OVERRIDE = 0x0A
    LEGACY_ON = 0x20
    LEGACY_OFF = 0x21
    UNKNOWN = 0x2A


class DevicePower(IntEnum):
    """ACPI device power states, §20.6."""

    D0 = 0x00
    D1 = 0x01
    D2 = 0x02
    D3 = 0x03
    UNKNOWN = 0x2A


@dataclass(frozen=True, slots=True)
class SetAcpiState:
    """Set ACPI Power State request, §20.6; None leaves a state as it is."""

    system: SystemPower | None = None
    device: DevicePower | None = None

    def pack(self) -> bytes:
        return bytes(_NO_CHANGE if state is None else _SET_STATE | state for state in (self.system, self.device))

    @classmethod
    def unpack(cls, data: bytes) -> "SetAcpiState":
        """:raise WireError: wrong length, or a state that is none."""
        expect_length(data, 2)
        system, device = (state & 0x7F if state & _SET_STATE else _NO_CHANGE for state in data)
        try:
            return cls(
                None if system == _NO_CHANGE else SystemPower(system),
                None if device == _NO_CHANGE else DevicePower(device),
            )
        except ValueError as error:
            raise WireError(f"ACPI power states {system:#04x} and {device:#04x}") from error


def pack_acpi_state(system: SystemPower, device: DevicePower) -> bytes:
    """Get ACPI Power State response, §20.7."""
    return bytes((system, device))


def pack_guid(guid: UUID) -> bytes:
    """A GUID as §20.8 has it: least significant byte first."""
    return guid.bytes[::-1]


def unpack_guid(data: bytes) -> UUID:
    expect_length(data, 16)
    return UUID(bytes=data[::-1])
