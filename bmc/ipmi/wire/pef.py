"""Platform event filtering, IPMI v2.0 §17.7 and §30: filters, policies, and the commands about them."""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length

VERSION = 0x51
ANY = 0xFF


class PefAction(IntFlag):
    """Actions, in the bits of table 30-2 and of event filters."""

    NONE = 0x00
    ALERT = 0x01
    POWER_OFF = 0x02
    RESET = 0x04
    POWER_CYCLE = 0x08
    OEM = 0x10
    INTERRUPT = 0x20


class PefParameter(IntEnum):
    """PEF configuration parameter selectors, table 30-6."""

    SET_IN_PROGRESS = 0
    CONTROL = 1
    ACTIONS = 2
    STARTUP_DELAY = 3
    ALERT_STARTUP_DELAY = 4
    FILTER_COUNT = 5
    FILTER = 6
    FILTER_DATA_1 = 7
    POLICY_COUNT = 8
    POLICY = 9
    SYSTEM_GUID = 10
    STRING_COUNT = 11
    STRING_KEY = 12
    STRING = 13


class PefControl(IntFlag):
    """Parameter 1."""

    ENABLED = 0x01
    EVENTS = 0x02
    STARTUP_DELAY = 0x04
    ALERT_STARTUP_DELAY = 0x08


@dataclass(frozen=True, slots=True)
class GetPefParameter:
    """Get PEF Configuration Parameters request, §30.4."""

    parameter: int
    set_selector: int = 0
    block_selector: int = 0
    revision_only: bool = False

    def pack(self) -> bytes:
        return bytes((self.parameter | self.revision_only << 7, self.set_selector, self.block_selector))

    @classmethod
    def unpack(cls, data: bytes) -> "GetPefParameter":
        expect_length(data, 3)
        return cls(data[0] & 0x7F, data[1], data[2], bool(data[0] & 0x80))


@dataclass(frozen=True, slots=True)
class SetPefParameter:
    """Set PEF Configuration Parameters request, §30.3."""

    parameter: int
    data: bytes

    def pack(self) -> bytes:
        return bytes((self.parameter,)) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> "SetPefParameter":
        expect_at_least(data, 1)
        return cls(data[0] & 0x7F, data[1:])


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one byte of event data is looked at, table 17-2.

    Of what `mask` leaves, bits of `exact` must be as in `value`; of the others that `value` has, at least one is set.
    """

    mask: int = 0
    exact: int = 0
    value: int = 0

    def fits(self, byte: int) -> bool:
        tested, some = byte & self.mask, self.value & ~self.exact
        return not (tested ^ self.value) & self.exact and (not some or bool(tested & some))


@dataclass(frozen=True, slots=True)
class EventFilter:
    """One entry of the event filter table, table 17-2, without its set selector: 20 bytes.

    `trigger` is the event's type, with bit 7 for its end. `kind` is 2 for one that a manufacturer has configured.
    """

    enabled: bool = False
    kind: int = 0
    actions: PefAction = PefAction.NONE
    policy: int = 0
    severity: int = 0
    generator: tuple[int, int] = (0, 0)
    sensor_type: int = 0
    sensor: int = 0
    trigger: int = 0
    offsets: int = 0
    data: tuple[Comparison, Comparison, Comparison] = (Comparison(), Comparison(), Comparison())

    def pack(self) -> bytes:
        compared = bytes(byte for one in self.data for byte in (one.mask, one.exact, one.value))
        head = (self.enabled << 7 | self.kind << 5, self.actions, self.policy, self.severity, *self.generator)
        return struct.pack("<9BH", *head, self.sensor_type, self.sensor, self.trigger, self.offsets) + compared

    @classmethod
    def unpack(cls, data: bytes) -> "EventFilter":
        expect_length(data, 20)
        config, actions, policy, severity, first, second, sensor_type, sensor, trigger, offsets = struct.unpack(
            "<9BH", data[:11]
        )
        one, two, three = (Comparison(*data[start : start + 3]) for start in (11, 14, 17))
        return cls(
            bool(config & 0x80),
            config >> 5 & 3,
            PefAction(actions & 0x3F),
            policy & 0x0F,
            severity,
            (first, second),
            sensor_type,
            sensor,
            trigger,
            offsets,
            (one, two, three),
        )

    def fits(self, generator: int, sensor_type: int, sensor: int, trigger: int, data: bytes) -> bool:
        """Whether an event passes: `trigger` is its type with bit 7 for an end, `data` its three bytes."""
        wanted = (*self.generator, self.sensor_type, self.sensor, self.trigger)
        told = (generator & 0xFF, generator >> 8, sensor_type, sensor, trigger)
        if any(want not in (ANY, found) for want, found in zip(wanted, told, strict=True)):
            return False
        if not self.offsets >> (data[0] & 0x0F) & 1:
            return False
        return all(one.fits(byte) for one, byte in zip(self.data, data, strict=True))


class PolicyRule(IntEnum):
    """When an entry's alert is sent, §17.11: what happens after one before it went well."""

    ALWAYS = 0
    SKIP = 1
    STOP = 2
    OTHER_CHANNEL = 3
    OTHER_TYPE = 4


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """One entry of the alert policy table, §17.11, without its set selector: 3 bytes. `text` is its alert string."""

    number: int = 0
    enabled: bool = False
    rule: PolicyRule = PolicyRule.ALWAYS
    channel: int = 0
    destination: int = 0
    text: int = 0

    def pack(self) -> bytes:
        return bytes(
            (self.number << 4 | self.enabled << 3 | self.rule, self.channel << 4 | self.destination, self.text)
        )

    @classmethod
    def unpack(cls, data: bytes) -> "AlertPolicy":
        """:raise WireError: also of a rule that is reserved."""
        expect_length(data, 3)
        try:
            rule = PolicyRule(data[0] & 0x07)
        except ValueError as error:
            raise WireError(f"alert policy {data[0] & 0x07} is reserved") from error
        return cls(data[0] >> 4, bool(data[0] & 0x08), rule, data[1] >> 4, data[1] & 0x0F, data[2])


class AlertOperation(IntEnum):
    INITIATE = 0
    STATUS = 1
    CLEAR = 2


class AlertStatus(IntEnum):
    """Alert Immediate status, §30.7."""

    NONE = 0x00
    ENDED = 0x01
    RETRIES_FAILED = 0x02
    NO_ACKNOWLEDGE = 0x03
    IN_PROGRESS = 0xFF


@dataclass(frozen=True, slots=True)
class AlertImmediate:
    """Alert Immediate request, §30.7. `event` is a platform event of 8 bytes, with its generator first, or none."""

    channel: int
    destination: int
    operation: AlertOperation = AlertOperation.INITIATE
    text: int = 0
    event: bytes = b""

    def pack(self) -> bytes:
        return bytes((self.channel, self.operation << 6 | self.destination, self.text)) + self.event

    @classmethod
    def unpack(cls, data: bytes) -> "AlertImmediate":
        """:raise WireError: also of an operation that is reserved."""
        expect_length(data, 3, 11)
        try:
            operation = AlertOperation(data[1] >> 6)
        except ValueError as error:
            raise WireError("operation 3 is reserved") from error
        return cls(data[0] & 0x0F, data[1] & 0x0F, operation, data[2], data[3:])


@dataclass(frozen=True, slots=True)
class Destination:
    """LAN parameters 18 and 19 of one destination, §23.2, without their set selectors.

    `interval` is how many seconds an acknowledge is waited for, 1 to 256; `retries` how often it is then sent again.
    """

    address: bytes = bytes(4)
    acknowledged: bool = False
    interval: int = 1
    retries: int = 0
    mac: bytes = bytes(6)
    backup_gateway: bool = False

    def pack_type(self) -> bytes:
        return bytes((self.acknowledged << 7, self.interval - 1, self.retries))

    def pack_address(self) -> bytes:
        return bytes((0, self.backup_gateway)) + self.address + self.mac

    @staticmethod
    def unpack_type(data: bytes) -> tuple[bool, int, int]:
        """Acknowledged, interval and retries. :raise WireError: also of anything but a PET trap."""
        expect_length(data, 3)
        if data[0] & 0x7F:
            raise WireError(f"destination type {data[0] & 0x07} is no PET trap")
        return bool(data[0] & 0x80), data[1] + 1, data[2] & 0x07

    @staticmethod
    def unpack_address(data: bytes) -> tuple[bytes, bytes, bool]:
        """Address, MAC and whether by the backup gateway. :raise WireError: also of anything but IPv4."""
        expect_length(data, 12)
        if data[0]:
            raise WireError("only IPv4 destinations")
        return data[2:6], data[6:], bool(data[1] & 0x01)
