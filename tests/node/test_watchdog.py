"""The watchdog of a node: counted down by a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.commands import Power, Release, Reserve, ResetWatchdog, SetWatchdog
from bmc.model.errors import Busy, InvalidRequest, WrongState
from bmc.model.events import EventKind
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.model.watchdog import PreTimeout, WatchdogAction, WatchdogSetting, WatchdogUse
from bmc.node import Node
from tests.clocks import HandClock
from tests.world import ADMIN, HASTY, OPERATOR, MemoryDrivers, MemoryServer, World, open_world, until

RESET = WatchdogSetting(action=WatchdogAction.HARD_RESET, countdown=10.0)
GUEST = Caller("n1", Role.OPERATOR, Scope(), Door.HOST)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "store" / "lightsout.db", MemoryDrivers(HandClock())) as opened:
        yield opened


async def watched(world: World, setting: WatchdogSetting) -> tuple[Node, MemoryServer, HandClock]:
    """A node that is on, its countdown just begun."""
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    await node.do(SetWatchdog(setting), GUEST)
    await node.do(ResetWatchdog(), GUEST)
    server.applied.clear()
    clock = world.drivers.clock
    assert isinstance(clock, HandClock)
    return node, server, clock


async def told(world: World, kind: EventKind) -> list[dict[str, object]]:
    """The details of the events of `kind`, once there is one."""
    return [dict(event.details) for event in await world.heard(kind)]


@pytest.mark.parametrize(
    ("action", "applied", "state"),
    [
        (WatchdogAction.HARD_RESET, [PowerAction.FORCE_RESTART], PowerState.ON),
        (WatchdogAction.POWER_DOWN, [PowerAction.FORCE_OFF], PowerState.OFF),
        (WatchdogAction.POWER_CYCLE, [PowerAction.FORCE_OFF, PowerAction.ON], PowerState.ON),
    ],
)
async def test_at_its_end_it_acts_on_the_node_and_is_the_cause(world, action, applied, state):
    node, server, clock = await watched(world, replace(RESET, action=action))
    await clock.advance(9.9)
    assert server.applied == []
    await clock.advance(0.1)
    expired = await told(world, EventKind.WATCHDOG_EXPIRED)
    assert expired == [{"offset": int(action), "interrupt": 0, "use": 4}]
    await until(lambda: server.applied[:1] == applied[:1])
    if action is WatchdogAction.POWER_CYCLE:
        await until(lambda: clock.waited_for(HASTY.off_time))
        await clock.advance(1)
    await until(lambda: server.applied == applied and node.snapshot.power is state)
    await until(lambda: node.snapshot.cause is PowerCause.WATCHDOG)
    watchdog = node.snapshot.watchdog
    assert watchdog.ends is None
    assert watchdog.expired == {WatchdogUse.SMS_OS}


async def test_what_it_did_is_in_the_audit(world):
    node, _, clock = await watched(world, RESET)
    await clock.advance(10)
    await until(lambda: node.snapshot.cause is PowerCause.WATCHDOG)
    async with asyncio.timeout(5):
        while (record := (await world.audit.read(limit=100))[-1]).account != "lightsout":  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert (record.account, record.action, record.target, record.outcome) == ("lightsout", "power", "n1", "done")


async def test_a_reset_by_the_watchdog_is_told_as_one(world):
    _, _, clock = await watched(world, RESET)
    await clock.advance(10)
    assert await told(world, EventKind.NODE_RESET) == [{"cause": "watchdog"}]
    assert (await world.told(EventKind.WATCHDOG_EXPIRED))[0].message == (
        "the watchdog of n1 ran out: its operating system gave no sign for 10 s; ForceRestart follows"
    )


async def test_what_is_petted_does_not_run_out_and_nothing_is_stored_or_audited(world):
    node, server, clock = await watched(world, RESET)
    audited = len(await world.audit.read(limit=100))
    kept = node._keeper.state
    for _ in range(5):
        await clock.advance(9)
        await node.do(ResetWatchdog(), GUEST)
        assert node.snapshot.watchdog.ends == clock.time + 10
    assert server.applied == []
    assert node._keeper.state is kept
    assert len(await world.audit.read(limit=100)) == audited


async def test_it_has_to_be_set_before_it_can_be_petted(world):
    node, _ = await world.add()
    assert not node.snapshot.watchdog.initialised
    with pytest.raises(WrongState, match="never set"):
        await node.do(ResetWatchdog(), OPERATOR)


async def test_setting_it_stops_it_unless_it_keeps_running(world):
    node, server, clock = await watched(world, RESET)
    await clock.advance(5)
    await node.do(SetWatchdog(replace(RESET, countdown=20.0), keeps_running=True), OPERATOR)
    assert node.snapshot.watchdog.ends == clock.time + 20
    await node.do(SetWatchdog(RESET), OPERATOR)
    assert node.snapshot.watchdog.ends is None
    await node.do(SetWatchdog(RESET, keeps_running=True), OPERATOR)
    await clock.advance(100)
    assert server.applied == []


async def test_an_expiration_flag_stays_until_it_is_cleared(world):
    node, _, clock = await watched(world, replace(RESET, action=WatchdogAction.NONE))
    await clock.advance(10)
    await until(lambda: node.snapshot.watchdog.expired)
    await node.do(SetWatchdog(RESET), OPERATOR)
    assert node.snapshot.watchdog.expired == {WatchdogUse.SMS_OS}
    await node.do(SetWatchdog(RESET, clear=frozenset({WatchdogUse.SMS_OS})), OPERATOR)
    assert node.snapshot.watchdog.expired == frozenset()


async def test_the_pre_timeout_warns_by_nmi_and_then_only_setting_it_anew_helps(world):
    node, server, clock = await watched(world, replace(RESET, pre_timeout=PreTimeout.NMI, pre_interval=3))
    await clock.advance(7)
    await until(lambda: server.applied == [PowerAction.NMI])
    assert node.snapshot.watchdog.pre_timeout
    assert (await told(world, EventKind.WATCHDOG_EXPIRED))[0] == {"offset": 8, "interrupt": 2, "use": 4}
    with pytest.raises(WrongState, match="set anew"):
        await node.do(ResetWatchdog(), GUEST)
    await clock.advance(3)
    await until(lambda: server.applied == [PowerAction.NMI, PowerAction.FORCE_RESTART])
    assert not node.snapshot.watchdog.pre_timeout


async def test_a_messaging_pre_timeout_only_sets_the_flag(world):
    node, server, clock = await watched(world, replace(RESET, pre_timeout=PreTimeout.MESSAGING, pre_interval=3))
    await clock.advance(7)
    assert node.snapshot.watchdog.pre_timeout
    await node.do(SetWatchdog(RESET), GUEST)
    assert not node.snapshot.watchdog.pre_timeout
    assert server.applied == []


async def test_a_warning_longer_than_the_countdown_is_refused(world):
    node, _ = await world.add()
    with pytest.raises(InvalidRequest, match="at most the countdown"):
        await node.do(SetWatchdog(replace(RESET, pre_timeout=PreTimeout.NMI, pre_interval=11)), OPERATOR)


async def test_an_expiry_that_is_not_to_be_logged_is_no_event_but_acts(world):
    _, server, clock = await watched(world, replace(RESET, log=False))
    await clock.advance(10)
    await until(lambda: server.applied == [PowerAction.FORCE_RESTART])
    assert await world.told(EventKind.WATCHDOG_EXPIRED) == []


async def test_a_node_that_somebody_holds_is_not_touched_and_the_event_says_why(world):
    node, server, clock = await watched(world, RESET)
    await node.do(Reserve("changing a disk"), OPERATOR)
    await node.do(ResetWatchdog(), GUEST)
    with pytest.raises(Busy):
        await node.do(ResetWatchdog(), ADMIN)
    await clock.advance(10)
    assert (await told(world, EventKind.WATCHDOG_EXPIRED))[0]["offset"] == 0
    message = (await world.told(EventKind.WATCHDOG_EXPIRED))[0].message
    assert "ForceRestart is not carried out: n1 is reserved by olga: changing a disk" in message
    assert server.applied == []
    await node.do(Release(), OPERATOR)


async def test_it_stops_when_the_node_goes_off_or_is_reset_by_something_else(world):
    node, server, clock = await watched(world, RESET)
    server.become(PowerState.ON, PowerCause.GUEST_RESET)
    await until(lambda: node.snapshot.watchdog.ends is None)
    await node.do(ResetWatchdog(), GUEST)
    await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
    await until(lambda: node.snapshot.watchdog.ends is None)
    await clock.advance(100)
    assert await world.told(EventKind.WATCHDOG_EXPIRED) == []


async def test_one_that_runs_out_on_a_node_that_is_off_says_that_it_did_nothing(world):
    node, server = await world.add()
    clock = world.drivers.clock
    await node.do(SetWatchdog(RESET), OPERATOR)
    await node.do(ResetWatchdog(), OPERATOR)
    await clock.advance(10)
    assert (await told(world, EventKind.WATCHDOG_EXPIRED))[0]["offset"] == 0
    assert "it is Off" in (await world.told(EventKind.WATCHDOG_EXPIRED))[0].message
    assert server.applied == []


async def test_after_a_restart_of_the_service_a_running_countdown_begins_anew(tmp_path):
    path, clock = tmp_path / "store" / "lightsout.db", HandClock()
    drivers = MemoryDrivers(clock)
    async with open_world(path, drivers) as world:
        _, server, _ = await watched(world, RESET)
        await clock.advance(9)
    await clock.advance(60)
    async with open_world(path, drivers) as world:
        assert world.fleet.node("n1").snapshot.watchdog.ends == clock.time + 10
        await clock.advance(9.9)
        assert server.applied == []
        await clock.advance(0.1)
        await until(lambda: server.applied == [PowerAction.FORCE_RESTART])
        await told(world, EventKind.WATCHDOG_EXPIRED)
    async with open_world(path, drivers) as world:
        watchdog = world.fleet.node("n1").snapshot.watchdog
        assert (watchdog.ends, watchdog.setting) == (None, RESET)
        assert watchdog.expired == {WatchdogUse.SMS_OS}


async def test_one_whose_node_went_off_meanwhile_does_not_begin_anew(tmp_path):
    path, drivers = tmp_path / "store" / "lightsout.db", MemoryDrivers(HandClock())
    async with open_world(path, drivers) as world:
        _, server, _ = await watched(world, RESET)
    server.become(PowerState.OFF, PowerCause.GUEST_SHUTDOWN)
    async with open_world(path, drivers) as world:
        assert world.fleet.node("n1").snapshot.watchdog.ends is None
