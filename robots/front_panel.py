"""The front panel of a server as a switch: which action is which press. How a button is pressed, the adapter says."""

from abc import abstractmethod
from typing import Generic, TypeVar

from bmc.model.power import PowerAction
from robots.adapter import Options, Place, Seconds
from robots.button import SHORT, Button, Press
from robots.held import Held
from robots.parts import Switch


class PanelOptions(Options):
    """How long a short press is, and a long one."""

    short: Seconds
    long: Seconds


P = TypeVar("P", bound=PanelOptions)


class PressedSwitch(Switch, Generic[P]):
    """PowerSwitch and Running. A short press turns on what is off and asks what is on to shut down, a long one forces
    it off.

    It `toggles`: whoever moves it looks before, when it is its turn (`in_turn`). A press is never repeated. What must
    be let go of is pressed by `held`, which makes another of the same kind, by its two arguments, to let go where a
    former life pressed.
    """

    toggles = True
    actions = SHORT | {PowerAction.FORCE_OFF}

    def __init__(self, options: P, place: Place, has_reset: bool = False) -> None:
        self.options, self.node, self.clock = options, place.node, place.clock
        if has_reset:
            self.actions |= {PowerAction.FORCE_RESTART}

        def former(at: object) -> PressedSwitch[P]:
            return type(self)(type(options).model_validate(at), place)

        self.held = Held(self, options.model_dump(mode="json"), former, place.kept, place.clock)

    async def start(self) -> None:
        self.held.start()

    async def close(self) -> None:
        await self.held.close()
        await self.leave()

    async def require_ready(self) -> None:
        self.held.require_free()

    async def apply(self, action: PowerAction) -> None:
        self.held.require_free()
        if action is PowerAction.FORCE_RESTART:
            await self.press(Button.RESET, self.options.short)
        else:
            long = action is PowerAction.FORCE_OFF
            await self.press(Button.POWER, self.options.long if long else self.options.short)

    @abstractmethod
    async def press(self, button: Button, seconds: float) -> None:
        """Hold it down for so long; let go of it also when cancelled. :raise: as `PowerSwitch.apply`."""

    @abstractmethod
    async def let_go(self, press: Press) -> None:
        """As `Hand.let_go`."""

    @abstractmethod
    async def leave(self) -> None:
        """Let go of the device itself."""
