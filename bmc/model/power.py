"""Power words: Redfish ResetType names, power states, and why a state changed."""

from dataclasses import dataclass
from enum import Enum


class PowerAction(Enum):
    """Redfish `ResetType` (DSP0268, Resource.ResetType)."""

    ON = "On"
    FORCE_OFF = "ForceOff"
    GRACEFUL_SHUTDOWN = "GracefulShutdown"
    GRACEFUL_RESTART = "GracefulRestart"
    FORCE_RESTART = "ForceRestart"
    POWER_CYCLE = "PowerCycle"
    NMI = "Nmi"
    PUSH_POWER_BUTTON = "PushPowerButton"


MACHINE_ACTIONS = frozenset(PowerAction) - {PowerAction.GRACEFUL_RESTART, PowerAction.POWER_CYCLE}
"""What a machine whose every button can be pressed does at one stroke; the other two are made of these."""


class PowerState(Enum):
    """Redfish `PowerState`, and Unknown, which Redfish shows as null with its reason."""

    ON = "On"
    OFF = "Off"
    POWERING_ON = "PoweringOn"
    POWERING_OFF = "PoweringOff"
    UNKNOWN = "Unknown"

    @property
    def runs(self) -> bool:
        """Whether it is on, or on its way off: in IPMI's one bit a node on its way shows where it comes from."""
        return self in (PowerState.ON, PowerState.POWERING_OFF)


class PowerCause(Enum):
    """What a sense saw happen, beside the state it led to."""

    COMMAND = "command"
    GUEST_SHUTDOWN = "guest-shutdown"
    GUEST_RESET = "guest-reset"
    HOST_RESET = "host-reset"
    GUEST_PANIC = "guest-panic"
    DISK_ERROR = "disk-error"
    PAUSED = "paused"
    RESUMED = "resumed"
    PROCESS_DIED = "process-died"
    WATCHDOG = "watchdog"
    MAINS_LOST = "mains-lost"
    RESTORE_POLICY = "restore-policy"
    OBSERVED = "observed"


class RestorePolicy(Enum):
    """Redfish `PowerRestorePolicy`."""

    ALWAYS_OFF = "AlwaysOff"
    LAST_STATE = "LastState"
    ALWAYS_ON = "AlwaysOn"


class Health(Enum):
    """Redfish `Status.Health`."""

    OK = "OK"
    WARNING = "Warning"
    CRITICAL = "Critical"


@dataclass(frozen=True, slots=True)
class PowerReading:
    """What one sense says now. `at` is the wall clock in seconds since the epoch.

    A sense that cannot tell yields UNKNOWN with the reason, never a guess. A reset is a reading too:
    the state stays ON and the cause is GUEST_RESET or HOST_RESET. `outvoted` are the senses that say otherwise, where
    it is what all of them together say.
    """

    state: PowerState
    at: float
    cause: PowerCause = PowerCause.OBSERVED
    health: Health = Health.OK
    reason: str = ""
    outvoted: tuple[str, ...] = ()

    @property
    def paused(self) -> bool:
        """On, but standing still until someone resumes it."""
        return self.state is PowerState.ON and self.cause in _PAUSES


@dataclass(frozen=True, slots=True)
class Vote:
    """What one sense said last. `counts`: it can tell, and no other sense of its failure domain says otherwise."""

    sense: str
    domain: str
    reading: PowerReading
    counts: bool


@dataclass(frozen=True, slots=True)
class LastAction:
    """The power action that was tried last. Times in seconds since the epoch; `ended` is None while it is under way.

    `outcome` is "done", "failed", "timed out", "superseded" or "unknown"; `problem` says what went wrong. `handed` is
    when the switch had it, None where it never said so.
    """

    action: PowerAction
    account: str
    at: float
    ended: float | None = None
    outcome: str = ""
    problem: str = ""
    handed: float | None = None


_PAUSES = frozenset({PowerCause.GUEST_PANIC, PowerCause.DISK_ERROR, PowerCause.PAUSED})
