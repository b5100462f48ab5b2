"""Chassis commands, IPMI v2.0 §28.1 to §28.11."""

from dataclasses import dataclass
from enum import IntEnum

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


CAPABILITIES = bytes((0x00, *(BMC_ADDRESS,) * 4))
"""Get Chassis Capabilities response, §28.1: no intrusion sensor and no lockable panel; all devices are this BMC."""


class IdentifyState(IntEnum):
    OFF = 0
    TIMED = 1
    INDEFINITE = 2


@dataclass(frozen=True, slots=True)
class ChassisStatus:
    """Get Chassis Status response, §28.2. `policy` is 0 to 2, 3 when unknown."""

    power: bool
    policy: int = 3
    fault: bool = False
    on_by_command: bool = False
    identify: IdentifyState = IdentifyState.OFF

    def pack(self) -> bytes:
        current = self.policy << 5 | self.power
        last = self.on_by_command << 4 | self.fault << 3
        return bytes((current, last, 0x40 | self.identify << 4))

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
    SOFT_RESET = 0xA


def pack_restart_cause(cause: RestartCause, channel: int) -> bytes:
    """Get System Restart Cause response, §28.11."""
    return bytes((cause, channel))
