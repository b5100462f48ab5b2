"""A vendor BMC behind a Node, through the installed driver: what doors see is what they see of any node."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import pytest

from bmc.drivers import Drivers
from bmc.events import Audit, Events
from bmc.fleet import Fleet
from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.clock import SystemClock
from bmc.model.commands import InsertMedia, Power, SetBootOverride
from bmc.model.errors import InvalidRequest, NotSupported, Refused
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.node import Node
from bmc.node.power import Patience
from bmc.ports import Configured
from bmc.store import Store
from robots.testing import NobodyThere, NothingHeld, credentials
from tests.robots.conftest import Simulator
from tests.world import ADMIN, PlainMedia


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    clock = SystemClock()

    async with Store.open(tmp_path / "store" / "lightsout.db") as store:
        drivers = Drivers(tmp_path / "drivers", clock, Configured(credentials), NothingHeld(), NobodyThere())
        events, audit = Events(store, clock), Audit(store, clock)
        fleet = Fleet(store, events, audit, clock, drivers, PlainMedia(), Patience(settle=5, agree=0.1))
        await fleet.start()
        yield fleet
        await fleet.close()


def define(port: int, credential: str = "lab") -> NodeDefinition:
    options = {"host": "127.0.0.1", "port": port, "credential": credential, "poll": 1, "sol": False}
    return NodeDefinition("rack1-u7", UUID(int=7), "ipmi", options)


async def until(node: Node, what: Callable[[Node], bool]) -> None:
    async with asyncio.timeout(60):
        while not what(node):  # noqa: ASYNC110 - a snapshot is looked at, as doors do
            await asyncio.sleep(0.05)


async def test_power_goes_through_the_one_table(fleet: Fleet, simulator: Simulator):
    node = await fleet.create(define(simulator.port), ADMIN)
    assert node.snapshot.power is PowerState.OFF
    assert await node.do(Power(PowerAction.ON), ADMIN) is PowerState.ON
    assert await node.do(Power(PowerAction.ON), ADMIN) is PowerState.ON
    assert await node.do(Power(PowerAction.FORCE_RESTART), ADMIN) is PowerState.ON
    assert await node.do(Power(PowerAction.FORCE_OFF), ADMIN) is PowerState.OFF
    done = [line for line in simulator.read("log").splitlines() if "set power" in line or "set reset" in line]
    assert [line.split(" set ")[1] for line in done] == ["power 1", "reset 1", "power 0"]


async def test_what_happens_at_the_machine_shows_by_itself(fleet: Fleet, simulator: Simulator):
    node = await fleet.create(define(simulator.port), ADMIN)
    simulator.write("power", "1")
    await until(node, lambda node: node.snapshot.power is PowerState.ON)


async def test_a_once_override_is_spent_by_the_boot_it_was_for(fleet: Fleet, simulator: Simulator):
    node = await fleet.create(define(simulator.port), ADMIN)
    await node.do(SetBootOverride(BootOverride(BootTarget.PXE, BootEnabled.ONCE)), ADMIN)
    await node.do(Power(PowerAction.ON), ADMIN)
    await until(node, lambda node: node.snapshot.boot.enabled is BootEnabled.DISABLED)
    await node.do(Power(PowerAction.FORCE_RESTART), ADMIN)
    assert simulator.read("booted").split() == ["pxe", "none"]


async def test_an_unreachable_bmc_is_unknown_and_nothing_is_tried(fleet: Fleet, simulator: Simulator):
    node = await fleet.create(define(simulator.port), ADMIN)
    simulator.stop()
    await until(node, lambda node: node.snapshot.power is PowerState.UNKNOWN)
    assert "is unreachable" in node.snapshot.reason
    with pytest.raises(Refused, match="is unreachable"):
        await node.do(Power(PowerAction.ON), ADMIN)
    simulator.start()
    await until(node, lambda node: node.snapshot.power is PowerState.OFF)


async def test_what_it_does_not_have_is_not_supported(fleet: Fleet, simulator: Simulator):
    node = await fleet.create(define(simulator.port), ADMIN)
    assert not node.snapshot.has_screen
    with pytest.raises(NotSupported):
        await node.do(InsertMedia("cd0", "image.iso"), ADMIN)


async def test_a_node_with_unknown_credentials_is_not_created(fleet: Fleet):
    with pytest.raises(InvalidRequest, match="credential 'missing' is not in the configuration file"):
        await fleet.create(define(623, "missing"), ADMIN)
    assert fleet.visible(ADMIN) == []


async def test_its_sensors_and_what_it_is_show_as_soon_as_its_bmc_has_told_them(fleet: Fleet, simulator: Simulator):
    node = await fleet.create(define(simulator.port), ADMIN)
    await node.do(Power(PowerAction.ON), ADMIN)
    await until(node, lambda node: any(sensor.reading is not None for sensor in node.snapshot.sensors))
    readings = {sensor.info.name: sensor.reading for sensor in node.snapshot.sensors}
    assert readings == {"CPU Temp": 40.0, "Fan 1": 3000.0, "Fan 2": None}
    await until(node, lambda node: node.snapshot.hardware.serial == "SN0042")
    simulator.tell("sensor_set_value 0x20 0 1 90 0")
    await until(node, lambda node: bool(node.snapshot.sensors[0].crossed))
