"""Sensor data records, IPMI v2.0 §43, what the commands for them carry, §33, and the scale of a reading, §36.3."""

import math
import struct
from dataclasses import dataclass
from enum import IntEnum

from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length
from bmc.ipmi.wire.numbers import BMC_ADDRESS

VERSION = 0x51
HEADER = 5
LARGEST_ID = 16
_ASCII = 0xC0
_HEAD = struct.Struct("<HBBB")
_INFO = struct.Struct("<BHHIIB")
_FULL = struct.Struct("<3B6B2H2B4B6B4B2B6B2B2xB")
_COMPACT = struct.Struct("<3B6B3H3B2B2B3xB")
_EVENT_ONLY = struct.Struct("<3B4B2BxB")
_CONTROLLER = struct.Struct("<4B3x2BB")
_FRU = struct.Struct("<4Bx2B2BB")


class Linearization(IntEnum):
    """Table 43-1, byte 24."""

    LINEAR = 0x00
    CUBE = 0x09


@dataclass(frozen=True, slots=True)
class Scale:
    """A reading is L((m·raw + b·10^b_exp)·10^r_exp), raw being 0 to 255, §36.3."""

    m: int
    b: int = 0
    b_exp: int = 0
    r_exp: int = 0
    linearization: Linearization = Linearization.LINEAR

    @classmethod
    def spanning(cls, minimum: float, maximum: float, wide: bool = False) -> "Scale":
        """The scale whose raw values 0 to 255 reach from `minimum` to `maximum`, in steps of two digits at most.

        A `wide` one goes by the cube, so that 0 is exactly 0 and what is small is told finely; it begins at 0.

        :raise ValueError: no such span.
        """
        if not minimum < maximum or (wide and minimum != 0):
            raise ValueError(f"no scale from {minimum:g} to {maximum:g}")
        low, high = (0.0, math.cbrt(maximum)) if wide else (minimum, maximum)
        b, b_at = _floor(round(low, 10))  # no finer than `_curve`
        step, r_exp = _ceil((high - b * 10.0**b_at) / 255)
        # b·10^(b_exp + r_exp) is b·10^b_at: what b_exp cannot say of that, b does not need to.
        b_exp = b_at - r_exp
        if (b and not -8 <= b_exp <= 7) or not -8 <= r_exp <= 7:
            raise ValueError(f"no scale from {minimum:g} to {maximum:g}")
        return cls(step, b, b_exp if b else 0, r_exp, Linearization.CUBE if wide else Linearization.LINEAR)

    def value(self, raw: int) -> float:
        return self._curve((self.m * raw + self.b * 10.0**self.b_exp) * 10.0**self.r_exp)

    def raw(self, value: float) -> int:
        """The nearest; 0 or 255 for what lies beyond the ends."""
        linear = math.cbrt(value) if self.linearization is Linearization.CUBE else value
        return _byte((linear / 10.0**self.r_exp - self.b * 10.0**self.b_exp) / self.m)

    def distance(self, raw: int) -> float:
        """What `raw` means as a hysteresis: as clients read it, without the offset."""
        return self._curve(self.m * raw * 10.0**self.r_exp)

    def raw_distance(self, value: float) -> int:
        linear = math.cbrt(value) if self.linearization is Linearization.CUBE else value
        return _byte(linear / 10.0**self.r_exp / self.m)

    def _curve(self, linear: float) -> float:
        # Without the dust of binary fractions: 0.4·3 is 1.2.
        rounded = round(linear, 10)
        return rounded**3 if self.linearization is Linearization.CUBE else rounded

    def pack(self) -> bytes:
        """Bytes 25 to 30 of a full record, and the factors of §35.5: tolerance and accuracy are not specified."""
        m, b = self.m & 0x3FF, self.b & 0x3FF
        exponents = (self.r_exp & 0x0F) << 4 | self.b_exp & 0x0F
        return bytes((m & 0xFF, m >> 8 << 6, b & 0xFF, b >> 8 << 6, 0, exponents))

    @classmethod
    def unpack(cls, data: bytes, linearization: Linearization = Linearization.LINEAR) -> "Scale":
        expect_length(data, 6)
        m, b = data[0] | data[1] >> 6 << 8, data[2] | data[3] >> 6 << 8
        return cls(_signed(m, 10), _signed(b, 10), _signed(data[5] & 0x0F, 4), _signed(data[5] >> 4, 4), linearization)


def _ceil(value: float) -> tuple[int, int]:
    """At least `value`, as two digits and an exponent of ten, or one where that is as exact."""
    exponent = math.floor(math.log10(value)) - 1
    digits = math.ceil(round(value / 10.0**exponent, 6))
    while digits % 10 == 0:
        digits, exponent = digits // 10, exponent + 1
    return digits, exponent


def _floor(value: float) -> tuple[int, int]:
    """At most `value`, as two digits and an exponent of ten, or one where that is as exact."""
    if not value:
        return 0, 0
    exponent = math.floor(math.log10(abs(value))) - 1
    digits = math.floor(round(value / 10.0**exponent, 6))
    while digits % 10 == 0:
        digits, exponent = digits // 10, exponent + 1
    return digits, exponent


def _byte(value: float) -> int:
    return max(0, min(255, round(value)))


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


@dataclass(frozen=True, slots=True)
class FullSensor:
    """Full sensor record, type 01h, §43.1: of a sensor that measures, whose thresholds and events can be set.

    `units` is byte 21 (rate, percentage), `unit` the base unit; `thresholds` are raw, upper non-recoverable first, as
    they are at first. Both masks of events are `events`; `name` has at most 16 characters.
    """

    number: int
    entity: int
    instance: int
    sensor_type: int
    events: int
    units: int
    unit: int
    scale: Scale
    maximum: int
    minimum: int
    thresholds: bytes
    name: str

    event_type = 0x01

    def body(self) -> bytes:
        """Without header; scanning and events are on from the start, and re-arm by themselves."""
        masks = self.events | 0x7000
        return _FULL.pack(
            *(BMC_ADDRESS, 0, self.number, self.entity, self.instance, 0x03, 0x68, self.sensor_type),
            *(self.event_type, masks, masks, 0x3F, 0x3F, self.units, self.unit, 0, self.scale.linearization),
            *self.scale.pack(),
            *(0, 0, 0, 0, self.maximum, self.minimum, *self.thresholds, 0, 0, 0),
        ) + _id(self.name)

    @property
    def kind(self) -> int:
        return 0x01


@dataclass(frozen=True, slots=True)
class CompactSensor:
    """Compact sensor record, type 02h, §43.2: of one with states, whose possible ones are `states`."""

    number: int
    entity: int
    instance: int
    sensor_type: int
    event_type: int
    states: int
    name: str

    def body(self) -> bytes:
        head = (BMC_ADDRESS, 0, self.number, self.entity, self.instance, 0x03, 0x42, self.sensor_type, self.event_type)
        return _COMPACT.pack(*head, self.states, 0, self.states, 0xC0, 0, 0, 1, 0, 0, 0, 0) + _id(self.name)

    @property
    def kind(self) -> int:
        return 0x02


@dataclass(frozen=True, slots=True)
class EventOnlySensor:
    """Event-only record, type 03h, §43.3."""

    number: int
    entity: int
    instance: int
    sensor_type: int
    event_type: int
    name: str

    def body(self) -> bytes:
        head = (BMC_ADDRESS, 0, self.number, self.entity, self.instance, self.sensor_type, self.event_type)
        return _EVENT_ONLY.pack(*head, 1, 0, 0) + _id(self.name)

    @property
    def kind(self) -> int:
        return 0x03


@dataclass(frozen=True, slots=True)
class FruLocator:
    """FRU device locator record, type 11h, §43.8: a logical FRU device behind this controller."""

    device: int
    entity: int
    instance: int
    name: str

    def body(self) -> bytes:
        return _FRU.pack(BMC_ADDRESS, self.device, 0x80, 0, 0x10, 0, self.entity, self.instance, 0) + _id(self.name)

    @property
    def kind(self) -> int:
        return 0x11


@dataclass(frozen=True, slots=True)
class ControllerLocator:
    """Management controller device locator record, type 12h, §43.9. `capabilities` is byte 9."""

    capabilities: int
    entity: int
    instance: int
    name: str

    def body(self) -> bytes:
        return _CONTROLLER.pack(BMC_ADDRESS, 0, 0, self.capabilities, self.entity, self.instance, 0) + _id(self.name)

    @property
    def kind(self) -> int:
        return 0x12


SensorRecord = FullSensor | CompactSensor | EventOnlySensor | FruLocator | ControllerLocator


def pack_record(id: int, record: SensorRecord) -> bytes:
    """With its header, §43."""
    body = record.body()
    return _HEAD.pack(id, VERSION, record.kind, len(body)) + body


def _id(name: str) -> bytes:
    """ID string type/length and bytes, §43.15: 8-bit ASCII."""
    encoded = name.encode("ascii", "replace")[:LARGEST_ID]
    return bytes((_ASCII | len(encoded),)) + encoded


@dataclass(frozen=True, slots=True)
class RepositoryInfo:
    """Get SDR Repository Info response, §33.9; times in seconds since 1970."""

    records: int
    added: int
    erased: int = 0
    free: int = 0
    support: int = 0x03

    def pack(self) -> bytes:
        return _INFO.pack(VERSION, self.records, self.free, self.added, self.erased, self.support)

    @classmethod
    def unpack(cls, data: bytes) -> "RepositoryInfo":
        expect_length(data, _INFO.size)
        version, records, free, added, erased, support = _INFO.unpack(data)
        if version != VERSION:
            raise WireError(f"SDR version {version:#04x}; expected {VERSION:#04x}")
        return cls(records, added, erased, free, support)


def unpack_id(data: bytes) -> tuple[int, int]:
    """Id and type of a record. :raise WireError: it is not whole."""
    expect_at_least(data, HEADER)
    id, _, kind, length = _HEAD.unpack_from(data)
    expect_length(data, HEADER + length)
    return id, kind
