"""What a node can be asked to do: frozen values, so that a node may one day be on another host.

`Command[R]` names its result; `role` is the least role that may ask; `action` is its name in the audit stream, which
knows of all but those that come every few seconds, or change nothing. What is `even_held` is done also
while somebody else has reserved the node, or looks to that itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from bmc.model.boot import BootMode, BootOverride
from bmc.model.caller import Caller, Role
from bmc.model.node import Hardware
from bmc.model.plan import Plan
from bmc.model.power import PowerAction, PowerState, RestorePolicy
from bmc.model.sel import SystemEvent
from bmc.model.sensor import SensorHistory, SensorSetting, Window
from bmc.model.url import medium_name
from bmc.model.watchdog import WatchdogSetting, WatchdogUse

R_co = TypeVar("R_co", covariant=True)


class Command(Generic[R_co]):
    action: ClassVar[str]
    role: ClassVar[Role] = Role.OPERATOR
    audited: ClassVar[bool] = True
    even_held: ClassVar[bool] = False

    def details(self) -> Mapping[str, object]:
        """What the audit stream keeps of it beside its name; never what may be a secret."""
        return {}


@dataclass(frozen=True, slots=True)
class Power(Command[PowerState]):
    """One power action; the result is the state believed when the action was carried out or accepted.

    :raise NotSupported: no such action. :raise Busy: another is under way. :raise WrongState: by the node's state.
    :raise Refused: that is Unknown, or an interlock, a budget or the emergency stop forbids it; nothing was done.
    :raise Unreachable: nothing was done. :raise OutcomeUnknown: maybe it was. :raise BackendFailed: with the reason.
    :raise TimedOut: it was started, but its effect was not seen.
    """

    power: PowerAction
    action: ClassVar[str] = "power"

    def details(self) -> Mapping[str, object]:
        return {"action": self.power.value}


@dataclass(frozen=True, slots=True)
class ConfirmPower(Command[None]):
    """A person has looked and says what the power state is (On or Off); clears Unknown.

    :raise WrongState: the senses can tell. :raise InvalidRequest: neither On nor Off.
    :raise NotSupported: the node has no power actions.
    """

    state: PowerState
    action: ClassVar[str] = "confirm-power"

    def details(self) -> Mapping[str, object]:
        return {"state": self.state.value}


@dataclass(frozen=True, slots=True)
class Resume(Command[None]):
    """Let a guest that a full disk or a panic has paused go on.

    :raise WrongState: it is not paused. :raise NotSupported: it cannot be.
    """

    action: ClassVar[str] = "resume"


@dataclass(frozen=True, slots=True)
class SetBootOverride(Command[None]):
    """:raise NotSupported: no boot control. :raise InvalidRequest: no such target, or a mode other than its firmware's.

    :raise BmcError: the node did not take it; the override is what it was.
    """

    override: BootOverride
    action: ClassVar[str] = "boot-override"

    def details(self) -> Mapping[str, object]:
        return self.override.to_json()


@dataclass(frozen=True, slots=True)
class SetFirmware(Command[None]):
    """Which firmware the node has from its next power on. :raise NotSupported: that is not for us to decide."""

    mode: BootMode
    action: ClassVar[str] = "firmware"

    def details(self) -> Mapping[str, object]:
        return {"mode": self.mode.value}


@dataclass(frozen=True, slots=True)
class InsertMedia(Command[None]):
    """Insert, or swap, what is in a virtual drive. `image`: an http(s) URL or the name of a file in the media store.

    :raise NotSupported: no virtual drive. :raise NotFound: no such slot or file. :raise InvalidRequest: no such image.
    :raise Unreachable: the URL. :raise BackendFailed: the node did not take it. :raise OutcomeUnknown: it never said.
    """

    slot: str
    image: str
    action: ClassVar[str] = "insert-media"

    def details(self) -> Mapping[str, object]:
        return {"slot": self.slot, "image": medium_name(self.image)}


@dataclass(frozen=True, slots=True)
class InsertDeployMedium(Command[None]):
    """Insert the medium of the caller's own job, from the host file `path`.

    Host paths never come through a door: Node refuses this to a caller without `job` (:raise Denied).
    Everything else is as with InsertMedia; the slot shows the image as "lightsout-deploy".
    """

    slot: str
    path: str
    action: ClassVar[str] = "insert-deploy-medium"
    role: ClassVar[Role] = Role.ADMINISTRATOR


@dataclass(frozen=True, slots=True)
class EjectMedia(Command[None]):
    """Done as well when the slot is empty. :raise NotSupported: no virtual drive. :raise NotFound: no such slot.

    :raise OutcomeUnknown: the node never said.
    """

    slot: str
    action: ClassVar[str] = "eject-media"

    def details(self) -> Mapping[str, object]:
        return {"slot": self.slot}


@dataclass(frozen=True, slots=True)
class Identify(Command[None]):
    """Chassis identify: on for `seconds`, for ever when None, off when 0."""

    seconds: int | None
    action: ClassVar[str] = "identify"


@dataclass(frozen=True, slots=True)
class PlanPower(Command[Plan]):
    """What a power action would do, without doing it. :raise NotSupported: no such action."""

    power: PowerAction
    action: ClassVar[str] = "plan-power"
    audited: ClassVar[bool] = False
    even_held: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class TakeScreenshot(Command[bytes]):
    """What the screen shows, as PNG. :raise NotSupported: there is no screen. :raise WrongState: the node is off.

    :raise BackendFailed: it did not show itself in time.
    """

    action: ClassVar[str] = "take-screenshot"
    role: ClassVar[Role] = Role.READ_ONLY
    audited: ClassVar[bool] = False
    even_held: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SetRestorePolicy(Command[None]):
    """What the node does when its supply of power comes back. :raise NotSupported: that is not for us to decide."""

    policy: RestorePolicy
    action: ClassVar[str] = "restore-policy"


@dataclass(frozen=True, slots=True)
class SetCycleInterval(Command[None]):
    """How long a power cycle leaves the node off, in seconds.

    :raise NotSupported: its switch cycles by itself. :raise InvalidRequest: beyond 0 to 255.
    """

    seconds: int
    action: ClassVar[str] = "cycle-interval"
    role: ClassVar[Role] = Role.ADMINISTRATOR


@dataclass(frozen=True, slots=True)
class SetWatchdog(Command[None]):
    """Set the watchdog timer, and stop it unless it `keeps_running`. `clear` are the expiration flags to clear.

    :raise InvalidRequest: the interval of the pre-timeout is longer than the countdown.
    """

    setting: WatchdogSetting
    keeps_running: bool = False
    clear: frozenset[WatchdogUse] = frozenset()
    action: ClassVar[str] = "set-watchdog"


@dataclass(frozen=True, slots=True)
class ResetWatchdog(Command[None]):
    """Begin the countdown anew. :raise WrongState: the timer was never set, or its pre-timeout has begun."""

    action: ClassVar[str] = "reset-watchdog"
    audited: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class AddSelEntry(Command[int]):
    """Add a record as it is; the result is its id. `data` has 9 bytes with a time stamp, 13 without.

    :raise InvalidRequest: another length, or a type that is none. :raise Refused: the SEL is full.
    """

    record_type: int
    data: bytes
    action: ClassVar[str] = "add-sel-entry"


@dataclass(frozen=True, slots=True)
class DeleteSelEntry(Command[None]):
    """:raise NotFound: no such record."""

    id: int
    action: ClassVar[str] = "delete-sel-entry"

    def details(self) -> Mapping[str, object]:
        return {"record": self.id}


@dataclass(frozen=True, slots=True)
class ResolveSelEntry(Command[None]):
    """Note that a record was dealt with, or take that back. :raise NotFound: no such record."""

    id: int
    resolved: bool
    action: ClassVar[str] = "resolve-sel-entry"
    even_held: ClassVar[bool] = True

    def details(self) -> Mapping[str, object]:
        return {"record": self.id, "resolved": self.resolved}


@dataclass(frozen=True, slots=True)
class ClearSel(Command[None]):
    action: ClassVar[str] = "clear-sel"


@dataclass(frozen=True, slots=True)
class SetSelClock(Command[None]):
    """What the SEL's own clock shows now, in seconds since the epoch; and its distance from UTC in minutes.

    None leaves either as it is; `utc_offset` 2047 means unspecified (IPMI v2.0 §31.11a).

    :raise InvalidRequest: a time or an offset that there is none of.
    """

    time: int | None = None
    utc_offset: int | None = None
    action: ClassVar[str] = "set-sel-clock"


@dataclass(frozen=True, slots=True)
class TellPlatformEvent(Command[None]):
    """A platform event from software or another controller (IPMI v2.0 §29.3): becomes an event, and a SEL record."""

    event: SystemEvent
    action: ClassVar[str] = "platform-event"


@dataclass(frozen=True, slots=True)
class SetSensor(Command[None]):
    """:raise NotFound: no such sensor. :raise InvalidRequest: thresholds out of order or beyond what it can read."""

    sensor: str
    setting: SensorSetting
    action: ClassVar[str] = "set-sensor"


@dataclass(frozen=True, slots=True)
class ReadSensorHistory(Command[SensorHistory]):
    """What the sensors read during the last hour or day."""

    window: Window
    action: ClassVar[str] = "read-sensor-history"
    role: ClassVar[Role] = Role.READ_ONLY
    audited: ClassVar[bool] = False
    even_held: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class WriteFru(Command[None]):
    """Write into the FRU inventory area. :raise InvalidRequest: beyond its end."""

    offset: int
    data: bytes
    action: ClassVar[str] = "write-fru"

    def details(self) -> Mapping[str, object]:
        return {"offset": self.offset, "length": len(self.data)}


@dataclass(frozen=True, slots=True)
class SetAssetTag(Command[None]):
    """The asset tag of the FRU's product area. :raise InvalidRequest: more than 63 bytes, or no room for it."""

    tag: str
    action: ClassVar[str] = "set-asset-tag"

    def details(self) -> Mapping[str, object]:
        return {"tag": self.tag}


@dataclass(frozen=True, slots=True)
class Reserve(Command[None]):
    """Reserve the node, for a person with a reason or for the caller's job; `until` is in seconds since the epoch.

    :raise Busy: somebody else has reserved it. A job of who has goes before; the person's comes back when it has ended.
    :raise InvalidRequest: `until` is over.
    """

    reason: str
    until: float | None = None
    action: ClassVar[str] = "reserve"
    even_held: ClassVar[bool] = True

    def details(self) -> Mapping[str, object]:
        return {"reason": self.reason, **({} if self.until is None else {"until": self.until})}


@dataclass(frozen=True, slots=True)
class Release(Command[None]):
    """End the reservation. An administrator ends that of another person, with a note.

    :raise Busy: it is reserved by a job, or by another person. :raise InvalidRequest: there is no note.
    """

    note: str = ""
    action: ClassVar[str] = "release"
    even_held: ClassVar[bool] = True

    def details(self) -> Mapping[str, object]:
        return {"note": self.note} if self.note else {}


@dataclass(frozen=True, slots=True)
class NoteInstalled(Command[None]):
    """Record which image the node runs now; empty when its disk holds none of ours."""

    image: str
    action: ClassVar[str] = "note-installed"


@dataclass(frozen=True, slots=True)
class NoteInspected(Command[None]):
    """Record what a ramdisk found in the node. It is shown where the node's backend knows nothing.

    :raise Denied: the caller is no job.
    """

    hardware: Hardware
    action: ClassVar[str] = "note-inspected"


@dataclass(frozen=True, slots=True)
class NoteOsSeen(Command[None]):
    """The node's operating system has spoken over its system interface, the first time since it booted."""

    action: ClassVar[str] = "note-os-seen"
    audited: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class SystemInterface:
    """Open the BMC's end of the in-band system interface; for the node's own guest alone (`Door.HOST`)."""

    action: ClassVar[str] = "open-system-interface"


@dataclass(frozen=True, slots=True)
class SerialConsole:
    """Open the serial console. `replay` is how many bytes of what was printed before come first, for who may read that.

    `writable`: to type, once nobody else does; `takes_over`: at once, whoever has the keyboard.
    """

    replay: int = 65536
    writable: bool = True
    takes_over: bool = False
    action: ClassVar[str] = "open-serial"


@dataclass(frozen=True, slots=True)
class Screen:
    """Open the screen (RFB); the input of who only watches is dropped by the proxy."""

    view_only: bool = False
    action: ClassVar[str] = "open-screen"


@dataclass(frozen=True, slots=True)
class SerialHistory:
    """Read the permanent log of the serial console. What was typed there is in it too, passwords that echo included."""

    action: ClassVar[str] = "read-serial-log"
    role: ClassVar[Role] = Role.OPERATOR

    @classmethod
    def open_to(cls, caller: Caller) -> bool:
        """Whether they may read what was printed before they came: in the log, in a console, or told by a job."""
        return caller.role.rank >= cls.role.rank
