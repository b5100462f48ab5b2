"""The front panel of a server as a switch: which action is which press. How a button is pressed, the adapter says."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager, nullcontext
from enum import Enum

from bmc.model.errors import NotSupported
from bmc.model.power import PowerAction


class Button(Enum):
    POWER = "power"
    RESET = "reset"


SHORT = frozenset({PowerAction.ON, PowerAction.GRACEFUL_SHUTDOWN, PowerAction.PUSH_POWER_BUTTON})


class PressedSwitch(ABC):
    """PowerSwitch. A short press turns on what is off and asks what is on to shut down, a long one forces it off.

    It `toggles`: whoever moves it looks before, when it is its turn (`in_turn`). A press is never repeated.
    """

    toggles = True
    domain: str

    def __init__(self, short: float, long: float, has_reset: bool) -> None:
        self._short, self._long = short, long
        self.actions = SHORT | {PowerAction.FORCE_OFF} | ({PowerAction.FORCE_RESTART} if has_reset else frozenset())

    def in_turn(self) -> AbstractAsyncContextManager[None]:
        """Wait until the hand is free for this node, and keep it. :raise Refused: that takes too long."""
        return nullcontext()

    async def require_ready(self) -> None:
        """Look whether it could be pressed now, for a plan. :raise Refused, Unreachable: why it could not."""
        return None

    async def apply(self, action: PowerAction) -> None:
        if action is PowerAction.FORCE_RESTART:
            await self.press(Button.RESET, self._short)
        else:
            await self.press(Button.POWER, self._long if action is PowerAction.FORCE_OFF else self._short)

    @abstractmethod
    async def press(self, button: Button, seconds: float) -> None:
        """Hold it down for so long; let go of it also when cancelled. :raise: as `PowerSwitch.apply`."""

    async def resume(self) -> None:
        raise NotSupported(f"{self.domain} pauses no server, so it can resume none")
