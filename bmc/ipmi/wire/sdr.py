"""Sensor Data Records, IPMI v2.0 §43, and the scale by which a sensor's one raw byte is a value."""

import math
import struct
from dataclasses import dataclass, field

from bmc.ipmi.wire.errors import WireError, expect_at_least
from bmc.ipmi.wire.numbers import BMC_ADDRESS

VERSION = 0x51
FULL, COMPACT, EVENT_ONLY, FRU_LOCATOR, MC_LOCATOR = 0x01, 0x02, 0x03, 0x11, 0x12
LINEAR, CUBE = 0x00, 0x09
LONGEST_NAME = 16

_LATIN_1 = 0xC0
_SLACK = 1.1
"""How much more than asked a sensor's range may reach, for a factor of few digits."""


@dataclass(frozen=True, slots=True)
class Scale:
    """value = L[(m · raw + b · 10^k1) · 10^k2], §36.3, with L the identity or the third power."""

    m: int
    b: int = 0
    k1: int = 0
    k2: int = 0
    cube: bool = False

    def value(self, raw: int) -> float:
        linear = (self.m * raw + self.b * 10.0**self.k1) * 10.0**self.k2
        return linear**3 if self.cube else linear

    def raw(self, value: float) -> int:
        """The nearest raw byte."""
        linear = math.cbrt(value) if self.cube else value
        return max(0, min(255, round((linear / 10.0**self.k2 - self.b * 10.0**self.k1) / self.m)))


def scale(minimum: float, maximum: float, wide: bool = False) -> Scale:
    """The scale of a sensor that reads `minimum` to `maximum`; a `wide` one begins at 0 and grows by the third power.

    The third power keeps 0 exact, and few per cent between two values over six decades.
    """
    span = math.cbrt(maximum) if wide else maximum - minimum
    step = span / 255
    k2 = next(k for k in range(7, -9, -1) if _steps(step, k) * 10.0**k <= step * _SLACK)
    m = _steps(step, k2)
    if wide or minimum == 0:
        return Scale(m, k2=k2, cube=wide)
    offset = minimum / 10.0**k2
    k1 = next(k for k in range(8) if abs(offset) / 10.0**k <= 511)
    return Scale(m, round(offset / 10.0**k1), k1, k2)


def _steps(step: float, exponent: int) -> int:
    return max(1, math.ceil(round(step / 10.0**exponent, 9)))


def _factors(s: Scale) -> bytes:
    """Bytes 25 to 30 of a full record, without tolerance and accuracy, which nobody knows."""
    return bytes(
        (s.m & 0xFF, s.m >> 2 & 0xC0, s.b & 0xFF, s.b >> 2 & 0xC0, 0, (s.k2 & 0x0F) << 4 | s.k1 & 0x0F),
    )


def reading_factors(s: Scale, raw: int) -> bytes:
    """Get Sensor Reading Factors response, §35.5."""
    return bytes((min(raw + 1, 0xFF),)) + _factors(s)


def _name(name: str) -> bytes:
    data = name.encode("latin-1", "replace")[:LONGEST_NAME]
    return bytes((_LATIN_1 | len(data),)) + data


def _record(kind: int, body: bytes) -> bytes:
    """Without the record id, which the repository gives."""
    return bytes((VERSION, kind, len(body))) + body


@dataclass(frozen=True, slots=True)
class SensorKey:
    """What every sensor record begins with: number, entity id and instance, sensor type and event/reading type."""

    number: int
    entity: int
    instance: int
    type: int
    event_type: int

    def head(self) -> bytes:
        return bytes((BMC_ADDRESS, 0, self.number, self.entity, self.instance))


_ALL_EVENTS = 0x7A95
"""Lower thresholds going low, upper ones going high (§43.1, bytes 15 to 18), all three of each compared."""
_ALL_SETTABLE = 0x3F00
_INITIALISED = 0x7F
_THRESHOLD_CAPABILITIES = 0x68
_DISCRETE_CAPABILITIES = 0x42


@dataclass(frozen=True, slots=True)
class FullSensor:
    """Full Sensor Record, §43.1, of a sensor with thresholds. Raw bytes; `thresholds` are UNR, UCR, UNC, LNR, LCR, LNC.

    `units` are units 1 and the base unit (table 43-15). `readable` is the mask of the thresholds in force; all can be
    set.
    """

    key: SensorKey
    name: str
    units: tuple[int, int]
    scale: Scale
    readable: int = 0
    thresholds: bytes = bytes(6)
    hysteresis: tuple[int, int] = (0, 0)

    def pack(self) -> bytes:
        key, linearization = self.key, CUBE if self.scale.cube else LINEAR
        return _record(
            FULL,
            key.head()
            + bytes((_INITIALISED, _THRESHOLD_CAPABILITIES, key.type, key.event_type))
            + struct.pack("<HHH", _ALL_EVENTS, _ALL_EVENTS, _ALL_SETTABLE | self.readable)
            + bytes((*self.units, 0, linearization))
            + _factors(self.scale)
            + bytes((0, 0, 0, 0, 0xFF, 0))
            + self.thresholds
            + bytes((*self.hysteresis, 0, 0, 0))
            + _name(self.name),
        )


@dataclass(frozen=True, slots=True)
class CompactSensor:
    """Compact Sensor Record, §43.2, of a discrete sensor whose states are the bits of `states`."""

    key: SensorKey
    name: str
    states: int

    def pack(self) -> bytes:
        key = self.key
        return _record(
            COMPACT,
            key.head()
            + bytes((_INITIALISED, _DISCRETE_CAPABILITIES, key.type, key.event_type))
            + struct.pack("<HHH", self.states, 0, self.states)
            + bytes((0xC0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0))
            + _name(self.name),
        )


@dataclass(frozen=True, slots=True)
class EventOnly:
    """Event-Only Record, §43.3: what the SEL names and nobody reads."""

    key: SensorKey
    name: str

    def pack(self) -> bytes:
        key = self.key
        return _record(EVENT_ONLY, key.head() + bytes((key.type, key.event_type, 1, 0, 0, 0)) + _name(self.name))


@dataclass(frozen=True, slots=True)
class McLocator:
    """Management Controller Device Locator, §43.9: this BMC and what it has."""

    name: str
    capabilities: int
    entity: int

    def pack(self) -> bytes:
        return _record(
            MC_LOCATOR, bytes((BMC_ADDRESS, 0, 0, self.capabilities, 0, 0, 0, self.entity, 1, 0)) + _name(self.name)
        )


@dataclass(frozen=True, slots=True)
class FruLocator:
    """FRU Device Locator, §43.8: logical FRU device `device`."""

    name: str
    device: int
    entity: int

    def pack(self) -> bytes:
        body = bytes((BMC_ADDRESS, self.device, 0x80, 0, 0, 0x10, 0, self.entity, 1, 0))
        return _record(FRU_LOCATOR, body + _name(self.name))


_REPOSITORY = struct.Struct("<BHHIIB")


@dataclass(frozen=True, slots=True)
class RepositoryInfo:
    """Get SDR Repository Info response, §33.9: never added to and never erased, but by its makers."""

    records: int
    free: int = 0
    added: int = 0
    erased: int = 0
    support: int = 0x03

    def pack(self) -> bytes:
        return _REPOSITORY.pack(VERSION, self.records, self.free, self.added, self.erased, self.support)

    @classmethod
    def unpack(cls, data: bytes) -> "RepositoryInfo":
        expect_at_least(data, _REPOSITORY.size)
        return cls(*_REPOSITORY.unpack_from(data)[1:])


@dataclass(frozen=True, slots=True)
class Repository:
    """The records of a node, numbered from 1. The same content is the same repository, which keeps reservations."""

    records: tuple[bytes, ...] = field(default=())

    def at(self, id: int) -> tuple[int, bytes, int]:
        """Id, whole record and next id of record `id`; 0 is the first, FFFFh the last. :raise WireError: none."""
        index = {0: 0, 0xFFFF: len(self.records) - 1}.get(id, id - 1)
        if not 0 <= index < len(self.records):
            raise WireError(f"no record {id:#06x}")
        following = index + 2 if index + 1 < len(self.records) else 0xFFFF
        return index + 1, (index + 1).to_bytes(2, "little") + self.records[index], following
