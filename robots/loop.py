"""The closed loop of one node on real hardware: which actuator is moved when, and what must be seen before and after.

Knows no kind of hardware.
"""

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from bmc.model.clock import Clock
from bmc.model.errors import BmcError, NotSupported, OutcomeUnknown, Refused, Unreachable
from bmc.model.plan import Plan
from bmc.model.power import PowerAction, PowerReading, PowerState
from bmc.ports import PowerSense, Safety
from bmc.power.senses import Senses
from bmc.power.table import EXPECTED, REPEATABLE, STARTS
from robots.parts import Feed, Switch

CUTS = frozenset({PowerAction.FORCE_OFF, PowerAction.POWER_CYCLE})
LOOKED_AT = frozenset({PowerAction.ON, PowerAction.FORCE_OFF, PowerAction.GRACEFUL_SHUTDOWN})
"""What a button does otherwise than asked when the machine is not in the state in which it was asked."""


@dataclass(frozen=True, slots=True)
class Actuator:
    """One switch among those of the node; `name` is its key path in the node's options. `feeds`: it is an outlet."""

    name: str
    switch: Switch
    feeds: bool = False


@dataclass(frozen=True, slots=True)
class Supply:
    """The outlet that feeds the node. `cuts`: it may be turned off to force the node off, after all else has failed."""

    name: str
    outlet: Feed
    cuts: bool


@dataclass(frozen=True, slots=True)
class Interlock:
    """A sense that must read On (a closed door, a turned key) before anything moves."""

    name: str
    sense: PowerSense


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """`node` is the node's own name. `settle`: seconds that an effect may take to show; `boots_within`: those in which
    a node whose supply comes back begins to run by itself, if it does. `shared_with` are the nodes on the same outlet,
    `budgets` the start budgets.
    """

    node: str
    settle: float
    boots_within: float
    shared_with: tuple[str, ...] = ()
    budgets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Rung:
    """One thing to try. `needed` is the state in which moving it makes sense; None: in any."""

    name: str
    domain: str
    do: Callable[[], Coroutine[Any, Any, None]]
    needed: PowerState | None
    cuts: bool
    turn: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    require_ready: Callable[[], Coroutine[Any, Any, None]] | None = None


class ClosedLoop:
    """PowerSwitch and Planner of a node: tries its actuators in order.

    Another one is tried after Refused and Unreachable, when nothing was done; and after anything else only for On and
    ForceOff, whose effect is the same however often they reach the machine; but to turn on, no button after a button.
    What toggles is moved only when the senses say, right before, that it is needed. `moved` are the failure domains of
    all that it can move: what only senses in there say is not believed.
    """

    def __init__(
        self,
        actuators: Sequence[Actuator],
        supply: Supply | None,
        senses: Sequence[PowerSense],
        interlocks: Sequence[Interlock],
        settings: LoopSettings,
        safety: Safety,
        clock: Clock,
    ) -> None:
        self._actuators = actuators
        self._supply = supply
        self._interlocks = interlocks
        self._settings = settings
        self._safety = safety
        self._clock = clock
        self.switches = tuple(each.switch for each in actuators)
        outlet = supply.outlet.domains if supply is not None else frozenset[str]()
        self.moved = outlet.union(*(each.domains for each in self.switches))
        self._senses = Senses(senses, self.moved, clock)
        self.domain = actuators[0].switch.domain

    @property
    def actions(self) -> frozenset[PowerAction]:
        return _actions(self._actuators, self._supply)

    @property
    def presses(self) -> frozenset[PowerAction]:
        """What may press a button."""
        return frozenset[PowerAction]().union(*(each.actions for each in self.switches if each.toggles))

    async def apply(self, action: PowerAction) -> None:
        since = self._safety.stops
        if await self._starts(action):
            await self._safety.start_turn(self._settings.budgets)
        moved = action is PowerAction.ON and await self._fed(since)
        if moved and await self._seen(PowerState.ON, self._settings.boots_within):
            return
        tried = [f"{self._supply.name} was turned on"] if moved and self._supply else []
        left = self._rungs(action)
        while left:
            rung = left.pop(0)
            try:
                if not await self._moved(rung, since, moved):
                    return
            except (Refused, Unreachable) as error:
                if not left:
                    raise _last(error, tried, moved) from error
                tried.append(f"{rung.name}: {error}")
                continue
            except BmcError as error:
                left = _after_moving(rung, action, left)
                if not left:
                    raise _last(error, tried, moved=False) from error
                tried.append(f"{rung.name}: {error}")
            else:
                left = _after_moving(rung, action, left)
            moved = True
            if not left or await self._seen(EXPECTED[action], self._settings.settle):
                return
            tried.append(f"{rung.name}: no effect within {self._settings.settle:.0f} s")

    async def resume(self) -> None:
        raise NotSupported("hardware pauses no server, so it can resume none")

    async def plan(self, action: PowerAction) -> Plan:
        hindrances = list[str]()
        if action not in self.actions:
            hindrances.append(f"no actuator does {action.value}")
        for require in (self._require_still, self._require_interlocks):
            try:
                await require()
            except Refused as error:
                hindrances.append(str(error))
        believed = await self._senses.look()
        steps = [f"sense {name} says {_words(reading)}" for name, reading in self._senses.said.items()]
        word = self._safety.word_of(self._settings.node)
        if believed.state is PowerState.UNKNOWN and word is None:
            hindrances.append(f"the power state is unknown ({believed.reason})")
        elif EXPECTED.get(action) is believed.state and action in REPEATABLE:
            return Plan(action, (*steps, f"nothing more: it is {believed.state.value} already"), tuple(hindrances))
        if await self._starts(action):
            budgets = self._settings.budgets
            steps += [f"take a place in budget {each}: {self._safety.budget_state(each)}" for each in budgets]
        if action is PowerAction.ON and self._supply is not None:
            steps.append(f"turn on {self._supply.name} ({self._supply.outlet.domain}), unless it is on")
        failing = "has no effect" if action in REPEATABLE else "cannot be reached"
        for index, rung in enumerate(self._rungs(action)):
            condition = "" if index == 0 else f"if that {failing}, "
            steps.append(f"{condition}{action.value} by {rung.name} ({rung.domain})")
            try:
                self._require_sole(rung)
                if rung.require_ready is not None:
                    await rung.require_ready()
            except BmcError as error:
                hindrances.append(f"{rung.name}: {error}")
        expected = EXPECTED.get(action)
        if expected is not None:
            steps.append(f"look for {expected.value}, for up to {self._settings.settle:.0f} s")
        return Plan(action, tuple(steps), tuple(hindrances))

    def _rungs(self, action: PowerAction) -> list[_Rung]:
        needed = PowerState.OFF if action is PowerAction.ON else PowerState.ON
        rungs = [
            _Rung(
                each.name,
                each.switch.domain,
                lambda switch=each.switch: switch.apply(action),  # type: ignore[misc]
                needed if each.switch.toggles and action in LOOKED_AT else None,
                each.feeds and action in CUTS,
                each.switch.in_turn,
                each.switch.require_ready,
            )
            for each in self._actuators
            if action in each.switch.actions
        ]
        if action is PowerAction.FORCE_OFF and self._supply is not None and self._supply.cuts:
            outlet = self._supply.outlet
            rungs.append(_Rung(self._supply.name, outlet.domain, outlet.cut, None, True))
        return rungs

    async def _starts(self, action: PowerAction) -> bool:
        """Whether it makes the machine start, as a press of the button does on one that is not on."""
        if action is PowerAction.PUSH_POWER_BUTTON:
            return (await self._senses.look()).state is not PowerState.ON
        return action in STARTS

    async def _fed(self, since: int) -> bool:
        """Turn the supply on, if there is one; whether it was off."""
        supply, fed = self._supply, list[bool]()
        if supply is None:
            return False

        async def feed() -> None:
            fed.append(await supply.outlet.feed())

        await self._require_interlocks()
        await self._safety.move(feed(), since)
        return fed == [True]

    async def _moved(self, rung: _Rung, since: int, before: bool) -> bool:
        """Move it, once it is its turn and nothing stands in the way then; False where the node needs it no more."""
        async with rung.turn():
            await self._require_interlocks()
            self._require_sole(rung)
            if rung.needed is not None and not await self._needed(rung, rung.needed, before):
                return False
            await self._safety.move(rung.do(), since)
            return True

    async def _needed(self, rung: _Rung, needed: PowerState, before: bool) -> bool:
        """Look right before moving what toggles. A person's word holds for as long as nothing was moved `before`.

        :raise Refused: nobody can tell the state.
        """
        believed = await self._senses.look()
        if believed.state is not PowerState.UNKNOWN:
            return believed.state is needed
        word = None if before else self._safety.word_of(self._settings.node)
        if word is None:
            raise Refused(f"{rung.name} would toggle a machine whose power state is unknown ({believed.reason})")
        return word is needed

    async def _seen(self, state: PowerState, patience: float) -> bool:
        reading = await self._senses.look_until(lambda reading: reading.state is state, patience)
        return reading.state is state

    async def _require_still(self) -> None:
        self._safety.check()

    async def _require_interlocks(self) -> None:
        """:raise Refused: one does not hold, or cannot be seen to."""
        for interlock in self._interlocks:
            reading = await interlock.sense.read()
            if reading.state is not PowerState.ON:
                raise Refused(f"interlock {interlock.name} is not closed ({_words(reading)}); close it, then try again")

    def _require_sole(self, rung: _Rung) -> None:
        """:raise Refused: another node would lose its power with this one."""
        if not rung.cuts:
            return
        for other in self._settings.shared_with:
            if (state := self._safety.power_of(other)) is not PowerState.OFF:
                raise Refused(f"{other} is on the same outlet and is {state.value}; shut it down first")


def _actions(actuators: Sequence[Actuator], supply: Supply | None) -> frozenset[PowerAction]:
    """A cycle of its own has only the first: behind a button, an outlet's would be a harder one than was asked for."""
    actions = frozenset[PowerAction]().union(*(each.switch.actions for each in actuators))
    if actuators and PowerAction.POWER_CYCLE not in actuators[0].switch.actions:
        actions -= {PowerAction.POWER_CYCLE}
    return actions | {PowerAction.FORCE_OFF} if supply is not None and supply.cuts else actions


def _after_moving(rung: _Rung, action: PowerAction, left: list[_Rung]) -> list[_Rung]:
    """What may still be tried once `rung` may have reached the machine.

    A pressed button is not pressed again by another hand: the machine may be slow to show that it goes on.
    """
    if action not in REPEATABLE:
        return []
    if action is PowerAction.ON and rung.needed is not None:
        return [each for each in left if each.needed is None]
    return left


def _last(error: BmcError, tried: Sequence[str], moved: bool) -> BmcError:
    """The last error, with what was tried before; where something was moved, nobody may take it for nothing done."""
    kind = OutcomeUnknown if moved else type(error)
    return kind(f"{error}; tried before: {'; '.join(tried)}") if tried else error


def _words(reading: PowerReading) -> str:
    return f"{reading.state.value} ({reading.reason})" if reading.reason else reading.state.value
