"""What a vendor BMC has: sensors and inventory, as OpenIPMI's simulator tells them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from bmc.ipmi.wire.fru import BoardArea, Fru
from bmc.ipmi.wire.scale import Linearization, Scale
from bmc.ipmi.wire.sdr import FullSensor
from bmc.model.node import Hardware
from bmc.model.sensor import Entity, SensorInfo, Threshold, Unit
from bmc.ports import Backend
from robots.ipmi_survey import hardware_of, info_of
from robots.testing import make_site, opened
from tests.robots.conftest import Simulator

Open = Callable[[], AbstractAsyncContextManager[Backend]]

THRESHOLDS = {
    Threshold.UPPER_CRITICAL: 85.0,
    Threshold.UPPER_CAUTION: 80.0,
    Threshold.LOWER_CRITICAL: 5.0,
    Threshold.LOWER_CAUTION: 10.0,
}
SENSORS = (
    SensorInfo("CPU Temp", Unit.CELSIUS, Entity.CPU, 127.0, -128.0, thresholds=THRESHOLDS),
    SensorInfo("Fan 1", Unit.RPM, Entity.FAN, 15300.0),
    SensorInfo("Fan 2", Unit.RPM, Entity.FAN, 15300.0),
)


@pytest.fixture
def open_node(simulator: Simulator, tmp_path: Path) -> Open:
    options = {"adapter": "ipmi", "host": "127.0.0.1", "port": simulator.port, "credential": "lab", "sol": False}
    return lambda: opened({"bmc": options}, make_site(tmp_path / "site"))


@pytest.fixture
async def backend(open_node: Open) -> AsyncIterator[Backend]:
    async with open_node() as backend:
        yield backend


async def surveyed(backend: Backend) -> Any:
    """The sensor source, once there is something to tell."""
    source, inventory = backend.sensors, backend.inventory
    assert source is not None
    assert inventory is not None
    async with asyncio.timeout(30):
        while not (source.sensors() and inventory.hardware().serial):  # noqa: ASYNC110 - as a node looks at it
            await asyncio.sleep(0.05)
    return source


async def test_what_measures_is_a_sensor_and_what_has_states_is_none(backend: Backend):
    source = await surveyed(backend)
    assert source.sensors() == SENSORS


async def test_readings_are_real_and_one_that_is_not_there_is_left_out(backend: Backend, simulator: Simulator):
    source = await surveyed(backend)
    assert await source.read() == {"CPU Temp": 40.0, "Fan 1": 3000.0}
    simulator.tell("sensor_set_value 0x20 0 1 0xfb 0")
    assert (await source.read())["CPU Temp"] == -5.0


async def test_the_inventory_says_who_made_the_server(backend: Backend):
    await surveyed(backend)
    assert backend.inventory is not None
    assert backend.inventory.hardware() == Hardware("Acme", "Rack Box 9", "SN0042")


async def test_what_was_read_once_is_known_while_the_bmc_is_dead(open_node: Open, simulator: Simulator):
    async with open_node() as before:
        await surveyed(before)
    simulator.stop()
    async with open_node() as after:
        assert after.sensors is not None
        assert after.sensors.sensors() == SENSORS
        assert after.inventory is not None
        assert after.inventory.hardware().model == "Rack Box 9"
        assert await after.sensors.read() == {}


async def test_a_bmc_that_nobody_asks_what_it_has_is_not_read(open_node: Open, tmp_path: Path):
    async with open_node() as backend:
        await backend.senses[0].read()
        await asyncio.sleep(0.5)
    assert not list((tmp_path / "site").rglob("sensors.json"))


async def test_a_removed_node_leaves_nothing(open_node: Open, tmp_path: Path):
    async with open_node() as backend:
        await surveyed(backend)
        assert list((tmp_path / "site").rglob("*.json"))
    await backend.lifecycle.erase()
    assert not list((tmp_path / "site").rglob("*.json"))


def sensor(**fields: Any) -> FullSensor:
    given: dict[str, Any] = {
        **{"number": 9, "entity": 7, "instance": 1, "sensor_type": 1, "events": 0, "units": 0, "unit": 1},
        **{"scale": Scale(1), "maximum": 255, "minimum": 0, "thresholds": bytes(6), "name": "T", "readable": 0},
    }
    return FullSensor(**{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"owner": 0x2C}, "another controller"),
        ({"lun": 1}, "another controller"),
        ({"unit": 17}, "unknown unit"),
        ({"units": 0x08}, "unknown unit"),
        ({"units": 0x02}, "unknown unit"),
        ({"units": 0xC0}, "no scale"),
        ({"scale": Scale(0)}, "no scale"),
    ],
)
def test_what_the_doors_could_not_show_is_no_sensor(fields, complaint):
    with pytest.raises(ValueError, match=complaint):
        info_of(sensor(**fields), ())


def test_a_falling_or_curved_scale_has_its_ends_in_order():
    assert info_of(sensor(scale=Scale(-1, 200)), ()).minimum == -55.0
    assert info_of(sensor(scale=Scale(1, linearization=Linearization.INVERSE)), ()).maximum == 1.0


def test_names_are_ascii_and_unique():
    assert info_of(sensor(name="Süd  "), ()).name == "S?d"
    assert info_of(sensor(name=""), ()).name == "Sensor 09h"
    assert info_of(sensor(name="A very long name"), {"A very long name"}).name == "A very long  09h"


def test_a_percentage_is_one_whatever_its_base():
    assert info_of(sensor(units=0x01, unit=0), ()).unit is Unit.PERCENT


def test_where_the_product_is_not_told_its_board_is():
    assert hardware_of(Fru(board=BoardArea("Acme", "B7", "S1"))) == Hardware("Acme", "B7", "S1")
    assert hardware_of(Fru()) == Hardware()
