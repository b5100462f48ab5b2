"""Sensor device commands, IPMI v2.0 §35. Bytes only; knows no node."""

import struct
from dataclasses import dataclass

from bmc.ipmi.wire.errors import WireError, expect_length

MESSAGES_ENABLED, SCANNING, UNAVAILABLE = 0x80, 0x40, 0x20
KEEP, ENABLE, DISABLE = 0, 1, 2
_MASKS = struct.Struct("<2H")


def unpack_number(data: bytes) -> int:
    """Number of a sensor, where that is all there is."""
    expect_length(data, 1)
    return data[0]


@dataclass(frozen=True, slots=True)
class FactorsRequest:
    """Get Sensor Reading Factors request, §35.5."""

    number: int
    reading: int

    def pack(self) -> bytes:
        return bytes((self.number, self.reading))

    @classmethod
    def unpack(cls, data: bytes) -> "FactorsRequest":
        expect_length(data, 2)
        return cls(*data)


@dataclass(frozen=True, slots=True)
class SetHysteresis:
    """Set Sensor Hysteresis request, §35.6: raw."""

    number: int
    positive: int
    negative: int

    def pack(self) -> bytes:
        return bytes((self.number, 0xFF, self.positive, self.negative))

    @classmethod
    def unpack(cls, data: bytes) -> "SetHysteresis":
        expect_length(data, 4)
        return cls(data[0], data[2], data[3])


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Mask and raw values, lower non-critical first: Get Sensor Thresholds response, §35.9, and most of §35.8."""

    mask: int
    values: bytes

    def pack(self) -> bytes:
        return bytes((self.mask,)) + self.values

    @classmethod
    def unpack(cls, data: bytes) -> "Thresholds":
        expect_length(data, 7)
        if data[0] & 0xC0:
            raise WireError(f"threshold mask {data[0]:#04x} has reserved bits")
        return cls(data[0], data[1:])


@dataclass(frozen=True, slots=True)
class SetThresholds:
    """Set Sensor Thresholds request, §35.8."""

    number: int
    thresholds: Thresholds

    def pack(self) -> bytes:
        return bytes((self.number,)) + self.thresholds.pack()

    @classmethod
    def unpack(cls, data: bytes) -> "SetThresholds":
        expect_length(data, 8)
        return cls(data[0], Thresholds.unpack(data[1:]))


@dataclass(frozen=True, slots=True)
class EventEnable:
    """Masks of events that are told, §35.11, or that have happened, §35.13; `flags` as above."""

    flags: int
    assertions: int
    deassertions: int

    def pack(self) -> bytes:
        return bytes((self.flags,)) + _MASKS.pack(self.assertions, self.deassertions)

    @classmethod
    def unpack(cls, data: bytes) -> "EventEnable":
        expect_length(data, 5)
        return cls(data[0], *_MASKS.unpack(data[1:]))


@dataclass(frozen=True, slots=True)
class SetEventEnable:
    """Set Sensor Event Enable request, §35.10; trailing bytes may be left out. `change`: KEEP, ENABLE or DISABLE."""

    number: int
    messages: bool
    scanning: bool
    change: int = KEEP
    assertions: int = 0
    deassertions: int = 0

    def pack(self) -> bytes:
        flags = self.messages << 7 | self.scanning << 6 | self.change << 4
        return bytes((self.number, flags)) + _MASKS.pack(self.assertions, self.deassertions)

    @classmethod
    def unpack(cls, data: bytes) -> "SetEventEnable":
        expect_length(data, 2, 3, 4, 5, 6)
        change = data[1] >> 4 & 0x03
        if change == 3:
            raise WireError("change 3 of event enables is reserved")
        assertions, deassertions = _MASKS.unpack(data[2:].ljust(4, b"\x00"))
        return cls(data[0], bool(data[1] & 0x80), bool(data[1] & 0x40), change, assertions, deassertions)


@dataclass(frozen=True, slots=True)
class Reading:
    """Get Sensor Reading response, §35.14: `states` are asserted states, or the thresholds that it is beyond."""

    raw: int = 0
    states: int = 0
    available: bool = True
    messages: bool = True
    threshold: bool = False

    def pack(self) -> bytes:
        flags = self.messages << 7 | SCANNING | (0 if self.available else UNAVAILABLE)
        if self.threshold:
            return bytes((self.raw, flags, 0xC0 | self.states))
        return bytes((self.raw, flags)) + (self.states | 0x8000).to_bytes(2, "little")

    @classmethod
    def unpack(cls, data: bytes, threshold: bool = True) -> "Reading":
        """The states may be left out. Not scanned is not available."""
        expect_length(data, 2, 3, 4)
        raw, flags = data[:2]
        available = bool(flags & SCANNING) and not flags & UNAVAILABLE
        states = int.from_bytes(data[2:3] if threshold else data[2:4], "little") & (0x3F if threshold else 0x7FFF)
        return cls(raw, states, available, bool(flags & MESSAGES_ENABLED), threshold)
