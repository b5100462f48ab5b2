"""A node whose server is the plant: what is broken about it is never pressed twice, never believed, always told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pymodbus.client import ModbusTcpClient

from bmc.assignments import Assignments
from bmc.drivers import Drivers
from bmc.events import Audit, Events
from bmc.fleet import Fleet
from bmc.model.clock import SystemClock
from bmc.model.commands import ConfirmPower, PlanPower, Power, SetCycleInterval
from bmc.model.errors import BmcError, OutcomeUnknown, Refused, TimedOut, WrongState
from bmc.model.events import EventKind
from bmc.model.node import NodeDefinition
from bmc.model.power import Health, PowerAction, PowerState
from bmc.node import Node
from bmc.node.power import Patience
from bmc.ports import Configured
from bmc.power.safety import Budget, Safety
from bmc.store import Store
from robots.testing import credentials
from tests.robots.modbus_device import COILS, running_board
from tests.robots.plant import RemotePlant, Rules, running_plant
from tests.robots.wire import wired
from tests.world import ADMIN, OPERATOR, PlainMedia, until

ON, OFF, UNKNOWN = PowerState.ON, PowerState.OFF, PowerState.UNKNOWN
HOLD = 1.8
WRITES_COIL = 5
BUTTON = {"adapter": "modbus-button", "power_coil": 0, "reset_coil": 1, "short": "0.1s", "long": "2.2s"}


@dataclass
class Rack:
    """The plant with three boards on its wires, each a gateway of its own: buttons and outlet, LED, meter."""

    plant: RemotePlant
    hands: int
    eye: int
    meter: int

    def renew(self) -> None:
        self.plant.renew()
        with ModbusTcpClient("127.0.0.1", port=self.hands) as client:
            client.write_coils(0, [False] * COILS)

    def button(self, port: int | None = None) -> dict[str, Any]:
        return {**BUTTON, "host": "127.0.0.1", "port": port or self.hands}

    def outlet(self) -> dict[str, Any]:
        return {"adapter": "modbus", "host": "127.0.0.1", "port": self.hands, "coil": 2, "active_low": True}

    def sees(self, port: int, look: str) -> dict[str, Any]:
        return {"adapter": "modbus", "host": "127.0.0.1", "port": port, "look": look, "poll": "0.2s"}

    def options(self, **more: Any) -> dict[str, Any]:
        senses = [self.sees(self.eye, "di0")]
        return {
            "power": self.button(),
            "sense": senses,
            "settle": "10s",
            "agree": "0.5s",
            "boots_within": "0.5s",
            **more,
        }

    def two_eyes(self) -> list[dict[str, Any]]:
        return [self.sees(self.eye, "di0"), self.sees(self.meter, "ir0>30")]


@pytest.fixture(scope="module")
def lasting_rack() -> Iterator[Rack]:
    wires = {0: "power", 1: "reset", 2: "!a"}
    with (
        running_plant(Rules(hold=HOLD)) as plant,
        running_board(plant, wires) as hands,
        running_board(plant) as eye,
        running_board(plant) as meter,
    ):
        yield Rack(plant, hands, eye, meter)


@pytest.fixture
def rack(lasting_rack: Rack) -> Rack:
    lasting_rack.renew()
    return lasting_rack


@dataclass
class Site:
    fleet: Fleet
    events: Events
    safety: Safety

    async def add(self, options: dict[str, Any], name: str = "a2") -> Node:
        node = await self.fleet.create(NodeDefinition(name, UUID(int=2), "hardware", options), ADMIN)
        await until(lambda: node.snapshot.power is not UNKNOWN)
        return node

    async def told(self, kind: EventKind) -> list[str]:
        return [event.message for event in await self.events.history(limit=1000) if event.kind is kind]

    async def heard(self, kind: EventKind, message: str) -> None:
        """Wait until it is told."""
        async with asyncio.timeout(5):
            while message not in await self.told(kind):  # noqa: ASYNC110 - as a door does
                await asyncio.sleep(0.05)


@asynccontextmanager
async def open_site(directory: Path, **budgets: Budget) -> AsyncIterator[Site]:
    """A fleet with the installed drivers; opening it again on the same directory is a restart of the service."""
    clock = SystemClock()
    async with Store.open(directory / "store" / "lightsout.db") as store:
        events, audit = Events(store, clock), Audit(store, clock)
        safety = await Safety.open(store, events, clock, budgets)
        configured = Configured(credentials)
        drivers = Drivers(directory / "drivers", clock, configured, safety, Assignments(events, clock))
        fleet = Fleet(store, events, audit, clock, drivers, PlainMedia(), Patience(graceful=2, agree=0.5))
        safety.ask(fleet.believed, fleet.word_of)
        await fleet.start()
        try:
            yield Site(fleet, events, safety)
        finally:
            await fleet.close()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path, feed=Budget(1, 600)) as site:
        yield site


async def do(node: Node, action: PowerAction) -> PowerState:
    return await node.do(Power(action), OPERATOR)


def problem(node: Node) -> str:
    assert node.snapshot.last_action is not None
    return node.snapshot.last_action.problem


async def test_the_same_actions_as_on_any_node_reach_the_wires(rack: Rack, site: Site):
    node = await site.add(rack.options())
    assert await do(node, PowerAction.ON) is ON
    assert await do(node, PowerAction.FORCE_RESTART) is ON
    await do(node, PowerAction.GRACEFUL_SHUTDOWN)
    await until(lambda: node.snapshot.power is OFF)
    assert await do(node, PowerAction.ON) is ON
    assert await do(node, PowerAction.FORCE_OFF) is OFF
    assert await do(node, PowerAction.ON) is ON
    assert await do(node, PowerAction.POWER_CYCLE) is ON
    assert list(rack.plant.look().events) == ["on", "reset", "asked", "off", "on", "cut", "on", "cut", "on"]


async def test_somebody_at_the_machine_shows_by_itself(rack: Rack, site: Site):
    node = await site.add(rack.options())
    rack.plant.close("power")
    rack.plant.open("power")
    await until(lambda: node.snapshot.power is ON)
    await site.heard(EventKind.POWER_CHANGED, "a2 is On (observed)")


async def test_a_stuck_relay_is_tried_once_and_told(rack: Rack, site: Site):
    node = await site.add(rack.options(settle="1s"))
    rack.plant.fault("power", "stuck")
    with pytest.raises(TimedOut, match="On was given to a2, but after 1 s its power still reads Off"):
        await do(node, PowerAction.ON)
    assert node.snapshot.power is OFF
    assert "still reads Off" in problem(node)
    rack.plant.mend("power")
    assert rack.plant.look().moves["power"] == 0
    assert await do(node, PowerAction.ON) is ON


async def test_a_welded_relay_is_not_believed_to_have_let_go(rack: Rack, site: Site):
    node = await site.add(rack.options(settle="1s"))
    rack.plant.fault("power", "welded")
    await asyncio.wait({asyncio.create_task(do(node, PowerAction.ON))})
    await until(lambda: node.snapshot.power is OFF, 5)  # held for ever, it cuts the machine
    with pytest.raises(TimedOut):
        await do(node, PowerAction.ON)
    assert rack.plant.look().moves["power"] == 1


async def test_a_dead_led_is_no_off(rack: Rack, site: Site):
    node = await site.add(rack.options(sense=rack.two_eyes()))
    assert await do(node, PowerAction.ON) is ON
    rack.plant.fault("led", "dead")
    await until(lambda: node.snapshot.power is UNKNOWN)
    assert "the senses differ: modbus 127.0.0.1" in node.snapshot.reason
    with pytest.raises(Refused, match="look at it and confirm its state first"):
        await do(node, PowerAction.FORCE_OFF)
    rack.plant.mend("led")
    await until(lambda: node.snapshot.power is ON)


async def test_a_dead_led_among_three_eyes_is_outvoted_and_told(rack: Rack, site: Site):
    third = rack.sees(rack.hands, "ir0>30")
    node = await site.add(rack.options(sense=[*rack.two_eyes(), third]))
    led = node.snapshot.votes[0].sense
    assert await do(node, PowerAction.ON) is ON
    rack.plant.fault("led", "dead")
    await until(lambda: node.snapshot.health is Health.WARNING)
    assert node.snapshot.power is ON
    await site.heard(EventKind.SENSES_DIFFER, f"a2 is taken to be On, but {led} says otherwise")
    rack.plant.mend("led")
    await until(lambda: node.snapshot.health is Health.OK)
    await site.heard(EventKind.SENSES_AGREE, "a2 is On, and all its senses agree again")
    rack.plant.fault("led", "dead")
    await until(lambda: node.snapshot.health is Health.WARNING)
    assert await do(node, PowerAction.FORCE_OFF) is OFF


async def test_a_lost_acknowledgement_presses_once(rack: Rack, site: Site):
    async with wired(rack.hands) as wire:
        node = await site.add(rack.options(power={**rack.button(wire.port), "answers_within": "0.5s"}))
        wire.loses = lambda data: len(data) > 7 and data[7] == WRITES_COIL and data[10] == 0xFF
        with pytest.raises(BmcError):
            await do(node, PowerAction.ON)
        assert rack.plant.look().moves["power"] == 1
        assert not rack.plant.look().closed.count("power")
        await until(lambda: node.snapshot.power is ON)
        assert node.snapshot.last_action is not None
        assert node.snapshot.last_action.outcome in ("unknown", "failed")


async def test_a_gateway_gone_in_mid_press_is_let_go_when_it_is_back(rack: Rack, site: Site):
    async with wired(rack.hands) as wire:
        node = await site.add(rack.options(power={**rack.button(wire.port), "long": "2s", "answers_within": "0.5s"}))
        await do(node, PowerAction.ON)
        forcing = asyncio.create_task(do(node, PowerAction.FORCE_OFF))
        await until(lambda: "power" in rack.plant.look().closed)
        wire.cut()
        with pytest.raises(BmcError):
            await forcing
        assert "power" in rack.plant.look().closed
        await wire.mend()
        await until(lambda: "power" not in rack.plant.look().closed)
        await until(lambda: node.snapshot.power is OFF)
        assert rack.plant.look().moves["power"] == 2


async def test_a_node_whose_button_may_still_be_pressed_is_not_removed(rack: Rack, site: Site):
    async with wired(rack.hands) as hands, wired(rack.eye) as eye:
        button = {**rack.button(hands.port), "long": "2s", "answers_within": "0.5s"}
        sense = {**rack.sees(eye.port, "di0"), "answers_within": "0.5s"}
        node = await site.add(rack.options(power=button, sense=[sense]))
        await do(node, PowerAction.ON)
        forcing = asyncio.create_task(do(node, PowerAction.FORCE_OFF))
        await until(lambda: "power" in rack.plant.look().closed)
        hands.cut()
        eye.cut()
        await asyncio.wait({forcing})
        assert forcing.exception() is not None
        await until(lambda: node.snapshot.power is UNKNOWN)
        with pytest.raises(
            WrongState, match="power of a2 may still be pressed, and is let go of once its device can be"
        ):
            await site.fleet.remove("a2", ADMIN)
        await hands.mend()
        await eye.mend()
        await until(lambda: "power" not in rack.plant.look().closed)
        await until(lambda: site.fleet.node("a2").snapshot.power is OFF)
        await site.fleet.remove("a2", ADMIN)


async def test_the_emergency_stop_lets_go_in_mid_hold_and_holds_everything(rack: Rack, site: Site):
    rack.plant.fault("system", "deaf")  # what is let go early is a short press
    node = await site.add(rack.options(power={**rack.button(), "long": "10s"}))
    await do(node, PowerAction.ON)
    forcing = asyncio.create_task(do(node, PowerAction.FORCE_OFF))
    await until(lambda: "power" in rack.plant.look().closed)
    await site.safety.stop("olga", "a hand is in the rack")
    await until(lambda: "power" not in rack.plant.look().closed, 5)
    with pytest.raises(OutcomeUnknown, match="the emergency stop of olga cut it off"):
        await forcing
    left = ON if rack.plant.look().running else OFF  # it may have been held for long enough
    await until(lambda: node.snapshot.power is left)
    with pytest.raises(Refused, match="a hand is in the rack"):
        await do(node, PowerAction.FORCE_OFF if left is ON else PowerAction.ON)
    plan = await node.do(PlanPower(PowerAction.FORCE_OFF), OPERATOR)
    assert any("a hand is in the rack" in each for each in plan.hindrances)
    assert rack.plant.look().moves["power"] == 2


async def test_a_soft_off_goes_on_to_hold_and_to_the_outlet_only_where_configured(rack: Rack, site: Site):
    rack.plant.fault("system", "deaf")
    node = await site.add(rack.options(supply=rack.outlet(), escalate=["hold", "outlet"], settle="3s"))
    await do(node, PowerAction.ON)
    rack.plant.fault("power", "stuck")
    await do(node, PowerAction.GRACEFUL_SHUTDOWN)
    await until(lambda: node.snapshot.last_action and node.snapshot.last_action.outcome == "done", 40)
    assert rack.plant.look().events[-1] == "unfed"
    rack.plant.mend("power")
    assert await do(node, PowerAction.ON) is ON
    assert list(rack.plant.look().events[-2:]) == ["fed", "on"]


async def test_a_soft_off_that_is_not_obeyed_forces_nothing_by_itself(rack: Rack, site: Site):
    rack.plant.fault("system", "deaf")
    node = await site.add(rack.options(supply=rack.outlet()))
    await do(node, PowerAction.ON)
    await do(node, PowerAction.GRACEFUL_SHUTDOWN)
    await until(lambda: node.snapshot.last_action and node.snapshot.last_action.outcome == "timed out")
    assert node.snapshot.power is ON
    assert list(rack.plant.look().events) == ["on", "asked"]


async def test_a_power_state_that_nobody_sees_takes_a_persons_word_for_one_press(rack: Rack, site: Site):
    async with wired(rack.eye) as wire:
        node = await site.add(
            rack.options(sense=[{**rack.sees(wire.port, "di0"), "answers_within": "0.5s"}], settle="1s")
        )
        wire.cut()
        await until(lambda: node.snapshot.power is UNKNOWN)
        with pytest.raises(Refused):
            await do(node, PowerAction.ON)
        await node.do(ConfirmPower(OFF), OPERATOR)
        for expected in (TimedOut, Refused):  # pressed, but unseen; then nobody's word holds any more
            with pytest.raises(expected):
                await do(node, PowerAction.ON)
        assert rack.plant.look().moves["power"] == 1
        await wire.mend()
        await until(lambda: node.snapshot.power is ON)


async def test_a_persons_word_is_void_after_a_graceful_press_too(rack: Rack, site: Site):
    async with wired(rack.eye) as wire:
        node = await site.add(rack.options(sense=[{**rack.sees(wire.port, "di0"), "answers_within": "0.5s"}]))
        await do(node, PowerAction.ON)
        wire.cut()
        await until(lambda: node.snapshot.power is UNKNOWN)
        await node.do(ConfirmPower(ON), OPERATOR)
        await do(node, PowerAction.GRACEFUL_SHUTDOWN)
        await until(lambda: node.snapshot.last_action and node.snapshot.last_action.outcome, 15)
        with pytest.raises(Refused):
            await do(node, PowerAction.GRACEFUL_SHUTDOWN)
        assert rack.plant.look().events == ["on", "asked", "off"]


async def test_what_an_emergency_stop_has_cut_off_is_not_taken_up_by_the_next_hand(rack: Rack, site: Site):
    rack.plant.fault("system", "deaf")
    node = await site.add(rack.options(power=[{**rack.button(), "long": "10s"}, rack.outlet()]))
    await do(node, PowerAction.ON)
    forcing = asyncio.create_task(do(node, PowerAction.FORCE_OFF))
    await until(lambda: "power" in rack.plant.look().closed)
    await site.safety.stop("olga", "smoke")
    await site.safety.release("admin")
    with pytest.raises(OutcomeUnknown):
        await forcing
    assert "unfed" not in rack.plant.look().events


async def test_a_cycle_is_over_with_an_emergency_stop_that_was_released_while_it_was_off(rack: Rack, site: Site):
    node = await site.add(rack.options())
    await do(node, PowerAction.ON)
    await node.do(SetCycleInterval(3), ADMIN)
    cycling = asyncio.create_task(do(node, PowerAction.POWER_CYCLE))
    await until(lambda: node.snapshot.power is OFF)
    await site.safety.stop("olga", "smoke")
    await site.safety.release("admin")
    with pytest.raises(OutcomeUnknown, match="the emergency stop cut it off"):
        await cycling
    assert rack.plant.look().events == ["on", "cut"]


async def test_a_second_start_beyond_the_budget_is_refused_before_anything_moves(rack: Rack, site: Site):
    node = await site.add(rack.options(budgets=["feed"]))
    assert await do(node, PowerAction.ON) is ON
    assert await do(node, PowerAction.FORCE_OFF) is OFF
    for starts in (PowerAction.ON, PowerAction.PUSH_POWER_BUTTON):
        with pytest.raises(Refused, match="start budget feed: no start is free for another"):
            await do(node, starts)
    assert rack.plant.look().moves["power"] == 2


async def test_an_interlock_is_looked_at_before_each_motion(rack: Rack, site: Site):
    node = await site.add(rack.options(interlocks=[rack.sees(rack.eye, "di1")]))
    with pytest.raises(Refused, match=r"interlock modbus 127\.0\.0\.1 is not closed \(Off\)"):
        await do(node, PowerAction.ON)
    assert rack.plant.look().moves["power"] == 0


async def test_what_a_crash_left_pressed_is_let_go_and_looked_at(rack: Rack, tmp_path: Path):
    """The service's end in mid-hold: its intent is on disk, its coil is closed."""
    async with open_site(tmp_path) as site:
        node = await site.add(rack.options(power={**rack.button(), "long": "10s"}))
        await do(node, PowerAction.ON)
    cut = asyncio.Event()

    async def crash() -> None:
        async with open_site(tmp_path) as site:
            node = site.fleet.node("a2")
            await until(lambda: node.snapshot.power is ON)
            forcing = asyncio.create_task(do(node, PowerAction.FORCE_OFF))
            await until(lambda: "power" in rack.plant.look().closed)
            cut.set()
            await asyncio.gather(forcing, return_exceptions=True)

    closing = asyncio.create_task(crash())
    await cut.wait()
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    assert "power" not in rack.plant.look().closed
    async with open_site(tmp_path) as site:
        node = site.fleet.node("a2")
        moves = rack.plant.look().moves["power"]
        told = [*await site.told(EventKind.POWER_UNKNOWN), str(node.snapshot.last_action)]
        assert node.snapshot.power is OFF or any("cut off by the end of the service" in each for each in told)
        assert rack.plant.look().moves["power"] == moves
