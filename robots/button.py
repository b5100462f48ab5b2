"""The buttons of a front panel, and one press of one of them."""

from dataclasses import dataclass
from enum import Enum

from bmc.model.power import PowerAction


class Button(Enum):
    POWER = "power"
    RESET = "reset"


SHORT = frozenset({PowerAction.ON, PowerAction.GRACEFUL_SHUTDOWN, PowerAction.PUSH_POWER_BUTTON})


@dataclass(frozen=True, slots=True)
class Press:
    """`id` tells it from all others."""

    button: Button
    id: str
