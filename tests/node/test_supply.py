"""A supply of power that was lost and is back, and how long a node has been on."""

import asyncio
from dataclasses import replace

import pytest

from bmc.model.commands import Power, Reserve, SetCycleInterval, SetRestorePolicy
from bmc.model.errors import InvalidRequest, NotSupported
from bmc.model.events import EventKind, Severity
from bmc.model.power import PowerAction, PowerCause, PowerState, RestorePolicy
from bmc.model.sel import SystemEvent
from bmc.ports import Backend
from tests.clocks import HandClock
from tests.world import ADMIN, HASTY, OPERATOR, MemoryDrivers, MemoryServer, open_world, until

DB = "store/lightsout.db"
AC_LOST = (0x09, 0x04)


@pytest.mark.parametrize(
    ("policy", "before", "applied"),
    [
        (RestorePolicy.ALWAYS_OFF, PowerState.ON, []),
        (RestorePolicy.ALWAYS_OFF, PowerState.OFF, []),
        (RestorePolicy.LAST_STATE, PowerState.ON, [PowerAction.ON]),
        (RestorePolicy.LAST_STATE, PowerState.OFF, []),
        (RestorePolicy.ALWAYS_ON, PowerState.ON, [PowerAction.ON]),
        (RestorePolicy.ALWAYS_ON, PowerState.OFF, [PowerAction.ON]),
    ],
)
async def test_the_policy_is_carried_out_once_for_each_loss_of_power(tmp_path, policy, before, applied):
    drivers = MemoryDrivers()
    async with open_world(tmp_path / DB, drivers) as world:
        node, server = await world.add()
        await node.do(SetRestorePolicy(policy), OPERATOR)
        assert node.snapshot.restore_policy == policy
        if before is PowerState.ON:
            await node.do(Power(PowerAction.ON), ADMIN)
    server.applied.clear()
    server.lose_mains()
    async with open_world(tmp_path / DB, drivers) as world:
        await until(lambda: not world.fleet.node("n1").restore_due and server.applied == applied)
        node = world.fleet.node("n1")
        if applied:
            await until(lambda: node.snapshot.cause is PowerCause.RESTORE_POLICY)
        elif before is PowerState.ON:
            assert node.snapshot.cause is PowerCause.MAINS_LOST
        events = await world.heard(EventKind.MAINS_RESTORED)
        assert [(e.details["policy"], e.details["on"]) for e in events] == [(policy.value, bool(applied))]
    async with open_world(tmp_path / DB, drivers) as world:
        assert not world.fleet.node("n1").restore_due
        assert server.applied == applied


async def test_a_restart_of_the_service_alone_carries_out_no_policy(tmp_path):
    drivers = MemoryDrivers()
    async with open_world(tmp_path / DB, drivers) as world:
        node, server = await world.add()
        await node.do(SetRestorePolicy(RestorePolicy.ALWAYS_ON), OPERATOR)
    async with open_world(tmp_path / DB, drivers) as world:
        assert not world.fleet.node("n1").restore_due
        assert server.applied == []


async def test_a_guest_that_shut_down_while_nobody_looked_was_off_when_power_was_lost(tmp_path):
    drivers = MemoryDrivers()
    async with open_world(tmp_path / DB, drivers) as world:
        node, server = await world.add()
        await node.do(SetRestorePolicy(RestorePolicy.LAST_STATE), OPERATOR)
        await node.do(Power(PowerAction.ON), ADMIN)
    server.applied.clear()
    server.become(PowerState.OFF, PowerCause.GUEST_SHUTDOWN)
    server.lose_mains()
    async with open_world(tmp_path / DB, drivers) as world:
        await until(lambda: not world.fleet.node("n1").restore_due)
        assert server.applied == []


async def test_a_node_that_somebody_holds_stays_off_and_the_event_says_why(tmp_path):
    drivers = MemoryDrivers()
    async with open_world(tmp_path / DB, drivers) as world:
        node, server = await world.add()
        await node.do(SetRestorePolicy(RestorePolicy.ALWAYS_ON), OPERATOR)
        await node.do(Reserve("its fan is out"), OPERATOR)
    server.lose_mains()
    async with open_world(tmp_path / DB, drivers) as world:
        events = await world.heard(EventKind.MAINS_RESTORED)
        assert events[0].severity is Severity.WARNING
        assert "could not be powered on: n1 is reserved by olga: its fan is out" in events[0].message
        assert server.applied == []


async def test_nodes_come_on_one_after_another(tmp_path):
    clock = HandClock()
    drivers, patience = MemoryDrivers(clock), replace(HASTY, stagger=1.0)
    async with open_world(tmp_path / DB, drivers, patience) as world:
        for name in ("n1", "n2", "n3"):
            node, _ = await world.add(name)
            await node.do(SetRestorePolicy(RestorePolicy.ALWAYS_ON), OPERATOR)
    servers = list(drivers.servers.values())
    for server in servers:
        server.lose_mains()

    def on() -> int:
        return sum(server.state is PowerState.ON for server in servers)

    async with open_world(tmp_path / DB, drivers, patience):
        for count in (1, 2, 3):
            await until(lambda count=count: on() == count and clock.waited_for(1.0))
            await clock.advance(0.9)
            assert on() == count
            await clock.advance(0.1)


async def test_a_loss_of_power_is_told_with_its_cause_and_the_sel_has_it(tmp_path):
    drivers = MemoryDrivers()
    async with open_world(tmp_path / DB, drivers) as world:
        node, server = await world.add()
        await node.do(Power(PowerAction.ON), ADMIN)
    server.lose_mains()
    async with open_world(tmp_path / DB, drivers) as world:
        node = world.fleet.node("n1")
        event = (await world.told(EventKind.POWER_CHANGED))[-1]
        assert (event.details["cause"], event.severity) == ("mains-lost", Severity.WARNING)
        await until(lambda: any(told(entry.data) == AC_LOST for entry in node.snapshot.sel.entries))


def told(record: bytes) -> tuple[int, int]:
    """Sensor type and offset."""
    event = SystemEvent.unpack(record)
    return event.sensor_type, event.data[0] & 0x0F


class VendorBmc(MemoryServer):
    def backend(self) -> Backend:
        return replace(super().backend(), mains=None)


async def test_what_decides_by_itself_takes_no_policy(world):
    world.drivers.servers["n1"] = VendorBmc()
    node, _ = await world.add()
    assert node.snapshot.restore_policy is None
    with pytest.raises(NotSupported, match="not for Lightsout to decide"):
        await node.do(SetRestorePolicy(RestorePolicy.ALWAYS_ON), OPERATOR)


async def test_how_long_it_has_been_on_is_kept(tmp_path):
    clock = HandClock()
    drivers = MemoryDrivers(clock)
    async with open_world(tmp_path / DB, drivers) as world:
        node, _ = await world.add()
        for _ in range(2):
            await node.do(Power(PowerAction.ON), ADMIN)
            await clock.advance(3600)
            await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
            await clock.advance(500)
        assert node.snapshot.seconds_on == 7200
    async with open_world(tmp_path / DB, drivers) as world:
        assert world.fleet.node("n1").snapshot.seconds_on == 7200


async def test_a_cycle_stays_off_for_as_long_as_was_set(tmp_path):
    clock = HandClock()
    async with open_world(tmp_path / DB, MemoryDrivers(clock)) as world:
        node, server = await world.add()
        with pytest.raises(InvalidRequest):
            await node.do(SetCycleInterval(256), ADMIN)
        await node.do(SetCycleInterval(7), ADMIN)
        await node.do(Power(PowerAction.ON), ADMIN)
        task = asyncio.create_task(node.do(Power(PowerAction.POWER_CYCLE), ADMIN))
        await until(lambda: server.applied[-1] is PowerAction.FORCE_OFF and clock.waited_for(7))
        await clock.advance(6.9)
        assert not task.done()
        await clock.advance(0.1)
        assert await task is PowerState.ON


async def test_a_switch_that_cycles_by_itself_takes_no_interval(world):
    world.drivers.servers["n1"] = MemoryServer()
    world.drivers.servers["n1"].actions = MemoryServer.actions | {PowerAction.POWER_CYCLE}
    node, _ = await world.add()
    with pytest.raises(NotSupported, match="for its switch to say"):
        await node.do(SetCycleInterval(7), ADMIN)
