"""Power as every door sees it: the table, once at most, never silent, honest in between."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.caller import SERVICE
from bmc.model.commands import ConfirmPower, EjectMedia, InsertMedia, Power, Resume, SetBootOverride
from bmc.model.errors import BackendFailed, Busy, NotSupported, OutcomeUnknown, Refused, TimedOut, WrongState
from bmc.model.events import EventKind
from bmc.model.power import Health, PowerAction, PowerCause, PowerState
from bmc.node import drives
from bmc.node.journal import Intent, Journal
from bmc.power.table import OUTCOME, Outcome
from tests.world import ADMIN, HASTY, OPERATOR, MemoryDrivers, MemoryServer, World, open_world, until

SETTLED = [(state, action) for state, action in OUTCOME if state in (PowerState.ON, PowerState.OFF)]


@pytest.mark.parametrize(("state", "action"), SETTLED, ids=lambda value: value.value)
async def test_every_settled_row_of_the_table_holds_at_the_node(
    world: World, state: PowerState, action: PowerAction
) -> None:
    node, server = await world.add()
    if state is PowerState.ON:
        await node.do(Power(PowerAction.ON), ADMIN)
    server.applied.clear()
    outcome = OUTCOME[state, action]
    if outcome is Outcome.WRONG_STATE:
        with pytest.raises(WrongState, match=action.value):
            await node.do(Power(action), ADMIN)
    else:
        await node.do(Power(action), ADMIN)
    assert bool(server.applied) == (outcome is Outcome.DO)


async def test_a_cycle_is_off_and_on_again(world: World) -> None:
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    assert await node.do(Power(PowerAction.POWER_CYCLE), ADMIN) is PowerState.ON
    assert server.applied == [PowerAction.ON, PowerAction.FORCE_OFF, PowerAction.ON]
    told = [event.details["to"] for event in await world.told(EventKind.POWER_CHANGED)]
    assert told == ["On", "Off", "On"]


async def test_a_second_request_for_the_same_is_joined_and_another_is_busy(world: World) -> None:
    node, server = await world.add()
    server.gate.clear()
    first = asyncio.create_task(node.do(Power(PowerAction.ON), ADMIN))
    await until(lambda: node.snapshot.power is PowerState.POWERING_ON)
    second = asyncio.create_task(node.do(Power(PowerAction.ON), OPERATOR))
    with pytest.raises(Busy, match="On asked by admin is under way on n1 since"):
        await node.do(Power(PowerAction.FORCE_RESTART), OPERATOR)
    server.gate.set()
    assert await first is await second is PowerState.ON
    assert server.applied == [PowerAction.ON]


async def test_a_boot_override_set_while_the_node_goes_on_is_stored_at_once_and_applied_afterwards(
    world: World,
) -> None:
    """A door calls it accepted after 0.3 s: then a service that dies must not lose it."""
    node, server = await world.add()
    server.gate.clear()
    going_on = asyncio.create_task(node.do(Power(PowerAction.ON), ADMIN))
    await until(lambda: node.snapshot.power is PowerState.POWERING_ON)
    pxe, none = BootOverride(BootTarget.PXE, BootEnabled.ONCE), BootOverride()
    setting = asyncio.create_task(node.do(SetBootOverride(pxe), OPERATOR))
    await until(lambda: node.snapshot.boot == pxe)
    stored = await world.store.get("node-state", "n1")
    assert stored is not None
    assert stored.value["boot"] == pxe.to_json()
    again = asyncio.create_task(node.do(SetBootOverride(none), OPERATOR))
    await until(lambda: node.snapshot.boot == none)
    server.gate.set()
    await asyncio.gather(going_on, setting, again)
    assert (node.snapshot.boot, server.override) == (none, none)


async def test_force_off_wins_over_a_pending_shutdown_which_ends_as_superseded(world: World) -> None:
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    server.obeys_acpi = False
    assert await node.do(Power(PowerAction.GRACEFUL_SHUTDOWN), ADMIN) is PowerState.POWERING_OFF
    assert node.snapshot.power is PowerState.POWERING_OFF
    with pytest.raises(Busy):
        await node.do(Power(PowerAction.ON), OPERATOR)
    assert await node.do(Power(PowerAction.FORCE_OFF), OPERATOR) is PowerState.OFF
    assert "superseded by ForceOff" in (await world.told(EventKind.POWER_ACTION))[-2].message


async def test_a_guest_that_ignores_acpi_stays_on_and_nothing_is_forced(world: World) -> None:
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    server.obeys_acpi = False
    await node.do(Power(PowerAction.GRACEFUL_RESTART), ADMIN)
    await until(lambda: node.snapshot.power is PowerState.ON)
    assert server.applied[-1] is PowerAction.GRACEFUL_SHUTDOWN
    async with asyncio.timeout(10):
        told = ""
        while "nothing was forced" not in told:
            told = (await world.told(EventKind.POWER_ACTION))[-1].message
    assert PowerAction.FORCE_OFF not in server.applied


async def test_a_graceful_restart_is_a_shutdown_and_then_on(world: World) -> None:
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    await node.do(Power(PowerAction.GRACEFUL_RESTART), ADMIN)
    await until(lambda: server.applied[-1] is PowerAction.ON and node.snapshot.power is PowerState.ON)
    assert server.applied == [PowerAction.ON, PowerAction.GRACEFUL_SHUTDOWN, PowerAction.ON]


async def test_a_guest_that_goes_off_by_itself_is_shown_and_told_with_its_cause(world: World) -> None:
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    server.become(PowerState.OFF, PowerCause.GUEST_SHUTDOWN)
    await until(lambda: node.snapshot.power is PowerState.OFF)
    assert node.snapshot.cause is PowerCause.GUEST_SHUTDOWN
    assert (await world.heard(EventKind.POWER_CHANGED, 2))[-1].details["cause"] == "guest-shutdown"


async def test_a_paused_guest_is_on_and_critical_with_the_reason_and_can_be_resumed(world: World) -> None:
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    server.become(PowerState.ON, PowerCause.DISK_ERROR, health=Health.CRITICAL, reason="the disk is full")
    await until(lambda: node.snapshot.paused)
    assert (node.snapshot.power, node.snapshot.health) == (PowerState.ON, Health.CRITICAL)
    assert node.snapshot.reason == "the disk is full"
    await node.do(Resume(), OPERATOR)
    assert not node.snapshot.paused
    kinds = [event.kind for event in await world.events.history("n1")]
    assert kinds.count(EventKind.NODE_PAUSED) == kinds.count(EventKind.NODE_RESUMED) == 1
    assert node.snapshot.health is Health.OK


async def test_an_unknown_state_refuses_actions_until_a_person_confirms_it(world: World) -> None:
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    server.blind = True
    with pytest.raises(Refused, match="the cable is out"):
        await node.do(Power(PowerAction.FORCE_RESTART), ADMIN)

    def shown() -> PowerState:
        return node.snapshot.power

    assert shown() is PowerState.UNKNOWN
    await node.do(ConfirmPower(PowerState.OFF), OPERATOR)
    assert shown() is PowerState.OFF
    server.blind = False
    server.readings.put_nowait(server.last)
    await until(lambda: shown() is PowerState.ON)
    with pytest.raises(WrongState, match="known to be On"):
        await node.do(ConfirmPower(PowerState.OFF), OPERATOR)


async def test_an_effect_that_does_not_show_is_said(world: World) -> None:
    node, server = await world.add()
    server.deaf = True
    with pytest.raises(TimedOut, match="still reads Off"):
        await node.do(Power(PowerAction.ON), ADMIN)
    assert node.snapshot.power is PowerState.OFF
    assert "failed" in (await world.told(EventKind.POWER_ACTION))[-1].message


async def test_a_process_that_dies_at_once_fails_with_its_last_words(world: World) -> None:
    node, server = await world.add()
    server.deaf = True
    task = asyncio.create_task(node.do(Power(PowerAction.ON), ADMIN))
    await until(lambda: server.applied)
    server.become(PowerState.OFF, PowerCause.PROCESS_DIED, reason="no firmware")
    with pytest.raises(BackendFailed, match="no firmware"):
        await task


async def test_an_action_goes_on_when_its_asker_leaves(world: World) -> None:
    node, server = await world.add()
    server.gate.clear()
    task = asyncio.create_task(node.do(Power(PowerAction.ON), ADMIN))
    await until(lambda: node.snapshot.power is PowerState.POWERING_ON)
    task.cancel()
    server.gate.set()
    await until(lambda: node.snapshot.power is PowerState.ON)


async def test_what_the_node_cannot_do_is_named_with_what_it_can(world: World) -> None:
    world.drivers.servers["n1"] = MemoryServer()
    world.drivers.servers["n1"].actions = frozenset({PowerAction.ON})
    await world.add()
    with pytest.raises(NotSupported, match="it can do On"):
        await world.fleet.node("n1").do(Power(PowerAction.NMI), ADMIN)


async def test_a_once_override_is_spent_by_the_next_boot_and_a_continuous_one_stays(world: World) -> None:
    node, server = await world.add()
    once = BootOverride(BootTarget.PXE, BootEnabled.ONCE)
    await node.do(SetBootOverride(once), OPERATOR)
    assert (node.snapshot.boot, server.override) == (once, once)
    await node.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: node.snapshot.boot == BootOverride())
    always = BootOverride(BootTarget.CD, BootEnabled.CONTINUOUS)
    await node.do(SetBootOverride(always), OPERATOR)
    await node.do(Power(PowerAction.FORCE_RESTART), ADMIN)
    await asyncio.sleep(0.05)
    assert node.snapshot.boot == always


@pytest.mark.parametrize(
    ("intent", "before", "applied", "message"),
    [
        (PowerAction.ON, PowerState.OFF, [PowerAction.ON], None),
        (PowerAction.ON, PowerState.ON, [], None),
        (PowerAction.FORCE_OFF, PowerState.ON, [PowerAction.FORCE_OFF], None),
        (PowerAction.POWER_CYCLE, PowerState.OFF, [], "PowerCycle of n1, asked by admin, was cut off"),
        (PowerAction.FORCE_RESTART, PowerState.ON, [], "ForceRestart of n1, asked by admin, was cut off"),
        (PowerAction.GRACEFUL_RESTART, PowerState.OFF, [PowerAction.ON], None),
        (PowerAction.GRACEFUL_SHUTDOWN, PowerState.OFF, [], None),
    ],
)
async def test_after_a_crash_on_and_off_are_reconciled_and_the_rest_is_told_and_never_repeated(
    tmp_path: Path, intent: PowerAction, before: PowerState, applied: list[PowerAction], message: str | None
) -> None:
    drivers = MemoryDrivers()
    path = tmp_path / "store" / "lightsout.db"
    async with open_world(path, drivers) as world:
        _, server = await world.add()
        server.become(before, PowerCause.OBSERVED)
        await Journal(world.store, "n1").write(Intent(intent, "admin", 0.0))
    async with open_world(path, drivers) as world:
        await until(lambda: len(server.applied) == len(applied))
        async with asyncio.timeout(30):
            while await Journal(world.store, "n1").left() is not None:  # noqa: ASYNC110 - the store has no event
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        assert server.applied == applied
        told = [event.message for event in await world.heard(EventKind.POWER_UNKNOWN, int(message is not None))]
        assert told == [] if message is None else told[0].startswith(message)


async def test_a_restart_of_the_service_touches_no_node(tmp_path: Path) -> None:
    drivers = MemoryDrivers()
    path = tmp_path / "store" / "lightsout.db"
    async with open_world(path, drivers) as world:
        node, server = await world.add()
        await node.do(Power(PowerAction.ON), ADMIN)
        since = node.snapshot.power_since
        told = len(await world.events.history())
    server.applied.clear()
    async with open_world(path, drivers) as world:
        again = world.fleet.node("n1").snapshot
        assert (again.power, again.power_since, server.applied) == (PowerState.ON, since, [])
        assert len(await world.events.history()) == told


async def test_what_happened_while_the_service_was_away_is_told(tmp_path: Path) -> None:
    drivers = MemoryDrivers()
    path = tmp_path / "store" / "lightsout.db"
    async with open_world(path, drivers) as world:
        node, server = await world.add()
        await node.do(Power(PowerAction.ON), SERVICE)
    server.become(PowerState.OFF, PowerCause.GUEST_SHUTDOWN)
    async with open_world(path, drivers) as world:
        assert world.fleet.node("n1").snapshot.power is PowerState.OFF
        assert (await world.told(EventKind.POWER_CHANGED))[-1].details["to"] == "Off"


async def test_force_off_does_not_wait_for_an_action_that_hangs_and_is_not_taken_for_done(tmp_path) -> None:
    async with open_world(tmp_path / "lightsout.db", patience=replace(HASTY, give_way=0.1)) as world:
        node, server = await world.add()
        server.gate.clear()
        on = asyncio.create_task(node.do(Power(PowerAction.ON), ADMIN))
        await until(lambda: node.snapshot.power is PowerState.POWERING_ON)
        off = asyncio.create_task(node.do(Power(PowerAction.FORCE_OFF), OPERATOR))
        with pytest.raises(Busy, match="superseded by ForceOff"):
            await on
        assert not off.done()
        server.gate.set()
        assert await off is PowerState.OFF
        assert server.applied[-1] is PowerAction.FORCE_OFF
        told = [event.message for event in await world.told(EventKind.POWER_ACTION)]
        assert any("superseded by ForceOff" in message for message in told)


async def test_a_drive_that_never_answers_is_given_up_and_the_node_obeys_again(world: World, monkeypatch) -> None:
    node, server = await world.add()
    monkeypatch.setattr(drives, "CHANGED_WITHIN", 0.1)
    for name in ("insert", "eject"):
        monkeypatch.setattr(server, name, lambda *_: asyncio.Event().wait())
    for command in (InsertMedia("cd0", "debian.iso"), EjectMedia("cd0")):
        with pytest.raises(OutcomeUnknown, match="the drive of n1 did not answer within 0 s"):
            await node.do(command, ADMIN)
    assert await node.do(Power(PowerAction.ON), ADMIN) is PowerState.ON


@pytest.mark.parametrize("went_through", [False, True])
async def test_a_switch_that_never_answers_is_given_up_and_the_senses_tell_the_truth(tmp_path, went_through) -> None:
    async with open_world(tmp_path / "lightsout.db", patience=replace(HASTY, hand_over=0.1)) as world:
        node, server = await world.add()
        server.gate.clear()
        on = asyncio.create_task(node.do(Power(PowerAction.ON), ADMIN))
        await until(lambda: node.snapshot.power is PowerState.POWERING_ON)
        if went_through:
            server.become(PowerState.ON, PowerCause.COMMAND)
        with pytest.raises(OutcomeUnknown, match="On was handed to n1, which did not take it within 0 s"):
            await on
        assert node.snapshot.power is (PowerState.ON if went_through else PowerState.OFF)
        (failure,) = [event for event in await world.told(EventKind.POWER_ACTION) if "failed" in event.message]
        assert "it may have been carried out" in failure.message
        server.gate.set()
        assert await node.do(Power(PowerAction.ON), ADMIN) is PowerState.ON
        assert await node.do(Power(PowerAction.FORCE_OFF), ADMIN) is PowerState.OFF
