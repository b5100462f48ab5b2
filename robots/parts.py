"""What a switch, a supply and a sense of an adapter say of themselves; for most it is what stands here already."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext

from bmc.model.errors import NotSupported
from bmc.model.power import PowerAction, PowerReading, PowerState

PATIENCE = 30.0
"""Seconds in which most have got an action."""


class Moved(ABC):
    """What the closed loop moves."""

    domain: str

    @property
    def domains(self) -> frozenset[str]:
        """The failure domains of all that it moves."""
        return frozenset({self.domain})


class Switch(Moved):
    """PowerSwitch. It `toggles` if it is a button: to turn on what is on would turn it off, so the loop looks right
    before. `patience`: seconds that it may take to be given an action, its turn included.
    """

    toggles: bool = False
    patience: float = PATIENCE

    @property
    @abstractmethod
    def actions(self) -> frozenset[PowerAction]:
        """Mostly a plain attribute of the class."""

    @abstractmethod
    async def apply(self, action: PowerAction) -> None:
        """As `PowerSwitch.apply`."""

    def in_turn(self) -> AbstractAsyncContextManager[None]:
        """Wait until it is free for this node, and keep it: `apply` is called in here. :raise Refused: too long."""
        return nullcontext()

    async def require_ready(self) -> None:
        """Look whether it could be moved now, for a plan. :raise BmcError: why it could not."""
        return

    async def resume(self) -> None:
        raise NotSupported(f"{self.domain} pauses no server, so it can resume none")


class Feed(Moved):
    """PowerSupply."""

    @abstractmethod
    async def feed(self) -> bool:
        """As `PowerSupply.feed`."""

    @abstractmethod
    async def cut(self) -> None:
        """As `PowerSupply.cut`."""


class Sense(ABC):
    """PowerSense. `proves` are the states that it can tell of: one that never says Off confirms no actuator."""

    name: str
    domain: str
    proves: frozenset[PowerState] = frozenset({PowerState.ON, PowerState.OFF})

    @abstractmethod
    async def read(self) -> PowerReading:
        """As `PowerSense.read`."""

    @abstractmethod
    def changes(self) -> AsyncIterator[PowerReading]:
        """As `PowerSense.changes`."""
