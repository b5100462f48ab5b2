"""Who has a console open, and who of them types."""

from dataclasses import dataclass, replace
from enum import Enum

from bmc.model.caller import Door, Role


class ConsoleKind(Enum):
    SERIAL = "Serial"
    SCREEN = "Screen"


@dataclass(frozen=True, slots=True)
class Viewer:
    """One open console. `id` tells it from others of the same kind; `since` is in seconds since the epoch.

    `may_type`: its role allows to take the keyboard; `types`: it has it.
    """

    id: int
    console: ConsoleKind
    account: str
    door: Door
    address: str
    since: float
    may_type: bool
    types: bool = False

    def shown_to(self, role: Role) -> "Viewer":
        """As one of that role may see it: where people are is for administrators alone."""
        return self if role is Role.ADMINISTRATOR else replace(self, address="")

    def __str__(self) -> str:
        return f"{self.account} ({self.door.value}" + (f" from {self.address})" if self.address else ")")
