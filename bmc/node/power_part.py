"""A node's power among its parts: what is asked of it, planned, confirmed by a person, and set."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from bmc.model.caller import Caller
from bmc.model.commands import ConfirmPower, PlanPower, Power, Resume, SetCycleInterval
from bmc.model.errors import InvalidRequest, NotSupported
from bmc.model.events import EventKind
from bmc.model.node import NodeSnapshot
from bmc.model.plan import Plan
from bmc.model.power import PowerAction, PowerState
from bmc.node.part import Bench, Handlers
from bmc.node.power import PowerControl
from bmc.ports import Planner, PowerSwitch
from bmc.power.table import OUTCOME, Outcome


class PowerPart:
    """`lock` is the node's one lock, `shown` its snapshot; `held` says who has reserved it, empty when nobody has."""

    def __init__(
        self,
        bench: Bench,
        control: PowerControl,
        switch: PowerSwitch,
        planner: Planner | None,
        lock: asyncio.Lock,
        shown: Callable[[], NodeSnapshot],
        held: Callable[[], str],
    ) -> None:
        self._bench = bench
        self._control = control
        self._switch = switch
        self._planner = planner
        self._lock = lock
        self._shown = shown
        self._held = held
        self.handlers: Handlers = {
            Power: self._do_power,
            PlanPower: self._do_plan,
            ConfirmPower: self._do_confirm,
            Resume: self._do_resume,
            SetCycleInterval: self._do_set_cycle_interval,
        }

    def require(self, action: PowerAction) -> None:
        """:raise NotSupported: the node has no such action."""
        shown = self._shown()
        if action not in shown.actions:
            can = ", ".join(sorted(action.value for action in shown.actions))
            rest = f"it can do {can}" if can else shown.reason
            raise NotSupported(f"{self._bench.name} cannot do {action.value}; {rest}")

    async def _do_power(self, command: Power, caller: Caller) -> PowerState:
        self.require(command.power)
        return await self._control.request(command.power, caller)

    async def _do_plan(self, command: PlanPower, caller: Caller) -> Plan:
        """Not refused while somebody has reserved the node, which is a hindrance to be told of, like others."""
        self.require(command.power)
        state, held = self._shown().power, self._held()
        outcome = OUTCOME[state, command.power]
        hindrances = [held] if held else []
        if outcome not in (Outcome.DO, Outcome.ALREADY):
            hindrances.append(f"{self._bench.name} is {state.value}, so {command.power.value} is: {outcome.value}")
        if self._planner is None:
            does = f"{command.power.value} by {self._switch.domain}"
            steps = [f"nothing: it is {state.value} already" if outcome is Outcome.ALREADY else does]
            return Plan(command.power, tuple(steps), tuple(hindrances))
        plan = await self._planner.plan(command.power)
        return replace(plan, hindrances=(*hindrances, *plan.hindrances))

    async def _do_confirm(self, command: ConfirmPower, caller: Caller) -> None:
        if command.state not in (PowerState.ON, PowerState.OFF):
            raise InvalidRequest(f"ConfirmPower takes On or Off, not {command.state.value}")
        if not self._control.actions:
            raise NotSupported(f"the power of {self._bench.name} cannot be confirmed: {self._shown().reason}")
        async with self._lock:
            await self._control.confirm(command.state, caller.account)

    async def _do_resume(self, command: Resume, caller: Caller) -> None:
        async with self._lock:
            await self._control.resume()

    async def _do_set_cycle_interval(self, command: SetCycleInterval, caller: Caller) -> None:
        if PowerAction.POWER_CYCLE in self._switch.actions:
            raise NotSupported(f"how long a power cycle of {self._bench.name} leaves it off is for its switch to say")
        if not 0 <= command.seconds <= 255:
            raise InvalidRequest(f"the power cycle interval is {command.seconds} s; expected 0 to 255")
        await self._bench.keeper.change(cycle_interval=command.seconds)
        message = f"a power cycle of {self._bench.name} leaves it off for {command.seconds} s"
        await self._bench.publish(EventKind.NODE_CHANGED, message, account=caller.account)
