"""Chassis commands, IPMI v2.0 §28."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from bmc.ipmi.wire.errors import WireError, WrongLength, expect_length
from bmc.ipmi.wire.numbers import BMC_ADDRESS


class ControlAction(IntEnum):
    """Chassis control, §28.3."""

    POWER_DOWN = 0
    POWER_UP = 1
    POWER_CYCLE = 2
    HARD_RESET = 3
    PULSE_DIAGNOSTIC = 4
    SOFT_SHUTDOWN = 5


@dataclass(frozen=True, slots=True)
class ChassisControl:
    """Chassis Control request, §28.3."""

    action: ControlAction

    def pack(self) -> bytes:
        return bytes((self.action,))

    @classmethod
    def unpack(cls, data: bytes) -> "ChassisControl":
        """:raise WireError: wrong length or a reserved action."""
        expect_length(data, 1)
        try:
            return cls(ControlAction(data[0] & 0x0F))
        except ValueError as error:
            raise WireError(f"chassis control {data[0] & 0x0F} is reserved") from error


@dataclass(frozen=True, slots=True)
class ChassisCapabilities:
    """Get Chassis Capabilities response and Set Chassis Capabilities request, §28.1 and §28.7.

    There is no intrusion sensor and no lockable panel; `devices` are the addresses of FRU, SDR, SEL and system
    management device, and of the bridge where one is named.
    """

    diagnostic_interrupt: bool = False
    devices: bytes = bytes((BMC_ADDRESS,) * 4)

    def pack(self) -> bytes:
        return bytes((self.diagnostic_interrupt << 2,)) + self.devices

    @classmethod
    def unpack(cls, data: bytes) -> "ChassisCapabilities":
        """:raise WireError: wrong length, or something that no chassis of ours has."""
        expect_length(data, 5, 6)
        if data[0] & ~0x04:
            raise WireError(f"chassis capabilities {data[0]:#04x} name a sensor or a lock that is not there")
        return cls(bool(data[0]), data[1:])


UNKNOWN_POLICY = 3
NO_CHANGE = 3
EVERY_POLICY = 0x07
"""Set Power Restore Policy response, §28.8: stay off, as before, always on."""


def unpack_policy(data: bytes) -> int:
    """Set Power Restore Policy request, §28.8: 0 to 2, or `NO_CHANGE`. :raise WireError: a reserved policy."""
    expect_length(data, 1)
    policy = data[0] & 0x07
    if policy > NO_CHANGE:
        raise WireError(f"power restore policy {policy} is reserved")
    return policy


MINUTES_PER_COUNT = 60


def pack_hours(seconds: float) -> bytes:
    """Get POH Counter response, §28.14."""
    return bytes((MINUTES_PER_COUNT,)) + (int(seconds) // (60 * MINUTES_PER_COUNT)).to_bytes(4, "little")


class IdentifyState(IntEnum):
    OFF = 0
    TIMED = 1
    INDEFINITE = 2


class ChassisStatus(NamedTuple):
    """Get Chassis Status response, §28.2. `policy` is 0 to 2, 3 when unknown. No front panel button can be disabled.

    A tuple, for clients ask for nothing as often.
    """

    power: bool
    policy: int = UNKNOWN_POLICY
    fault: bool = False
    on_by_command: bool = False
    identify: IdentifyState = IdentifyState.OFF
    mains_lost: bool = False

    def pack(self) -> bytes:
        current = self.policy << 5 | self.power
        last = self.on_by_command << 4 | self.fault << 3 | self.mains_lost
        return bytes((current, last, 0x40 | self.identify << 4, 0))

    @classmethod
    def unpack(cls, data: bytes) -> "ChassisStatus":
        expect_length(data, 3, 4)
        identify = data[2] >> 4 & 0x03
        if identify == 3:
            raise WireError("identify state 3 is reserved")
        return cls(
            bool(data[0] & 0x01),
            data[0] >> 5 & 0x03,
            bool(data[1] & 0x08),
            bool(data[1] & 0x10),
            IdentifyState(identify),
            bool(data[1] & 0x01),
        )


DEFAULT_IDENTIFY = 15


@dataclass(frozen=True, slots=True)
class ChassisIdentify:
    """Chassis Identify request, §28.5: on for `seconds`, for ever when None, off when 0."""

    seconds: int | None = DEFAULT_IDENTIFY

    def pack(self) -> bytes:
        return b"\x00\x01" if self.seconds is None else bytes((self.seconds,))

    @classmethod
    def unpack(cls, data: bytes) -> "ChassisIdentify":
        if len(data) > 2:
            raise WrongLength(f"{len(data)} bytes where at most 2 were expected")
        if len(data) == 2 and data[1] & 0x01:
            return cls(None)
        return cls(data[0] if data else DEFAULT_IDENTIFY)


class RestartCause(IntEnum):
    """Get System Restart Cause, §28.11."""

    UNKNOWN = 0x0
    CHASSIS_CONTROL = 0x1
    WATCHDOG = 0x4
    ALWAYS_ON = 0x6
    LAST_STATE = 0x7
    SOFT_RESET = 0xA


def pack_restart_cause(cause: RestartCause, channel: int) -> bytes:
    """Get System Restart Cause response, §28.11."""
    return bytes((cause, channel))
