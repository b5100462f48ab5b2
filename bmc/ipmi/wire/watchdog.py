"""Watchdog timer commands, IPMI v2.0 §27."""

from dataclasses import dataclass, field

from bmc.ipmi.wire.errors import WireError, expect_length
from bmc.model.watchdog import PreTimeout, WatchdogAction, WatchdogSetting, WatchdogUse

_NO_LOG, _RUNNING = 0x80, 0x40
_COUNTS = 10  # a second


def _pack_setting(setting: WatchdogSetting, flag: bool, uses: frozenset[WatchdogUse]) -> bytes:
    first = (0 if setting.log else _NO_LOG) | (_RUNNING if flag else 0) | setting.use
    flags = sum(1 << use for use in uses)
    head = bytes((first, setting.pre_timeout << 4 | setting.action, setting.pre_interval, flags))
    return head + _pack_countdown(setting.countdown)


def _pack_countdown(seconds: float) -> bytes:
    return min(0xFFFF, round(seconds * _COUNTS)).to_bytes(2, "little")


def _unpack_setting(data: bytes) -> tuple[WatchdogSetting, bool, frozenset[WatchdogUse]]:
    """Use 0 is reserved, but `ipmitool mc watchdog set` sends it unless told a use: the system's software it is.

    :raise WireError: a use, an action or an interrupt that is reserved, or an SMI.
    """
    first, second, interval, flags = data[:4]
    try:
        use, action = WatchdogUse(first & 0x07 or WatchdogUse.SMS_OS), WatchdogAction(second & 0x07)
        pre_timeout = PreTimeout(second >> 4 & 0x07)
    except ValueError as error:
        raise WireError(f"watchdog: {error}") from error
    countdown = int.from_bytes(data[4:6], "little") / _COUNTS
    setting = WatchdogSetting(use, action, countdown, pre_timeout, interval, not first & _NO_LOG)
    return setting, bool(first & _RUNNING), frozenset(use for use in WatchdogUse if flags & 1 << use)


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Set Watchdog Timer request, §27.6."""

    setting: WatchdogSetting
    keeps_running: bool = False
    clear: frozenset[WatchdogUse] = field(default_factory=frozenset)

    def pack(self) -> bytes:
        return _pack_setting(self.setting, self.keeps_running, self.clear)

    @classmethod
    def unpack(cls, data: bytes) -> "SetTimer":
        """:raise WireError: wrong length, a reserved value, or an SMI, which no node of ours has."""
        expect_length(data, 6)
        return cls(*_unpack_setting(data))


@dataclass(frozen=True, slots=True)
class Timer:
    """Get Watchdog Timer response, §27.7. `left` is the present countdown in seconds."""

    setting: WatchdogSetting
    running: bool = False
    expired: frozenset[WatchdogUse] = field(default_factory=frozenset)
    left: float = 0.0

    def pack(self) -> bytes:
        return _pack_setting(self.setting, self.running, self.expired) + _pack_countdown(self.left)

    @classmethod
    def unpack(cls, data: bytes) -> "Timer":
        """:raise WireError: wrong length or a reserved value."""
        expect_length(data, 8)
        return cls(*_unpack_setting(data), int.from_bytes(data[6:8], "little") / _COUNTS)
