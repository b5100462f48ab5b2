"""Boot words: where the next boot goes, and that it happened."""

from dataclasses import dataclass
from enum import Enum


class BootTarget(Enum):
    """Redfish `BootSource` values that we carry out."""

    NONE = "None"
    PXE = "Pxe"
    HDD = "Hdd"
    CD = "Cd"
    BIOS_SETUP = "BiosSetup"


class BootEnabled(Enum):
    """Redfish `BootSourceOverrideEnabled`."""

    DISABLED = "Disabled"
    ONCE = "Once"
    CONTINUOUS = "Continuous"


class BootMode(Enum):
    """Redfish `BootSourceOverrideMode`."""

    LEGACY = "Legacy"
    UEFI = "UEFI"


@dataclass(frozen=True, slots=True)
class BootOverride:
    """Where the next boot goes. `mode` None means the node's own firmware."""

    target: BootTarget = BootTarget.NONE
    enabled: BootEnabled = BootEnabled.DISABLED
    mode: BootMode | None = None


NO_OVERRIDE = BootOverride()


@dataclass(frozen=True, slots=True)
class BootSeen:
    """A boot began at `at` (seconds since the epoch) and followed `override`, which a Once override spends."""

    at: float
    override: BootOverride
