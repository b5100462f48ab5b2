"""A switched outlet as switch and as supply of a node, and a sense of it. How it is asked, the adapter says."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable

from bmc.model.clock import Clock
from bmc.model.errors import NotSupported
from bmc.model.power import PowerAction, PowerState
from robots.parts import PATIENCE, Feed, Switch
from robots.polled import Polled


class Outlet(Switch, Feed):
    """PowerSwitch and PowerSupply. On and off may reach it twice, a cycle of its own (`cycles`) at most once."""

    actions = frozenset({PowerAction.ON, PowerAction.FORCE_OFF})

    def __init__(self, domain: str, cycles: bool = False, patience: float = PATIENCE) -> None:
        self.domain = domain
        self.patience = max(PATIENCE, patience)
        if cycles:
            self.actions |= {PowerAction.POWER_CYCLE}

    @abstractmethod
    async def state(self) -> PowerState:
        """What the device says of it: On or Off. :raise BmcError: it cannot be told; nothing was done."""

    @abstractmethod
    async def turn(self, on: bool) -> None:
        """:raise: as `PowerSwitch.apply`."""

    async def cycle(self) -> None:
        """Off and, after the device's own time, on again; for one that `cycles`. :raise: as `PowerSwitch.apply`."""
        raise NotSupported(f"{self.domain} has no cycle of its own")

    async def apply(self, action: PowerAction) -> None:
        if action is PowerAction.POWER_CYCLE:
            await self.cycle()
        else:
            await self.turn(action is PowerAction.ON)

    async def feed(self) -> bool:
        if await self.state() is PowerState.ON:
            return False
        await self.turn(True)
        return True

    async def cut(self) -> None:
        await self.turn(False)


class OutletSense(Polled):
    """PowerSense by what `ask` tells: the state of an outlet, or whether more is drawn than by a server that is off."""

    def __init__(
        self, name: str, domain: str, ask: Callable[[], Awaitable[PowerState]], clock: Clock, poll: float
    ) -> None:
        super().__init__(clock, poll)
        self.name, self.domain = name, domain
        self._ask = ask

    async def look(self) -> PowerState:
        return await self._ask()
