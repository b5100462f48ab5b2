"""The closed loop over a machine that is a few variables: which hand moves when, and what must be seen for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bmc.model.clock import SystemClock
from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused, Unreachable
from bmc.model.power import PowerAction, PowerReading, PowerState
from robots.loop import Actuator, ClosedLoop, Interlock, LoopSettings, Supply
from robots.parts import Feed, Switch
from robots.testing import NothingHeld

ON, OFF, UNKNOWN = PowerState.ON, PowerState.OFF, PowerState.UNKNOWN


@dataclass
class Machine:
    """What is really so; `moves` is what the hands did to it, in order."""

    power: PowerState = OFF
    fed: bool = True
    boots_when_fed: bool = False
    moves: list[str] = field(default_factory=list)

    def press(self, hand: str, long: bool) -> None:
        self.moves.append(f"{hand} {'holds' if long else 'presses'}")
        if not self.fed:
            return
        if self.power is OFF:
            self.power = ON
        elif long:
            self.power = OFF

    def feed(self, on: bool) -> None:
        self.moves.append(f"outlet {'on' if on else 'off'}")
        if on and not self.fed and self.boots_when_fed:
            self.power = ON
        if not on:
            self.power = OFF
        self.fed = on


@dataclass
class Button(Switch):
    """A hand on the power button. `fault` happens instead of the press, `lost` after it; `jammed` presses nothing."""

    machine: Machine
    domain: str
    fault: BmcError | None = None
    lost: BmcError | None = None
    jammed: bool = False
    toggles = True
    actions = frozenset({PowerAction.ON, PowerAction.FORCE_OFF, PowerAction.GRACEFUL_SHUTDOWN})

    async def apply(self, action: PowerAction) -> None:
        if self.fault is not None:
            raise self.fault
        if self.jammed:
            self.machine.moves.append(f"{self.domain} jams")
        else:
            self.machine.press(self.domain, action is PowerAction.FORCE_OFF)
        if self.lost is not None:
            raise self.lost


@dataclass
class Outlet(Switch, Feed):
    """The outlet as a supply, and as a switch of its own."""

    machine: Machine
    fault: BmcError | None = None
    domain: str = "PDU"
    actions = frozenset({PowerAction.ON, PowerAction.FORCE_OFF, PowerAction.POWER_CYCLE})

    async def feed(self) -> bool:
        if self.fault is not None:
            raise self.fault
        was_off = not self.machine.fed
        if was_off:
            self.machine.feed(True)
        return was_off

    async def cut(self) -> None:
        if self.fault is not None:
            raise self.fault
        self.machine.feed(False)

    async def apply(self, action: PowerAction) -> None:
        await (self.cut() if action is PowerAction.FORCE_OFF else self.feed())


@dataclass
class Eye:
    """A sense; `blind` says nothing, `lies` says always the same."""

    machine: Machine
    name: str = "led"
    domain: str = "LED"
    blind: bool = False
    lies: PowerState | None = None

    async def read(self) -> PowerReading:
        state = UNKNOWN if self.blind else self.lies or self.machine.power
        return PowerReading(state, 0.0, reason="the cable is out" if self.blind else "")

    async def changes(self) -> AsyncIterator[PowerReading]:
        while True:
            yield await self.read()
            await asyncio.sleep(0.01)


class SlowArm(Button):
    """It is some time until it is its turn; what `happens` in between, happens."""

    happens: Callable[[], None]

    @asynccontextmanager
    async def in_turn(self) -> AsyncIterator[None]:
        self.happens()
        yield


class Held(NothingHeld):
    """Safety with an emergency stop that may be pressed, and a person's word."""

    stopped = False
    word: PowerState | None = None

    def word_of(self, node: str) -> PowerState | None:
        return self.word

    def check(self) -> None:
        if self.stopped:
            raise Refused("the emergency stop is pressed")

    async def move(self, work: Coroutine[Any, Any, None], since: int) -> None:
        if self.stopped:
            work.close()
        self.check()
        await work


@dataclass
class Bench:
    machine: Machine
    button: Button
    arm: Button
    outlet: Outlet
    eye: Eye
    safety: Held

    def loop(self, *hands: Switch, supply: bool = False, cuts: bool = False, **more: Any) -> ClosedLoop:
        actuators = [
            Actuator(f"power[{index}]", hand, feeds=hand is self.outlet)
            for index, hand in enumerate(hands or (self.button,))
        ]
        settings = LoopSettings("n1", 0.05, 0.05, more.get("shared_with", ()), ())
        given = Supply("supply", self.outlet, cuts) if supply else None
        senses, interlocks = more.get("senses", [self.eye]), more.get("interlocks", [])
        return ClosedLoop(actuators, given, senses, interlocks, settings, self.safety, SystemClock())


@pytest.fixture
def bench() -> Bench:
    machine = Machine()
    return Bench(machine, Button(machine, "button"), Button(machine, "arm"), Outlet(machine), Eye(machine), Held())


async def test_a_press_turns_it_on_and_a_hold_turns_it_off(bench: Bench):
    loop = bench.loop()
    await loop.apply(PowerAction.ON)
    assert bench.machine.power is ON
    await loop.apply(PowerAction.FORCE_OFF)
    assert bench.machine.power is OFF
    assert bench.machine.moves == ["button presses", "button holds"]


@pytest.mark.parametrize(("action", "state"), [(PowerAction.ON, ON), (PowerAction.FORCE_OFF, OFF)])
async def test_a_button_is_not_touched_when_the_machine_is_there_already(bench: Bench, action, state):
    bench.machine.power = state
    await bench.loop().apply(action)
    assert bench.machine.moves == []


async def test_a_button_is_not_touched_while_nobody_can_tell_the_state(bench: Bench):
    bench.eye.blind = True
    with pytest.raises(Refused, match=r"would toggle a machine whose power state is unknown \(led: the cable is out\)"):
        await bench.loop().apply(PowerAction.ON)
    assert bench.machine.moves == []


async def test_who_waited_for_a_hand_looks_again_before_it_presses(bench: Bench):
    arm = SlowArm(bench.machine, "arm")
    arm.happens = lambda: bench.machine.press("somebody", long=False)
    await bench.loop(arm).apply(PowerAction.ON)
    assert bench.machine.moves == ["somebody presses"]
    assert bench.machine.power is ON


async def test_a_persons_word_stands_in_for_blind_senses(bench: Bench):
    bench.eye.blind, bench.safety.word = True, OFF
    await bench.loop().apply(PowerAction.ON)
    assert bench.machine.moves == ["button presses"]


@pytest.mark.parametrize("fault", [Refused("not homed"), Unreachable("no route")])
async def test_another_hand_is_tried_when_the_first_did_nothing(bench: Bench, fault: BmcError):
    bench.button.fault = fault
    loop = bench.loop(bench.button, bench.arm)
    await loop.apply(PowerAction.ON)
    assert bench.machine.moves == ["arm presses"]


@pytest.mark.parametrize("lost", [OutcomeUnknown("no answer"), BackendFailed("it broke")])
async def test_a_press_that_may_have_happened_is_repeated_by_no_other_hand(bench: Bench, lost: BmcError):
    bench.button.lost = lost
    with pytest.raises(type(lost)):
        await bench.loop(bench.button, bench.arm).apply(PowerAction.ON)
    assert bench.machine.moves == ["button presses"]


async def test_a_press_without_effect_is_repeated_by_no_other_hand(bench: Bench):
    bench.button.jammed = True
    await bench.loop(bench.button, bench.arm).apply(PowerAction.ON)
    assert bench.machine.moves == ["button jams"]


async def test_an_outlet_may_follow_a_press_without_effect(bench: Bench):
    bench.button.jammed = True
    bench.machine.fed, bench.machine.boots_when_fed = False, True
    await bench.loop(bench.button, bench.outlet).apply(PowerAction.ON)
    assert bench.machine.moves == ["button jams", "outlet on"]
    assert bench.machine.power is ON


async def test_forcing_off_goes_on_to_the_next_hand_when_it_is_still_seen_on(bench: Bench):
    bench.machine.power = ON
    bench.button.jammed = True
    await bench.loop(bench.button, bench.arm).apply(PowerAction.FORCE_OFF)
    assert bench.machine.moves == ["button jams", "arm holds"]
    assert bench.machine.power is OFF


async def test_a_lost_answer_to_a_hold_that_worked_is_seen_and_ends_there(bench: Bench):
    bench.machine.power = ON
    bench.button.lost = OutcomeUnknown("no answer")
    await bench.loop(bench.button, bench.arm).apply(PowerAction.FORCE_OFF)
    assert bench.machine.moves == ["button holds"]


@pytest.mark.parametrize(("cuts", "moves"), [(True, ["button jams", "outlet off"]), (False, ["button jams"])])
async def test_the_outlet_is_cut_last_and_only_where_that_was_configured(bench: Bench, cuts: bool, moves: list[str]):
    bench.machine.power = ON
    bench.button.jammed = True
    await bench.loop(supply=True, cuts=cuts).apply(PowerAction.FORCE_OFF)
    assert bench.machine.moves == moves


async def test_a_machine_whose_outlet_was_cut_is_fed_before_its_button_is_pressed(bench: Bench):
    bench.machine.fed = False
    await bench.loop(supply=True).apply(PowerAction.ON)
    assert bench.machine.moves == ["outlet on", "button presses"]
    assert bench.machine.power is ON


async def test_a_machine_that_boots_when_it_is_fed_is_not_pressed(bench: Bench):
    bench.machine.fed, bench.machine.boots_when_fed = False, True
    await bench.loop(supply=True).apply(PowerAction.ON)
    assert bench.machine.moves == ["outlet on"]


async def test_a_persons_word_holds_for_the_first_hand_alone(bench: Bench):
    bench.machine.power = ON
    bench.eye.blind, bench.safety.word = True, ON
    with pytest.raises(OutcomeUnknown, match="would toggle a machine whose power state is unknown"):
        await bench.loop(bench.button, bench.arm).apply(PowerAction.FORCE_OFF)
    assert bench.machine.moves == ["button holds"]


async def test_a_persons_word_holds_no_more_once_the_outlet_was_turned_on(bench: Bench):
    bench.machine.fed, bench.machine.boots_when_fed = False, True
    bench.eye.blind, bench.safety.word = True, OFF
    with pytest.raises(OutcomeUnknown):
        await bench.loop(supply=True).apply(PowerAction.ON)
    assert bench.machine.moves == ["outlet on"]


async def test_a_refusal_after_the_outlet_was_turned_on_is_not_told_as_nothing_done(bench: Bench):
    bench.machine.fed = False
    bench.button.fault = Refused("not homed")
    with pytest.raises(OutcomeUnknown, match="not homed; tried before: supply was turned on"):
        await bench.loop(supply=True).apply(PowerAction.ON)


async def test_what_was_moved_before_a_refusal_is_not_told_as_nothing_done(bench: Bench):
    bench.machine.power = ON
    bench.button.jammed, bench.arm.fault = True, Unreachable("no route")
    with pytest.raises(OutcomeUnknown, match=r"no route; tried before: power\[0\]: no effect within 0 s"):
        await bench.loop(bench.button, bench.arm).apply(PowerAction.FORCE_OFF)


async def test_a_hand_is_not_believed_by_itself(bench: Bench):
    bench.machine.power = ON
    echo, blind = Eye(bench.machine, "coil", "button", lies=OFF), Eye(bench.machine, blind=True)
    with pytest.raises(Refused, match="no other eye has seen it: coil says Off; led: the cable is out"):
        await bench.loop(senses=[echo, blind]).apply(PowerAction.FORCE_OFF)
    assert bench.machine.moves == []


async def test_an_outlet_is_not_cut_under_another_node(bench: Bench):
    bench.machine.power = ON
    loop = bench.loop(bench.outlet, shared_with=("n2",))
    for state in (ON, UNKNOWN):
        bench.safety.power["n2"] = state
        with pytest.raises(Refused, match=f"n2 is on the same outlet and is {state.value}; shut it down first"):
            await loop.apply(PowerAction.FORCE_OFF)
    bench.safety.power["n2"] = OFF
    await loop.apply(PowerAction.FORCE_OFF)
    assert bench.machine.moves == ["outlet off"]


@pytest.mark.parametrize("open_", [{"lies": OFF}, {"blind": True}])
async def test_nothing_moves_while_an_interlock_is_open_or_unseen(bench: Bench, open_: dict[str, Any]):
    door = Interlock("modbus:di5", Eye(Machine(), "door", "door", **open_))
    with pytest.raises(Refused, match="interlock modbus:di5 is not closed"):
        await bench.loop(interlocks=[door]).apply(PowerAction.ON)
    assert bench.machine.moves == []


async def test_nothing_moves_under_the_emergency_stop(bench: Bench):
    bench.safety.stopped = True
    with pytest.raises(Refused, match="emergency stop"):
        await bench.loop(bench.button, bench.arm, supply=True).apply(PowerAction.ON)
    assert bench.machine.moves == []


def test_a_cycle_of_its_own_has_only_the_first_hand(bench: Bench):
    assert PowerAction.POWER_CYCLE not in bench.loop(bench.button, bench.outlet).actions
    assert PowerAction.POWER_CYCLE in bench.loop(bench.outlet, bench.button).actions


async def test_a_plan_names_every_step_and_moves_nothing(bench: Bench):
    bench.machine.power = ON
    plan = await bench.loop(bench.button, bench.arm, supply=True, cuts=True).plan(PowerAction.FORCE_OFF)
    assert plan.steps == (
        "sense led says On",
        "ForceOff by power[0] (button)",
        "if that has no effect, ForceOff by power[1] (arm)",
        "if that has no effect, ForceOff by supply (PDU)",
        "look for Off, for up to 0 s",
    )
    assert plan.hindrances == ()
    assert bench.machine.moves == []


async def test_a_plan_tells_all_that_is_in_the_way(bench: Bench):
    bench.safety.stopped, bench.eye.blind = True, True
    door = Interlock("door", Eye(Machine(), "door", "door", lies=OFF))
    plan = await bench.loop(bench.outlet, interlocks=[door], shared_with=("n2",)).plan(PowerAction.FORCE_OFF)
    told = " | ".join(plan.hindrances)
    for hindrance in ("emergency stop", "interlock door", "power state is unknown", "n2 is on the same outlet"):
        assert hindrance in told


async def test_a_plan_for_what_is_so_already_has_no_step(bench: Bench):
    plan = await bench.loop().plan(PowerAction.FORCE_OFF)
    assert plan.steps[-1] == "nothing more: it is Off already"
