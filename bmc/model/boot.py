"""Boot words: where the next boot goes, and that it happened."""

from collections.abc import Mapping
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

    def to_json(self) -> dict[str, str | None]:
        """As it is stored and told."""
        mode = self.mode.value if self.mode else None
        return {"target": self.target.value, "enabled": self.enabled.value, "mode": mode}

    @classmethod
    def from_json(cls, value: Mapping[str, str | None]) -> "BootOverride":
        """:raise KeyError, ValueError: not what `to_json` made."""
        mode = BootMode(value["mode"]) if value["mode"] else None
        return cls(BootTarget(value["target"]), BootEnabled(value["enabled"]), mode)


NO_OVERRIDE = BootOverride()


@dataclass(frozen=True, slots=True)
class BootSeen:
    """A boot began at `at` (seconds since the epoch) and followed `override`, which a Once override spends.

    `failed`: no boot of its own, but the end of that one, which found nothing to boot from.
    """

    at: float
    override: BootOverride
    failed: bool = False
