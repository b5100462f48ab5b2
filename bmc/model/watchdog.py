"""The BMC watchdog timer as a value, IPMI v2.0 §27."""

from dataclasses import dataclass, field
from enum import IntEnum


class WatchdogUse(IntEnum):
    """Timer use, §27.6."""

    BIOS_FRB2 = 1
    BIOS_POST = 2
    OS_LOAD = 3
    SMS_OS = 4
    OEM = 5


class WatchdogAction(IntEnum):
    """Timeout action, §27.6."""

    NONE = 0
    HARD_RESET = 1
    POWER_DOWN = 2
    POWER_CYCLE = 3


class PreTimeout(IntEnum):
    """Pre-timeout interrupt, §27.6; there is no SMI here."""

    NONE = 0
    NMI = 2
    MESSAGING = 3


@dataclass(frozen=True, slots=True)
class WatchdogSetting:
    """`countdown` and `pre_interval` are seconds. `log` False keeps an expiry out of the event log and the SEL."""

    use: WatchdogUse = WatchdogUse.SMS_OS
    action: WatchdogAction = WatchdogAction.NONE
    countdown: float = 0.0
    pre_timeout: PreTimeout = PreTimeout.NONE
    pre_interval: int = 0
    log: bool = True


@dataclass(frozen=True, slots=True)
class Watchdog:
    """The timer now. `ends` is when it runs out, on the monotonic clock; None while it is stopped.

    `initialised` is False until somebody has set it. `expired` are the uses whose timer has run out and whose flag
    nobody has cleared. `pre_timeout` says that the interval before the end has begun.
    """

    setting: WatchdogSetting = field(default_factory=WatchdogSetting)
    ends: float | None = None
    initialised: bool = False
    expired: frozenset[WatchdogUse] = frozenset()
    pre_timeout: bool = False


NO_WATCHDOG = Watchdog()
