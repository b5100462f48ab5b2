"""What the rules of one node's loop change: patience, escalation, maintenance; and what everybody sees of its power."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bmc.model.commands import ConfirmPower, PlanPower, Power, Release, Reserve
from bmc.model.errors import Busy, OutcomeUnknown, Refused, TimedOut, Unreachable
from bmc.model.events import EventKind, Severity
from bmc.model.platform_event import PlatformEvent
from bmc.model.power import PowerAction, PowerCause, PowerReading, PowerState
from bmc.model.sel import SystemEvent
from bmc.node import Node
from bmc.node.journal import Intent, Journal
from bmc.ports import LoopRules
from tests.world import ADMIN, HASTY, OPERATOR, MemoryDrivers, MemoryServer, World, open_world, until


async def ruled(world: World, rules: LoopRules) -> tuple[Node, MemoryServer]:
    server = world.drivers.servers["n1"] = MemoryServer()
    server.rules = rules
    return await world.add()


async def test_a_guest_that_does_not_shut_down_is_forced_off_where_that_was_configured(world: World):
    node, server = await ruled(world, LoopRules(escalates=True))
    await node.do(Power(PowerAction.ON), ADMIN)
    server.obeys_acpi = False
    await node.do(Power(PowerAction.GRACEFUL_SHUTDOWN), OPERATOR)
    await until(lambda: node.snapshot.power is PowerState.OFF)
    assert server.applied[-2:] == [PowerAction.GRACEFUL_SHUTDOWN, PowerAction.FORCE_OFF]
    told = [event.message for event in await world.told(EventKind.POWER_ACTION)]
    assert any("did not shut down within 0 s of GracefulShutdown; it is forced off now" in each for each in told)
    assert "olga asked for ForceOff of n1" in told


async def test_a_sense_that_is_blind_for_a_moment_ends_no_shutdown(tmp_path: Path):
    async with open_world(tmp_path / "lightsout.db", patience=replace(HASTY, graceful=60)) as world:
        node, server = await ruled(world, LoopRules(escalates=True))
        await node.do(Power(PowerAction.ON), ADMIN)
        server.obeys_acpi = False
        await node.do(Power(PowerAction.GRACEFUL_SHUTDOWN), OPERATOR)
        server.blind = True
        server.readings.put_nowait(await server.read())
        await asyncio.sleep(0.4)
        server.blind = False
        server.readings.put_nowait(await server.read())
        await asyncio.sleep(0.2)
        assert server.applied == [PowerAction.ON, PowerAction.GRACEFUL_SHUTDOWN]
        assert node.snapshot.last_action is not None
        assert node.snapshot.last_action.outcome == ""


async def test_force_off_cuts_off_what_is_under_way_where_that_lets_go(world: World):
    node, server = await ruled(world, LoopRules(interruptible=True))
    server.gate.clear()
    starting = asyncio.create_task(node.do(Power(PowerAction.ON), OPERATOR))
    await until(lambda: server.asked == [PowerAction.ON])
    forcing = asyncio.create_task(node.do(Power(PowerAction.FORCE_OFF), ADMIN))
    with pytest.raises(Busy, match="On of n1 was superseded by ForceOff"):
        await starting
    assert await forcing is PowerState.OFF
    assert server.applied == []
    assert "On of n1 was superseded by ForceOff" in [
        event.message for event in await world.told(EventKind.POWER_ACTION)
    ]


async def test_a_restart_whose_shutdown_was_forced_goes_on_again(world: World):
    node, server = await ruled(world, LoopRules(escalates=True))
    await node.do(Power(PowerAction.ON), ADMIN)
    server.obeys_acpi = False
    await node.do(Power(PowerAction.GRACEFUL_RESTART), OPERATOR)
    await until(lambda: server.applied[-1:] == [PowerAction.ON] and len(server.applied) == 4)
    assert server.applied[2] is PowerAction.FORCE_OFF


async def test_a_power_state_that_is_lost_takes_the_node_into_maintenance_where_that_was_configured(world: World):
    node, server = await ruled(world, LoopRules(locks_unknown=True))
    server.blind = True
    server.readings.put_nowait(await server.read())
    await until(lambda: node.snapshot.reservation)
    assert node.snapshot.reservation is not None
    assert node.snapshot.reservation.reason == "its power state became unknown: memory: the cable is out"
    server.blind = False
    server.readings.put_nowait(await server.read())
    await until(lambda: node.snapshot.power is PowerState.OFF)
    with pytest.raises(Busy, match="n1 is reserved by lightsout: its power state became unknown"):
        await node.do(Power(PowerAction.ON), OPERATOR)
    await node.do(Release(), ADMIN)
    assert await node.do(Power(PowerAction.ON), OPERATOR) is PowerState.ON


async def said_to_be_off(world: World) -> tuple[Node, MemoryServer]:
    """A node that its senses know nothing of, and of which a person has said that it is off."""
    node, server = await world.add()
    server.blind = True
    server.readings.put_nowait(await server.read())
    await until(lambda: node.snapshot.power is PowerState.UNKNOWN)
    await node.do(ConfirmPower(PowerState.OFF), OPERATOR)
    return node, server


async def test_what_a_person_said_of_the_state_is_void_once_the_machine_was_moved(world: World):
    node, server = await said_to_be_off(world)
    server.failure = Unreachable("no route")
    with pytest.raises(Unreachable):
        await node.do(Power(PowerAction.ON), OPERATOR)
    assert node.confirmed is PowerState.OFF  # nothing was done
    server.failure = None
    with pytest.raises(TimedOut):
        await node.do(Power(PowerAction.ON), OPERATOR)
    assert node.confirmed is None
    with pytest.raises(Refused, match="unknown"):
        await node.do(Power(PowerAction.ON), OPERATOR)
    assert server.applied == [PowerAction.ON]


async def test_what_a_person_said_of_the_state_is_void_once_the_senses_have_seen_otherwise(world: World):
    node, server = await said_to_be_off(world)
    server.blind = False
    server.become(PowerState.ON, PowerCause.OBSERVED)
    await until(lambda: node.snapshot.power is PowerState.ON)
    server.blind = True
    server.become(PowerState.UNKNOWN, PowerCause.OBSERVED, reason="the cable is out again")
    await until(lambda: node.snapshot.power is not PowerState.ON)
    assert node.snapshot.power is PowerState.UNKNOWN


async def test_the_last_action_and_how_it_ended_is_shown_and_outlives_the_service(tmp_path: Path):
    drivers = MemoryDrivers()
    async with open_world(tmp_path / "lightsout.db", drivers) as world:
        node, server = await world.add()
        assert node.snapshot.last_action is None
        await node.do(Power(PowerAction.ON), OPERATOR)
        last = node.snapshot.last_action
        assert last is not None
        assert (last.action, last.account, last.outcome, last.problem) == (PowerAction.ON, "olga", "done", "")
        server.failure = OutcomeUnknown("no answer")
        with pytest.raises(OutcomeUnknown):
            await node.do(Power(PowerAction.FORCE_RESTART), OPERATOR)
        last = node.snapshot.last_action
    async with open_world(tmp_path / "lightsout.db", drivers) as world:
        again = world.fleet.node("n1").snapshot.last_action
        assert again == last
        assert again is not None
        assert (again.action, again.outcome, again.problem) == (PowerAction.FORCE_RESTART, "unknown", "no answer")
        server.failure = None
        node = world.fleet.node("n1")
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
        await world.fleet.remove("n1", ADMIN)
        node, _ = await world.add()
        assert node.snapshot.last_action is None


@pytest.mark.parametrize(("presses", "applied"), [(frozenset({PowerAction.ON}), []), (frozenset(), [PowerAction.ON])])
async def test_a_press_that_a_crash_cut_off_is_not_repeated(tmp_path: Path, presses, applied):
    drivers = MemoryDrivers()
    async with open_world(tmp_path / "lightsout.db", drivers) as world:
        _, server = await world.add()
        await Journal(world.store, "n1").write(Intent(PowerAction.ON, "olga", 1.0))
    server.rules = LoopRules(presses=presses)
    async with open_world(tmp_path / "lightsout.db", drivers) as world:
        await until(lambda: world.fleet.node("n1").snapshot.last_action)
        told = await world.heard(EventKind.POWER_UNKNOWN, 1) if presses else []
        assert all("was cut off by the end of the service" in event.message for event in told)
    assert server.applied == applied


async def test_each_sense_shows_what_it_said_and_when_it_looked_last(world: World):
    node, server = await world.add()
    (vote,) = node.snapshot.votes
    assert (vote.sense, vote.domain, vote.reading.state, vote.counts) == ("memory", "memory", PowerState.OFF, True)
    server.readings.put_nowait(PowerReading(PowerState.OFF, 12345.0))
    await until(lambda: node.snapshot.votes[0].reading.at == 12345.0)
    assert len(await world.told(EventKind.POWER_CHANGED)) == 0


@dataclass
class Stops:
    """How often the emergency stop was pressed; each time it is released at once."""

    pressed: int = 0

    def press(self) -> None:
        self.pressed += 1

    def rules(self) -> LoopRules:
        return LoopRules(escalates=True, stops=lambda: self.pressed)


async def test_a_cycle_that_an_emergency_stop_met_while_it_was_off_turns_nothing_on(tmp_path: Path):
    async with open_world(tmp_path / "lightsout.db", patience=replace(HASTY, off_time=0.3)) as world:
        stops = Stops()
        node, server = await ruled(world, stops.rules())
        await node.do(Power(PowerAction.ON), ADMIN)
        cycling = asyncio.create_task(node.do(Power(PowerAction.POWER_CYCLE), OPERATOR))
        await until(lambda: server.applied[-1:] == [PowerAction.FORCE_OFF])
        stops.press()
        with pytest.raises(OutcomeUnknown, match="the emergency stop cut it off; look at the machine"):
            await cycling
        assert server.applied == [PowerAction.ON, PowerAction.FORCE_OFF]
        assert node.snapshot.last_action is not None
        assert node.snapshot.last_action.outcome == "unknown"
        assert await node.do(Power(PowerAction.ON), OPERATOR) is PowerState.ON


@pytest.mark.parametrize("action", [PowerAction.GRACEFUL_RESTART, PowerAction.GRACEFUL_SHUTDOWN])
async def test_a_guest_that_was_asked_to_shut_down_before_an_emergency_stop_is_left_alone(tmp_path: Path, action):
    async with open_world(tmp_path / "lightsout.db", patience=replace(HASTY, graceful=60)) as world:
        stops = Stops()
        node, server = await ruled(world, stops.rules())
        await node.do(Power(PowerAction.ON), ADMIN)
        server.obeys_acpi = False
        await node.do(Power(action), OPERATOR)
        stops.press()
        await until(lambda: node.snapshot.last_action and node.snapshot.last_action.outcome == "unknown", 10)
        assert node.snapshot.power is PowerState.ON
        assert server.applied == [PowerAction.ON, PowerAction.GRACEFUL_SHUTDOWN]
        told = await world.heard(EventKind.POWER_ACTION, 3)
        assert told[-1].message == f"{action.value} of n1 failed: the emergency stop cut it off; look at the machine"


async def test_what_waited_for_its_turn_through_an_emergency_stop_is_refused(world: World):
    stops = Stops()
    node, server = await ruled(world, stops.rules())
    server.gate.clear()
    starting = asyncio.create_task(node.do(Power(PowerAction.ON), OPERATOR))
    await until(lambda: server.asked == [PowerAction.ON])
    forcing = asyncio.create_task(node.do(Power(PowerAction.FORCE_OFF), ADMIN))
    await asyncio.sleep(0)
    stops.press()
    server.gate.set()
    await starting
    with pytest.raises(Refused, match="the emergency stop was pressed since this was asked for"):
        await forcing
    assert server.applied == [PowerAction.ON]


async def test_a_plan_is_told_also_while_somebody_holds_the_node(world: World):
    node, server = await world.add()
    await node.do(Reserve("new fans"), ADMIN)
    plan = await node.do(PlanPower(PowerAction.FORCE_RESTART), OPERATOR)
    assert plan.steps == ("ForceRestart by memory",)
    assert plan.hindrances == ("n1 is reserved by admin: new fans", "n1 is Off, so ForceRestart is: WrongState")
    assert server.applied == []


async def test_what_its_own_bmc_wrote_down_is_an_event_and_a_record(world: World):
    node, server = await world.add()
    record = SystemEvent(0x04, 0x30, 0x01, bytes((0x57, 1, 2)))
    server.log.put_nowait(PlatformEvent("Fan 3 failed", Severity.CRITICAL, 99.0, record))
    server.log.put_nowait(PlatformEvent("DIMM A1 corrected an error"))
    events = await world.heard(EventKind.PLATFORM_EVENT, 2)
    assert [event.message for event in events] == [
        "the BMC of n1 reports: Fan 3 failed",
        "the BMC of n1 reports: DIMM A1 corrected an error",
    ]
    assert [event.severity for event in events] == [Severity.CRITICAL, Severity.WARNING]
    await until(lambda: len(node.snapshot.sel.entries) == 2)
    first, second = node.snapshot.sel.entries
    assert first.data == record.pack()
    assert SystemEvent.unpack(second.data).sensor_type == 0x12


async def test_an_effect_may_take_as_long_as_the_nodes_rules_say(world: World):
    node, server = await ruled(world, LoopRules(settle=0.05))
    server.deaf = True
    with pytest.raises(TimedOut, match="after 0 s its power still reads Off"):
        await node.do(Power(PowerAction.ON), ADMIN)
    assert server.last.cause is PowerCause.OBSERVED


async def test_what_a_person_said_of_the_state_outlives_the_service_but_not_what_it_was_doing(tmp_path: Path):
    drivers = MemoryDrivers()
    async with open_world(tmp_path / "s.db", drivers) as world:
        await said_to_be_off(world)
    async with open_world(tmp_path / "s.db", drivers) as world:
        node = world.fleet.node("n1")
        assert (node.snapshot.power, node.confirmed) == (PowerState.OFF, PowerState.OFF)
        assert "confirmed by a person" in node.snapshot.reason
