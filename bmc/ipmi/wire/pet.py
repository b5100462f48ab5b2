"""Platform Event Traps: SNMPv1 traps (RFC 1157) as the Platform Event Trap format v1.0 has them, and their answer.

Of BER only what a trap needs: definite lengths, and tags of one byte.
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from bmc.ipmi.wire.errors import expect_length

ENTERPRISE = (1, 3, 6, 1, 4, 1, 3183, 1, 1)
EPOCH = 883612800
"""1998-01-01, from which a trap counts its seconds."""
UNSPECIFIED_OFFSET = -1
_INTEGER, _OCTETS, _OID, _SEQUENCE = 0x02, 0x04, 0x06, 0x30
_IP_ADDRESS, _TIME_TICKS, _TRAP = 0x40, 0x43, 0xA4
_VERSION_1, _ENTERPRISE_SPECIFIC = 0, 6
_IPMI, _BMC = 0x20, 0x20
_UNSPECIFIED_LANGUAGE = 0xFF
_NO_MORE_FIELDS = b"\xc1"
_FIELDS = struct.Struct(">16sHIhBBBBBBB8sBIH")


@dataclass(frozen=True, slots=True)
class Trap:
    """What one trap tells. `time` is in seconds since 1998, 0 when unspecified; `utc_offset` in minutes.

    `direction` is the event's type, with bit 7 when the event is over; `data` are its three bytes; `guid` is as §20.8
    has it. `severity` is one of table 17-2's, 0 when unspecified.
    """

    guid: bytes
    sequence: int
    time: int
    severity: int
    sensor_type: int
    sensor: int
    direction: int
    data: bytes
    generator: int = _BMC
    utc_offset: int = UNSPECIFIED_OFFSET
    entity: int = 0
    instance: int = 0
    manufacturer: int = 0
    system: int = 0

    @property
    def specific(self) -> int:
        """The trap's number: sensor type, event type, and offset with bit 7 when the event is over."""
        return self.sensor_type << 16 | (self.direction & 0x7F) << 8 | (self.direction & 0x80) | (self.data[0] & 0x0F)

    def pack(self) -> bytes:
        """The value of its one variable, at least 47 bytes."""
        return (
            _FIELDS.pack(
                self.guid[::-1],
                self.sequence,
                self.time,
                self.utc_offset,
                _IPMI,
                _IPMI,
                self.severity,
                self.generator & 0xFF,
                self.sensor,
                self.entity,
                self.instance,
                self.data.ljust(8, b"\0"),
                _UNSPECIFIED_LANGUAGE,
                self.manufacturer,
                self.system,
            )
            + _NO_MORE_FIELDS
        )

    def datagram(self, community: str, agent: IPv4Address, uptime: float) -> bytes:
        """The whole SNMPv1 message; `uptime` in seconds."""
        variable = _tlv(_SEQUENCE, _oid((*ENTERPRISE, 1)), _tlv(_OCTETS, self.pack()))
        trap = _tlv(
            _TRAP,
            _oid(ENTERPRISE),
            _tlv(_IP_ADDRESS, agent.packed),
            _integer(_ENTERPRISE_SPECIFIC),
            _integer(self.specific),
            _integer(int(uptime * 100) & 0x7FFFFFFF, _TIME_TICKS),
            _tlv(_SEQUENCE, variable),
        )
        return _tlv(_SEQUENCE, _integer(_VERSION_1), _tlv(_OCTETS, community.encode("latin-1")), trap)


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """PET Acknowledge request, §30.8."""

    sequence: int
    time: int
    source: int
    generator: int
    sensor: int
    data: bytes

    def pack(self) -> bytes:
        return struct.pack("<HIBBB", self.sequence, self.time, self.source, self.generator, self.sensor) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> "Acknowledge":
        expect_length(data, 12)
        sequence, time, source, generator, sensor = struct.unpack_from("<HIBBB", data)
        return cls(sequence, time, source, generator, sensor, data[9:])

    def answers(self, trap: Trap) -> bool:
        told = (trap.sequence, trap.time, _IPMI, trap.generator & 0xFF, trap.sensor, trap.data.ljust(3, b"\0"))
        return told == (self.sequence, self.time, self.source, self.generator, self.sensor, self.data)


def _tlv(tag: int, *parts: bytes) -> bytes:
    value = b"".join(parts)
    if len(value) < 0x80:
        return bytes((tag, len(value))) + value
    size = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + value


def _integer(value: int, tag: int = _INTEGER) -> bytes:
    """Not negative."""
    return _tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(numbers: tuple[int, ...]) -> bytes:
    first, second, *rest = numbers
    return _tlv(_OID, bytes((first * 40 + second,)), *map(_arc, rest))


def _arc(number: int) -> bytes:
    """Seven bits a byte, the first ones with bit 7."""
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(0x80 | number & 0x7F)
    return bytes(reversed(parts))
