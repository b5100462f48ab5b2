"""What an adapter may offer. The contract of each action stands here once and is tested once, by the shared suite.

Adapters raise only `bmc.model.errors`. `domain` names what fails together (one process, one PDU, one network):
a sense confirms an actuator only from outside its domain.
"""

import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any, Protocol

from bmc.model.boot import BootMode, BootOverride, BootSeen, BootTarget
from bmc.model.checks import Check
from bmc.model.clock import Clock
from bmc.model.node import Hardware, MediaSlot, NodeDefinition
from bmc.model.plan import Plan
from bmc.model.platform_event import PlatformEvent
from bmc.model.power import PowerAction, PowerReading, PowerState
from bmc.model.sensor import SensorInfo
from bmc.model.software import Software
from bmc.shared_devices import SharedDevices


class PowerSwitch(Protocol):
    """Carries out power actions; believes nothing about their effect.

    `actions` may become others, once the machine itself has been asked.
    """

    domain: str

    @property
    def actions(self) -> frozenset[PowerAction]: ...

    async def apply(self, action: PowerAction) -> None:
        """Start the action; returns when it was handed over, not when its effect is seen.

        ON must not fail when the node is on, FORCE_OFF must not fail when it is off. Graceful actions only ask.
        Cancelled when it takes longer than the node's `Patience.hand_over`, or when a ForceOff has waited for it.
        :raise Refused: nothing was done, and the reason (memory, an interlock) is in the text.
        :raise Unreachable: nothing was done.
        :raise OutcomeUnknown: it may have been done.
        :raise BackendFailed: it was tried and did not work.
        """

    async def resume(self) -> None:
        """Let a paused node go on. :raise NotSupported: this switch cannot. :raise WrongState: it is not paused."""


class PowerSense(Protocol):
    """One witness of the power state. All senses of one domain have one vote together."""

    name: str
    domain: str

    async def read(self) -> PowerReading:
        """Look now. Never raises: what cannot be told is UNKNOWN with a reason."""

    def changes(self) -> AsyncIterator[PowerReading]:
        """Each thing seen, as it happens, without end; the same again tells that it was looked at. One consumer."""


class PowerSupply(Protocol):
    """What feeds the node: an outlet. Turning it off takes the power from whatever hangs on it."""

    domain: str

    async def feed(self) -> bool:
        """Turn it on, if it is off; whether it was. :raise: as `PowerSwitch.apply`."""

    async def cut(self) -> None:
        """Turn it off. :raise: as `PowerSwitch.apply`."""


class BootControl(Protocol):
    """Applies the boot override that Node stores."""

    @property
    def targets(self) -> frozenset[BootTarget]:
        """May become others, once the machine itself has been asked."""

    async def apply(self, override: BootOverride) -> None:
        """Arm the override for the next boot, however it comes about; a disabled one restores the node's own order."""

    def seen(self) -> AsyncIterator[BootSeen]:
        """Each boot, with the override it followed, also one that happened while the service was dead. One consumer.

        Who can tell yields one that found nothing to boot from a second time, as failed.
        """


class FirmwareSetup(Protocol):
    """For a node whose firmware can be another one from its next power on."""

    def options(self, mode: BootMode) -> Mapping[str, object]:
        """The options of the node's definition that say so."""

    def take(self, mode: BootMode) -> None:
        """What the next power on starts. Only called when the node is off."""


class Redefinition(Protocol):
    """For a node that can be defined anew while it is on: what changes waits for its next power on."""

    def take(self, options: Mapping[str, object]) -> None:
        """What the next power on starts; checked and complete. :raise WrongState: what of it cannot wait."""

    def kept(self) -> Mapping[str, object]:
        """Those options of the running node that will be others, as they are now; empty when nothing waits."""


class MediaBay(Protocol):
    """The node's virtual drives."""

    async def slots_known(self) -> None:
        """Wait until it is known which drives there are: a BMC that is new here has to be asked."""

    def slots(self) -> tuple[MediaSlot, ...]: ...

    async def insert(self, slot: str, path: str, image: str) -> None:
        """Put the host file `path` in; `image` is how the operator named it. Swaps what was in. Survives power off.

        :raise NotFound: no such slot. :raise BackendFailed: the node did not take it.
        """

    async def eject(self, slot: str) -> None:
        """Must not fail when the slot is empty. :raise NotFound: no such slot."""


class ByteStream(Protocol):
    """One open stream; `read` returns b"" at its end."""

    async def read(self, limit: int = 262144) -> bytes: ...

    async def write(self, data: bytes) -> None:
        """:raise BackendFailed: the other end is gone."""

    async def close(self) -> None: ...


class ScreenSource(Protocol):
    async def connect(self) -> ByteStream:
        """A fresh RFB connection. :raise WrongState: the node is off."""


class SerialSource(Protocol):
    """The node's serial line. One owner, which always drains."""

    async def connect(self) -> ByteStream:
        """Waits until the line exists (the node is on). One at a time."""

    async def send_break(self) -> None:
        """:raise NotSupported: this line cannot carry a break. :raise WrongState: the node is off."""

    async def history(self, limit: int) -> bytes:
        """The last `limit` bytes printed before the service came, oldest first; b"" if nothing kept them."""


class SensorSource(Protocol):
    """Real figures only: what cannot be measured is no sensor."""

    def sensors(self) -> tuple[SensorInfo, ...]:
        """In an order that stays, since IPMI numbers them; another list once the machine itself has been asked."""

    async def read(self) -> Mapping[str, float]:
        """The readings there are now, by name; one that cannot be had (the node is off) is left out. Never raises."""


class HostInterface(Protocol):
    """The BMC's end of the system interface inside the node: the frames of QEMU's `ipmi-bmc-extern`."""

    async def connect(self) -> ByteStream:
        """Waits until the interface exists (the node is on). One at a time."""


class Mains(Protocol):
    """For a node that does not come back by itself when the supply of power does."""

    def epoch(self) -> str:
        """Names the present stretch of power: another value than before means that power was lost in between."""


class Inventory(Protocol):
    def hardware(self) -> Hardware: ...


class EventLogSource(Protocol):
    """What the node's own BMC writes down of it."""

    def entries(self) -> AsyncIterator[PlatformEvent]:
        """Each new entry, once and in order, also of the time in which the service was dead; without end.

        One consumer. What was there when the node was first opened is not told.
        """


class DiskBay(Protocol):
    """Disks that can be written from outside while the node is off."""

    async def write(self, index: int, source: Path) -> None:
        """Replace the start of disk `index` by the raw file `source`, and the rest by nothing.

        :raise WrongState: the node is not off. :raise NotFound: no such disk. :raise InvalidRequest: it does not fit.
        """

    async def clear(self, index: int) -> None:
        """Make the first MiB of disk `index` zeros, so that nothing boots from it. Disks count as in the Inventory.

        :raise WrongState: the node is not off. :raise NotFound: no such disk. :raise BackendFailed: it was not done.
        """


class DeployLink(Protocol):
    """The guest's way to the deploy listener, and to nothing else of ours."""

    @property
    def leads(self) -> bool:
        """Whether the guest has a card by which it could come. Never waits."""

    @property
    def url(self) -> str:
        """:raise Refused: it has none."""

    async def listener(self) -> socket.socket:
        """A listening TCP socket that only this node's guest can reach at `url`; the caller closes it.

        :raise WrongState: the node is off. :raise BackendFailed: the machine lacks what it takes, with the remedy.
        """

    def admits(self, peer: str) -> bool:
        """Whether who has connected to the listener from that address is this node. Never waits."""


class NetworkBoot(Protocol):
    """What the node's network cards are told to boot, as DHCP tells them."""

    async def offer(self, url: str) -> None:
        """From the next power on they boot what is at `url`, below that of the deploy link; "": nothing of ours.

        The listener is there from the first instruction of a boot that this was said for. Outlives the service.
        :raise BackendFailed: it cannot be arranged.
        """

    async def give_address(self) -> None:
        """Until the next `offer` they boot nothing of ours, but get an address where nobody else gives one.

        Outlives the service. :raise BackendFailed: it cannot be arranged.
        """


class LoginLink(Protocol):
    """The service's way to the SSH server of the node's installed system."""

    async def connect(self) -> socket.socket:
        """A connected TCP socket, non-blocking, which the caller closes. That nobody listens may show only in its end.

        :raise WrongState: the node is off. :raise Unreachable: there is no way now.
        :raise BackendFailed: the machine lacks what it takes, with the remedy.
        """


class Lifecycle(Protocol):
    async def start(self) -> None:
        """Adopt what is already running; touches nothing."""

    async def close(self) -> None:
        """Let go without touching the node."""

    async def erase(self) -> None:
        """The node was removed: delete all that is kept for it. Only called when it is off.

        :raise WrongState: it cannot be yet; nothing was deleted.
        """


class Planner(Protocol):
    """For a node whose actions take several steps: what would be done, without doing it."""

    async def plan(self, action: PowerAction) -> Plan:
        """Looks at the interlocks now. Never raises: what stands in the way is in the plan."""


@dataclass(frozen=True, slots=True)
class LoopRules:
    """How one node's power is dealt with, where it is not as the service's `Patience` says.

    In seconds: how long its switch may take to be given an action, an effect may take to show, and senses may differ.
    `escalates`: a guest that does not shut down in time is forced off. `locks_unknown`: a power state that becomes
    unknown takes the node into maintenance. `moved` are the failure domains of all that its switch can move: what only
    senses in there say is not believed. `presses` are actions that press a button: one that was cut off by our end is
    not repeated, since the machine may be slow to show what the first press did. `interruptible`: ForceOff cuts off
    what is under way, which lets go, instead of waiting for its end. `stops` counts the emergency stops that hold what
    its switch moves: what was asked for before one moves nothing after it, whenever it is released.
    """

    hand_over: float | None = None
    settle: float | None = None
    agree: float | None = None
    escalates: bool = False
    locks_unknown: bool = False
    moved: frozenset[str] = frozenset()
    presses: frozenset[PowerAction] = frozenset()
    interruptible: bool = False
    stops: Callable[[], int] = lambda: 0


@dataclass(frozen=True, slots=True)
class Backend:
    """Everything composed behind one node. `here`: it runs on the cores of this machine. `lacks` says what would give
    the node a part that it has not, by what the part is called: boot control, virtual drive, serial console, sensors.
    """

    lifecycle: Lifecycle
    switch: PowerSwitch
    senses: tuple[PowerSense, ...] = field(default=())
    boot: BootControl | None = None
    media: MediaBay | None = None
    screen: ScreenSource | None = None
    serial: SerialSource | None = None
    inventory: Inventory | None = None
    sensors: SensorSource | None = None
    host: HostInterface | None = None
    mains: Mains | None = None
    deploy: DeployLink | None = None
    network_boot: NetworkBoot | None = None
    login: LoginLink | None = None
    disks: DiskBay | None = None
    firmware: FirmwareSetup | None = None
    redefinition: Redefinition | None = None
    event_log: EventLogSource | None = None
    planner: Planner | None = None
    rules: LoopRules = LoopRules()
    here: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeployNetwork:
    """A network in which the service may boot machines. `address` is this host's own at `interface`.

    `beside`: another DHCP server gives the addresses there; None: look each time. A machine's deploy listener is at
    `first_port` and as many on as its address is after that of the network.
    """

    name: str
    interface: str
    address: IPv4Interface
    beside: bool | None
    first_port: int


@dataclass(frozen=True, slots=True)
class Configured:
    """What the configuration file lets nodes have; their options name it, and can name nothing else.

    `credentials` maps a name to user and password of a vendor BMC. :raise InvalidRequest: no such name.
    `interfaces` are bridges and taps of this host, `connections` the URIs of libvirts by their names, and so the
    `deploy_networks`.
    """

    credentials: Callable[[str], tuple[bytes, bytes]]
    interfaces: frozenset[str] = frozenset()
    connections: Mapping[str, str] = field(default_factory=dict)
    deploy_networks: Mapping[str, DeployNetwork] = field(default_factory=dict)


class Safety(Protocol):
    """What holds real hardware still, over all nodes."""

    def power_of(self, node: str) -> PowerState:
        """What is believed of another node; UNKNOWN where there is none of that name."""

    def word_of(self, node: str) -> PowerState | None:
        """What a person has said of a node whose senses cannot tell, until it is moved."""

    def check(self) -> None:
        """:raise Refused: the emergency stop is pressed."""

    def require_budgets(self, names: Iterable[str]) -> None:
        """:raise InvalidRequest: the configuration file has no such start budget."""

    @property
    def stops(self) -> int:
        """How often the emergency stop was pressed."""

    async def move(self, work: Coroutine[Any, Any, None], since: int) -> None:
        """Let an actuator do `work`, which an emergency stop cancels: whoever is cancelled lets go of what it holds.

        `since` are the `stops` when the action was asked for: what a stop has held is not taken up by its release.

        :raise Refused: everything is held; nothing was begun. :raise OutcomeUnknown: it was stopped in mid-motion.
        """

    async def start_turn(self, names: Iterable[str]) -> None:
        """Wait until one more machine may start on all of these budgets. :raise Refused: that would take too long."""

    def budget_state(self, name: str) -> str:
        """In words, for a plan."""


class Assignments(Protocol):
    """Where people are asked to do something at a machine."""

    async def ask(self, node: str, text: str, patience: float) -> None:
        """Ask, and return when somebody says that it is done.

        :raise BackendFailed: somebody says that it could not be done.
        :raise OutcomeUnknown: nobody has answered within `patience` seconds.
        """


@dataclass(frozen=True, slots=True)
class Site:
    """What a driver gets from the service: a directory of its own, the clock, what is configured, and what all the
    nodes on real hardware share.
    """

    directory: Path
    clock: Clock
    configured: Configured
    devices: SharedDevices
    safety: Safety
    assignments: Assignments


class Driver(Protocol):
    """One kind of backend, registered by name in the entry-point group `bmc.robots`."""

    def complete(self, definition: NodeDefinition, site: Site) -> NodeDefinition:
        """The definition with its options checked and everything filled in that is decided once (MACs, serials).

        :raise InvalidRequest: naming the key path of every option that is wrong, and what was expected.
        """

    def schema(self) -> Mapping[str, Any]:
        """The JSON schema of its options."""

    async def open(self, definition: NodeDefinition, site: Site) -> Backend:
        """Compose the backend; touches no machine before `lifecycle.start`. :raise BackendFailed: with the remedy."""

    def checks(self, directory: Path, configured: Configured) -> Iterable[Check]:
        """What `bmc doctor` should tell about this machine; may take seconds. `directory` is the driver's own."""

    def software(self) -> Iterable[Software]:
        """What its nodes run on that this machine brings, in the versions installed now; may take a second."""
