"""Sensor device commands, IPMI v2.0 §35."""

from dataclasses import dataclass

from bmc.ipmi.wire.errors import expect_length

EVENTS_ENABLED, SCANNING_ENABLED, UNAVAILABLE = 0x80, 0x40, 0x20
_UNUSED_BITS = 0xC0


def pack_threshold_reading(raw: int | None, events: bool, crossed: int) -> bytes:
    """Get Sensor Reading response, §35.14, with thresholds; `crossed` by Threshold.bit. None: no reading."""
    flags = (EVENTS_ENABLED if events else 0) | SCANNING_ENABLED
    if raw is None:
        return bytes((0, flags | UNAVAILABLE, _UNUSED_BITS))
    return bytes((raw, flags, _UNUSED_BITS | crossed))


def pack_discrete_reading(states: int | None) -> bytes:
    """Get Sensor Reading response, §35.14, of a discrete sensor. None: nobody can tell."""
    flags = EVENTS_ENABLED | SCANNING_ENABLED
    if states is None:
        return bytes((0, flags | UNAVAILABLE, 0, 0x80))
    return bytes((0, flags, states & 0xFF, 0x80 | states >> 8))


def unpack_sensor(data: bytes) -> int:
    """The sensor number, all that many requests hold."""
    expect_length(data, 1)
    return data[0]


@dataclass(frozen=True, slots=True)
class SetHysteresis:
    """Set Sensor Hysteresis request, §35.6: raw steps, going up and going down."""

    sensor: int
    positive: int
    negative: int

    def pack(self) -> bytes:
        return bytes((self.sensor, 0xFF, self.positive, self.negative))

    @classmethod
    def unpack(cls, data: bytes) -> "SetHysteresis":
        expect_length(data, 4)
        return cls(data[0], data[2], data[3])


@dataclass(frozen=True, slots=True)
class SetThresholds:
    """Set Sensor Thresholds request, §35.8: `mask` says which raw `values` (LNC, LCR, LNR, UNC, …) to set."""

    sensor: int
    mask: int
    values: bytes

    def pack(self) -> bytes:
        return bytes((self.sensor, self.mask)) + self.values

    @classmethod
    def unpack(cls, data: bytes) -> "SetThresholds":
        expect_length(data, 8)
        return cls(data[0], data[1] & 0x3F, data[2:])


@dataclass(frozen=True, slots=True)
class SetEventEnable:
    """Set Sensor Event Enable request, §35.10. `operation`: 0 flags only, 1 enable the masks, 2 disable."""

    sensor: int
    events: bool
    scanning: bool
    operation: int
    assertions: int = 0
    deassertions: int = 0

    def pack(self) -> bytes:
        flags = self.events << 7 | self.scanning << 6 | self.operation << 4
        masks = self.assertions.to_bytes(2, "little") + self.deassertions.to_bytes(2, "little")
        return bytes((self.sensor, flags)) + masks

    @classmethod
    def unpack(cls, data: bytes) -> "SetEventEnable":
        """The masks may be cut off at any byte."""
        expect_length(data, 2, 3, 4, 5, 6)
        masks = data[2:].ljust(4, b"\0")
        return cls(
            data[0],
            bool(data[1] & 0x80),
            bool(data[1] & 0x40),
            data[1] >> 4 & 0x03,
            int.from_bytes(masks[:2], "little"),
            int.from_bytes(masks[2:], "little"),
        )


def pack_event_state(events: bool, assertions: int, deassertions: int) -> bytes:
    """Get Sensor Event Enable and Get Sensor Event Status responses, §35.11 and §35.13."""
    flags = (EVENTS_ENABLED if events else 0) | SCANNING_ENABLED
    return bytes((flags,)) + assertions.to_bytes(2, "little") + deassertions.to_bytes(2, "little")
