"""Sensor data records, IPMI v2.0 §43, and what the commands for them carry, §33."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length
from bmc.ipmi.wire.numbers import BMC_ADDRESS
from bmc.ipmi.wire.packed_text import bcd_plus, six_bit
from bmc.ipmi.wire.scale import Linearization, Scale

VERSION = 0x51
HEADER = 5
LARGEST_ID = 16
FULL, COMPACT, EVENT_ONLY = 0x01, 0x02, 0x03
"""Record types, §43, of sensors."""

_ASCII = 0xC0
_THRESHOLDS = 0x0C
_HEAD = struct.Struct("<HBBB")
_INFO = struct.Struct("<BHHIIB")
_FULL = struct.Struct("<3B6B2H2B4B6B4B2B6B2B2xB")
_COMPACT = struct.Struct("<3B6B3H3B2B2B3xB")
_EVENT_ONLY = struct.Struct("<3B4B2BxB")
_CONTROLLER = struct.Struct("<4B3x2BB")
_FRU = struct.Struct("<4Bx2B2BB")


class Format(IntEnum):
    """Analog data format, table 43-1, byte 21."""

    UNSIGNED = 0
    ONES_COMPLEMENT = 1
    TWOS_COMPLEMENT = 2
    NONE = 3


_COMPLEMENT = {Format.ONES_COMPLEMENT: 0xFF, Format.TWOS_COMPLEMENT: 0x100}


@dataclass(frozen=True, slots=True)
class FullSensor:
    """Full sensor record, type 01h, §43.1: of a sensor that measures, whose thresholds and events can be set.

    `units` is byte 21 (format, rate, percentage), `unit` the base unit, `modifier` another that it is multiplied with
    or divided by; `thresholds` are raw, upper non-recoverable first, as they are at first, `readable` the mask of those
    there are. Both masks of events are `events`; `name` has at most 16 characters. `owner` and `lun` say whom to ask.
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
    readable: int = 0x3F
    modifier: int = 0
    owner: int = BMC_ADDRESS
    lun: int = 0

    event_type = 0x01

    def body(self) -> bytes:
        """Without header; scanning and events are on from the start, and re-arm by themselves."""
        masks = self.events | 0x7000
        return _FULL.pack(
            *(self.owner, self.lun, self.number, self.entity, self.instance, 0x03, 0x68, self.sensor_type),
            *(self.event_type, masks, masks, self.readable, 0x3F, self.units, self.unit, self.modifier),
            *(self.scale.linearization, *self.scale.pack()),
            *(0, 0, 0, 0, self.maximum, self.minimum, *self.thresholds, 0, 0, 0),
        ) + _id(self.name)

    @classmethod
    def unpack(cls, record: bytes) -> "FullSensor":
        """A whole record, with its header.

        :raise WireError: it is none, or its readings are no figures: they are not linear, or not those of thresholds.
        """
        body = _body(record, FULL, _FULL.size)
        owner, lun, number, entity, instance, _, capabilities, sensor_type, event_type, *rest = _FULL.unpack_from(body)
        events, _, readable, _, units, unit, modifier, linearization = rest[:8]
        factors, maximum, minimum, thresholds = bytes(rest[8:14]), rest[18], rest[19], bytes(rest[20:26])
        if event_type != cls.event_type:
            raise WireError(f"sensor {number:02X}h has states of type {event_type:02X}h, and no figures")
        try:
            scale = Scale.unpack(factors, Linearization(linearization & 0x7F))
        except ValueError as error:
            raise WireError(f"sensor {number:02X}h is not linear ({linearization:02X}h)") from error
        return cls(
            *(number, entity, instance, sensor_type, events & 0x0FFF, units, unit, scale, maximum, minimum),
            thresholds,
            _unpack_name(body[_FULL.size :]),
            readable & 0x3F if capabilities & _THRESHOLDS else 0,
            *(modifier, owner, lun),
        )

    @property
    def kind(self) -> int:
        return FULL

    @property
    def format(self) -> Format:
        return Format(self.units >> 6)

    def figure(self, raw: int) -> float:
        """What the byte `raw` means. :raise ValueError: it stands for no figure."""
        if self.format is Format.NONE:
            raise ValueError(f"sensor {self.number:02X}h has no figures")
        return self.scale.value(raw - _COMPLEMENT.get(self.format, 0) if raw & 0x80 else raw)


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
        return COMPACT


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
        return EVENT_ONLY


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


@dataclass(frozen=True, slots=True)
class SensorName:
    """What any record of a sensor says of how it is called: `owner` is the generator of its events."""

    owner: int
    number: int
    sensor_type: int
    name: str

    @classmethod
    def unpack(cls, record: bytes) -> "SensorName":
        """Of the first sensor, where a record stands for several. :raise WireError: the record is of no sensor."""
        _, kind = unpack_id(record)
        if kind not in _NAMES:
            raise WireError(f"record type {kind:02X}h is of no sensor")
        sensor_type, name = _NAMES[kind]
        body = _body(record, kind, name)
        return cls(body[0], body[2], body[sensor_type], _unpack_name(body[name:]))


_NAMES = {FULL: (7, _FULL.size), COMPACT: (7, _COMPACT.size), EVENT_ONLY: (5, _EVENT_ONLY.size)}
"""By record type, where in the body the sensor type and the name are."""


def _body(record: bytes, kind: int, least: int) -> bytes:
    """:raise WireError: not a whole record of that kind, or shorter than `least`."""
    _, found = unpack_id(record)
    if found != kind:
        raise WireError(f"record type {found:02X}h where {kind:02X}h was expected")
    expect_at_least(record, HEADER + least)
    return record[HEADER:]


def _unpack_name(data: bytes) -> str:
    """§43.15; what is cut off, and what is missing, is left out."""
    if not data:
        return ""
    text = data[1 : 1 + (data[0] & 0x1F)]
    decode = _NAME_DECODERS[data[0] >> 6]
    return decode(text).rstrip(" \0")


_NAME_DECODERS = (
    lambda text: text.decode("utf-16-le", "replace"),
    bcd_plus,
    six_bit,
    lambda text: text.decode("latin-1"),
)
