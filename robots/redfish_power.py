"""Power by Redfish: a switch that offers what the BMC lists, and a sense that asks for PowerState."""

import asyncio

from bmc.model.clock import Clock, within
from bmc.model.errors import BackendFailed, OutcomeUnknown
from bmc.model.power import PowerAction, PowerState
from bmc.power.table import REPEATABLE, STARTS
from robots.foreign_boot import Boots
from robots.parts import Switch
from robots.polled import Polled
from robots.redfish_link import Json
from robots.redfish_model import Model
from robots.redfish_resources import rows

CERTAIN = frozenset({PowerAction.ON, PowerAction.FORCE_OFF})
"""What every BMC can, also one that was never asked yet."""
COMPOSED = frozenset({PowerAction.GRACEFUL_RESTART})
"""What the node makes of a shutdown and an on: some BMCs reset instead."""
STATES = {
    "On": PowerState.ON,
    "Off": PowerState.OFF,
    "PoweringOn": PowerState.OFF,
    "PoweringOff": PowerState.ON,
    "Paused": PowerState.ON,
}
"""On the way it is still what it was, as IPMI tells it too."""


class RedfishSwitch(Switch):
    """PowerSwitch by ComputerSystem.Reset. Domain: the BMC. On and off may reach it twice, anything else once."""

    def __init__(self, model: Model, boots: Boots) -> None:
        self.domain = model.link.where
        self._model = model
        self._boots = boots

    @property
    def actions(self) -> frozenset[PowerAction]:
        known = self._model.learned
        if known is None or not known.reset:
            return CERTAIN
        return frozenset(
            action for action in PowerAction if action not in COMPOSED and _reset_type(action, known.resets)
        )

    async def apply(self, action: PowerAction) -> None:
        known = await self._model.need()
        wanted = _reset_type(action, known.resets)
        if not wanted or not known.reset:
            raise BackendFailed(f"{self.domain} does not offer {action.value}")
        try:
            await self._model.link.act(known.reset, {"ResetType": wanted})
        except OutcomeUnknown:
            if action not in REPEATABLE:
                raise
            await self._model.link.act(known.reset, {"ResetType": wanted})
        except BackendFailed:
            if action not in REPEATABLE or not await self._is_so_already(action):
                raise
        if action in STARTS:
            self._boots.began()

    async def _is_so_already(self, action: PowerAction) -> bool:
        """Some BMCs refuse to turn on what is on, and off what is off."""
        wanted = PowerState.ON if action is PowerAction.ON else PowerState.OFF
        return STATES.get(str((await self._model.system()).get("PowerState"))) is wanted


class RedfishSense(Polled):
    """PowerSense by PowerState. A BMC that does not answer, or does not know, is Unknown, never off."""

    def __init__(self, name: str, model: Model, clock: Clock, poll: float, boots: Boots) -> None:
        super().__init__(clock, poll)
        self.name, self.domain = name, f"{model.link.where}, power rail"
        self._model = model
        self._boots = boots
        self._state = PowerState.UNKNOWN
        self._hinted = asyncio.Event()

    def hint(self) -> None:
        """Something happened at the BMC: look at once."""
        self._hinted.set()

    async def look(self) -> PowerState:
        body = await self._model.system()
        state = STATES.get(str(body.get("PowerState")))
        if state is None:
            raise BackendFailed(f"{self._model.link.where} does not know the power state{_reason(body)}")
        if state is PowerState.ON and self._state is PowerState.OFF:
            self._boots.began()
        self._state = state
        return state

    async def rest(self) -> None:
        await within(self._clock, self._poll, self._hinted.wait())
        self._hinted.clear()


def _reset_type(action: PowerAction, offered: frozenset[str]) -> str:
    """The name under which the BMC offers it; "": it does not. Some know only ForceOn."""
    names = [action.value, "ForceOn"] if action is PowerAction.ON else [action.value]
    return next((name for name in names if name in offered), "")


def _reason(body: Json) -> str:
    told = rows(body, "PowerState@Message.ExtendedInfo")
    words = " ".join(str(each.get("Message") or "") for each in told)[:200]
    return f": {words}" if words else ""
