"""DCMI v1.5 commands (network function 2Ch, group extension DCh). Bytes only; knows no node.

Messages here are without the group extension, which `GROUP` is: it begins each request and each response.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length
from bmc.ipmi.wire.numbers import BMC_ADDRESS, LAN_CHANNEL

GROUP = b"\xdc"
CHUNK = 16
"""Bytes of a string that one request reads or writes."""
MOST_TAG = 63
MOST_IDENTIFIER = 64
"""Bytes of an asset tag, and of a controller's identifier with the zero that ends it."""

_NONE = 0xFF
_CONFORMANCE = bytes((1, 5, 2))
_POWER = struct.Struct("<4HIIB")
_POWER_REQUEST = struct.Struct("<B2x")
_SYSTEM_POWER = 0x01
_GUID, _ASSET_TAG = 0x01, 0x04
_ACTIVE = 0x40


class Capability(IntEnum):
    """Parameter selectors of Get DCMI Capabilities Info, §6.1.1."""

    SUPPORTED = 1
    MANDATORY_ATTRIBUTES = 2
    OPTIONAL_ATTRIBUTES = 3
    ACCESS_ATTRIBUTES = 4
    ENHANCED_POWER = 5


def unpack_capability(data: bytes) -> Capability:
    """Get DCMI Capabilities Info request. :raise WireError: wrong length, or no such parameter."""
    expect_length(data, 1)
    try:
        return Capability(data[0])
    except ValueError as error:
        raise WireError(f"DCMI capabilities parameter {data[0]}; there are 1 to 5") from error


def pack_capability(parameter: bytes) -> bytes:
    """Get DCMI Capabilities Info response: conformance to v1.5 and the parameter."""
    return _CONFORMANCE + parameter


def pack_supported(power: bool, in_band: bool) -> bytes:
    """Parameter 1: power management, and whether there is a system interface beside the LAN."""
    return bytes((0, power, in_band))


def pack_mandatory_attributes(sel_entries: int) -> bytes:
    """Parameter 2: a SEL of so many records that overwrites none of them; no temperature is monitored by DCMI."""
    return sel_entries.to_bytes(2, "little") + bytes((_GUID | _ASSET_TAG, 0, 0))


OPTIONAL_ATTRIBUTES = bytes((BMC_ADDRESS, 0x01))
"""Parameter 3: this controller manages power; channel 0, revision 1."""
ACCESS_ATTRIBUTES = bytes((LAN_CHANNEL, _NONE, _NONE))
"""Parameter 4: the primary LAN channel; no secondary one, and no serial one."""
NO_ENHANCED_POWER = b"\x00"
"""Parameter 5: no rolling averages."""


def check_power_request(data: bytes) -> None:
    """Get Power Reading request, §6.6.1. :raise WireError: wrong length, or a mode that needs rolling averages."""
    expect_length(data, _POWER_REQUEST.size)
    (mode,) = _POWER_REQUEST.unpack(data)
    if mode != _SYSTEM_POWER:
        raise WireError(f"power reading mode {mode}, expected {_SYSTEM_POWER}")


@dataclass(frozen=True, slots=True)
class PowerReading:
    """Get Power Reading response, §6.6.1: watts; `at` in seconds since the epoch, `period` in milliseconds."""

    current: int
    minimum: int
    maximum: int
    average: int
    at: int
    period: int
    active: bool

    def pack(self) -> bytes:
        watts = (min(value, 0xFFFF) for value in (self.current, self.minimum, self.maximum, self.average))
        return _POWER.pack(*watts, self.at, self.period, _ACTIVE if self.active else 0)

    @classmethod
    def unpack(cls, data: bytes) -> "PowerReading":
        expect_length(data, _POWER.size)
        current, minimum, maximum, average, at, period, state = _POWER.unpack(data)
        return cls(current, minimum, maximum, average, at, period, bool(state & _ACTIVE))


class SensorEntity(IntEnum):
    """Entity ids of temperature sensors, table 6-16: those of DCMI, beside which IPMI's own are read alike."""

    INLET = 0x40
    CPU = 0x41
    BASEBOARD = 0x42


_IPMI_ENTITIES = {0x37: SensorEntity.INLET, 0x03: SensorEntity.CPU, 0x07: SensorEntity.BASEBOARD}
_TEMPERATURE = 0x01


@dataclass(frozen=True, slots=True)
class SensorInfoRequest:
    """Get DCMI Sensor Info request, §6.5.2. `instance` 0 means all from `start` on, else that one alone."""

    entity: SensorEntity
    instance: int = 0
    start: int = 1

    def pack(self) -> bytes:
        return bytes((_TEMPERATURE, self.entity, self.instance, self.start))

    @classmethod
    def unpack(cls, data: bytes) -> "SensorInfoRequest":
        """:raise WireError: wrong length, another type than temperature, or an entity that DCMI does not know."""
        expect_length(data, 4)
        kind, entity, instance, start = data
        if kind != _TEMPERATURE:
            raise WireError(f"DCMI sensor type {kind:#04x}, expected temperature")
        try:
            return cls(_IPMI_ENTITIES.get(entity) or SensorEntity(entity), instance, start)
        except ValueError as error:
            raise WireError(f"DCMI entity id {entity:#04x} is none") from error


@dataclass(frozen=True, slots=True)
class SensorInfo:
    """Get DCMI Sensor Info response: how many there are, and the SDR record ids of at most eight of them."""

    total: int
    records: tuple[int, ...] = ()

    def pack(self) -> bytes:
        ids = b"".join(record.to_bytes(2, "little") for record in self.records)
        return bytes((self.total, len(self.records))) + ids

    @classmethod
    def unpack(cls, data: bytes) -> "SensorInfo":
        expect_at_least(data, 2)
        expect_length(data, 2 + 2 * data[1])
        pairs = zip(data[2::2], data[3::2], strict=True)
        return cls(data[0], tuple(low | high << 8 for low, high in pairs))


@dataclass(frozen=True, slots=True)
class ReadString:
    """Get Asset Tag and Get Management Controller Identifier String requests, §6.4.2 and §6.4.6.1."""

    offset: int
    count: int

    def pack(self) -> bytes:
        return bytes((self.offset, self.count))

    @classmethod
    def unpack(cls, data: bytes) -> "ReadString":
        """:raise WireError: wrong length, or more than one chunk."""
        expect_length(data, 2)
        if data[1] > CHUNK:
            raise WireError(f"{data[1]} bytes to read at once, expected at most {CHUNK}")
        return cls(data[0], data[1])


@dataclass(frozen=True, slots=True)
class WriteString:
    """Set Asset Tag and Set Management Controller Identifier String requests, §6.4.3 and §6.4.6.2."""

    offset: int
    data: bytes

    @property
    def end(self) -> int:
        return self.offset + len(self.data)

    def onto(self, before: bytes) -> bytes:
        """The string after this chunk: what was behind it is gone, and what a zero ended is over."""
        return (before.ljust(self.offset)[: self.offset] + self.data).partition(b"\0")[0]

    def pack(self) -> bytes:
        return bytes((self.offset, len(self.data))) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> "WriteString":
        """:raise WireError: wrong length, or more than one chunk."""
        expect_at_least(data, 2)
        expect_length(data, 2 + data[1])
        if data[1] > CHUNK:
            raise WireError(f"{data[1]} bytes to write at once, expected at most {CHUNK}")
        return cls(data[0], data[2:])


def pack_chunk(text: bytes, request: ReadString) -> bytes:
    """The response to a `ReadString`: the whole length, and the bytes asked for."""
    return bytes((len(text),)) + text[request.offset : request.offset + request.count]
