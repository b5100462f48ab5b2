"""The node as a value: its definition, its snapshot, and what it is made of."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from uuid import UUID

from bmc.model.boot import NO_OVERRIDE, BootMode, BootOverride, BootTarget
from bmc.model.console import Viewer
from bmc.model.power import Health, LastAction, PowerAction, PowerCause, PowerState, RestorePolicy, Vote
from bmc.model.sel import EMPTY_SEL, Sel
from bmc.model.sensor import Sensor
from bmc.model.watchdog import NO_WATCHDOG, Watchdog

VIRTUAL_DRIVERS = frozenset({"qemu", "libvirt"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one node's IPMI door listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class NodeDefinition:
    """What an operator declares. `options` belong to the driver, which validates them; JSON values only.

    `began` is the sequence of the last event before there was this node: what came until then is of another.
    """

    name: str
    uuid: UUID
    driver: str
    options: Mapping[str, object] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    ipmi: Endpoint | None = None
    began: int = 0

    @property
    def is_virtual(self) -> bool:
        """A virtual machine, and not one that stands somewhere."""
        return self.driver in VIRTUAL_DRIVERS


@dataclass(frozen=True, slots=True)
class MediaSlot:
    """One virtual drive. `image` is the operator's name or URL, this without what may be a secret in it; it is empty
    when nothing is inserted. `ours`: we did it.
    """

    id: str
    image: str = ""
    write_protected: bool = True
    ours: bool = True

    @property
    def inserted(self) -> bool:
        return bool(self.image)


@dataclass(frozen=True, slots=True)
class Disk:
    """`wwn` is its World Wide Name; `rotational`: whether it turns, None where nobody can tell."""

    name: str
    size: int
    serial: str = ""
    bus: str = ""
    model: str = ""
    wwn: str = ""
    rotational: bool | None = None


@dataclass(frozen=True, slots=True)
class Nic:
    id: str
    mac: str


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the node consists of, as far as its backend knows. Memory and disk sizes in bytes.

    `cpus` counts cores; `architecture` is theirs as `uname -m` names it. `boot_order` names disks, virtual
    drives and network cards in the order in which the node boots from them when nothing overrides it.
    """

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    cpus: int = 0
    architecture: str = ""
    memory: int = 0
    firmware: BootMode | None = None
    firmware_version: str = ""
    accelerator: str = ""
    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()
    boot_order: tuple[str, ...] = ()

    def or_else(self, other: "Hardware") -> "Hardware":
        """What this one knows, and what `other` does where it knows nothing."""
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(other, **{name: value for name, value in known.items() if value})

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "firmware": self.firmware.value if self.firmware else None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Hardware":
        kept = dict(value)
        if kept.get("firmware"):
            kept["firmware"] = BootMode(kept["firmware"])
        for name, kind in (("disks", Disk), ("nics", Nic)):
            kept[name] = tuple(kind(**each) for each in kept.get(name, ()))
        kept["boot_order"] = tuple(kept.get("boot_order", ()))
        return cls(**kept)


NO_HARDWARE = Hardware()


@dataclass(frozen=True, slots=True)
class Reservation:
    """Who has reserved the node, since when (seconds since the epoch), and why. `job` is empty for a person.

    It ends by itself at `until`, if that is not None. `behind` is that of the person whose job this is of: it comes
    back when the job has ended.
    """

    holder: str
    reason: str
    since: float
    job: str = ""
    until: float | None = None
    behind: "Reservation | None" = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Reservation":
        behind = value.get("behind")
        return cls(**{**value, "behind": cls.from_json(behind) if behind else None})


def without(name: str, part: str, lacks: Mapping[str, str]) -> str:
    return f"{name} has no {part}" + (f"; {lacks[part]}" if part in lacks else "")


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """All that a door may show of a node at `at` (seconds since the epoch). Replaced whole, never changed.

    `power_since` and `cause` are those of the last change of power; `reason` says why power is UNKNOWN or health is not
    OK; `votes` are what each of its senses said. `identify_until` is when the identify light goes off by itself.
    `seconds_on` is how long the node has been on in its life, without the present stretch. `fru` is its FRU inventory
    area, in bytes. `os_seen`: since the last boot an operating system has spoken to the BMC. `sensors_since` is when
    the list of sensors last became another one. `restore_policy` is None where the node or its vendor BMC decides what
    happens when its supply of power comes back. `next_firmware` is what the firmware will be from the next power on,
    None when it stays. `options_until_power_on` is what the running node still has of those options that were changed
    while it was on. `lacks` says what would give it a part that it has not, by what the part is called. `viewers` have
    a console of it open.
    """

    definition: NodeDefinition
    at: float
    power: PowerState = PowerState.UNKNOWN
    power_since: float = 0.0
    cause: PowerCause = PowerCause.OBSERVED
    health: Health = Health.OK
    reason: str = ""
    paused: bool = False
    votes: tuple[Vote, ...] = ()
    last_action: LastAction | None = None
    actions: frozenset[PowerAction] = frozenset()
    boot: BootOverride = NO_OVERRIDE
    boot_targets: frozenset[BootTarget] = frozenset()
    media: tuple[MediaSlot, ...] = ()
    hardware: Hardware = Hardware()
    next_firmware: BootMode | None = None
    options_until_power_on: Mapping[str, object] = field(default_factory=dict)
    identify: bool = False
    identify_until: float | None = None
    reservation: Reservation | None = None
    restore_policy: RestorePolicy | None = None
    seconds_on: float = 0.0
    watchdog: Watchdog = NO_WATCHDOG
    sensors: tuple[Sensor, ...] = ()
    sensors_since: float = 0.0
    sel: Sel = EMPTY_SEL
    fru: bytes = b""
    os_seen: bool = False
    viewers: tuple[Viewer, ...] = ()
    has_screen: bool = False
    has_network_boot: bool = False
    has_serial: bool = False
    has_serial_log: bool = False
    has_host_interface: bool = False
    has_firmware_setup: bool = False
    has_deploy_link: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict)
    installed_image: str = ""

    @property
    def boots_by(self) -> BootMode | None:
        """What its firmware will be at the next power on; None if that is not known."""
        return self.next_firmware or self.hardware.firmware

    @property
    def name(self) -> str:
        return self.definition.name

    def without(self, part: str) -> str:
        """In words, that it has no such part, and what would give it one."""
        return without(self.name, part, self.lacks)
