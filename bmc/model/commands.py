"""What a node can be asked to do: frozen values, so that a node may one day be on another host.

`Command[R]` names its result; `role` is the least role that may ask; `action` is its name in the audit stream.
"""

from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from bmc.model.boot import BootOverride
from bmc.model.caller import Role
from bmc.model.power import PowerAction, PowerState

R_co = TypeVar("R_co", covariant=True)


class Command(Generic[R_co]):
    action: ClassVar[str]
    role: ClassVar[Role] = Role.OPERATOR
    audited: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Power(Command[PowerState]):
    """One power action; the result is the state believed when the action was carried out or accepted."""

    power: PowerAction
    action: ClassVar[str] = "power"


@dataclass(frozen=True, slots=True)
class ConfirmPower(Command[None]):
    """A person has looked and says what the power state is (On or Off); clears Unknown."""

    state: PowerState
    action: ClassVar[str] = "confirm-power"


@dataclass(frozen=True, slots=True)
class Resume(Command[None]):
    """Let a guest that a full disk or a panic has paused go on."""

    action: ClassVar[str] = "resume"


@dataclass(frozen=True, slots=True)
class SetBootOverride(Command[None]):
    override: BootOverride
    action: ClassVar[str] = "boot-override"


@dataclass(frozen=True, slots=True)
class InsertMedia(Command[None]):
    """Insert, or swap, what is in a virtual drive. `image`: an http(s) URL or the name of a file in the media store."""

    slot: str
    image: str
    action: ClassVar[str] = "insert-media"


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
    slot: str
    action: ClassVar[str] = "eject-media"


@dataclass(frozen=True, slots=True)
class Identify(Command[None]):
    """Chassis identify: on for `seconds`, for ever when None, off when 0."""

    seconds: int | None
    action: ClassVar[str] = "identify"


@dataclass(frozen=True, slots=True)
class Reserve(Command[None]):
    """Hold the node, for a person with a note or for the caller's job."""

    reason: str
    action: ClassVar[str] = "reserve"


@dataclass(frozen=True, slots=True)
class Release(Command[None]):
    action: ClassVar[str] = "release"


@dataclass(frozen=True, slots=True)
class NoteInstalled(Command[None]):
    """Record which image the node runs now; empty when its disk holds none of ours."""

    image: str
    action: ClassVar[str] = "note-installed"


@dataclass(frozen=True, slots=True)
class SerialConsole:
    """Open the serial console. `replay` is how many bytes of what was printed before come first."""

    replay: int = 65536
    writable: bool = True
    action: ClassVar[str] = "open-serial"


@dataclass(frozen=True, slots=True)
class Screen:
    """Open the screen (RFB); view-only viewers' input is dropped by the proxy."""

    view_only: bool = False
    action: ClassVar[str] = "open-screen"
