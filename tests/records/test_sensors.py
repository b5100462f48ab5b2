"""Sensors of a node: read while it is on, compared with thresholds that outlive the service, told once a crossing."""

from dataclasses import replace
from pathlib import Path

import pytest

from bmc.model.commands import Power, SetSensor
from bmc.model.errors import InvalidRequest, NotFound
from bmc.model.events import EventKind, Severity
from bmc.model.power import PowerAction
from bmc.model.sel import SystemEvent
from bmc.model.sensor import SensorSetting, Threshold
from bmc.node import Node
from tests.world import ADMIN, VIEWER, MemoryDrivers, World, open_world, until

UPPER, LOWER = Threshold.UPPER_CRITICAL, Threshold.LOWER_CAUTION


def reading(node: Node, name: str = "CPU Load") -> float | None:
    return next(sensor.reading for sensor in node.snapshot.sensors if sensor.info.name == name)


async def test_sensors_are_read_while_the_node_is_on(world: World):
    node, server = await world.add()
    assert reading(node) is None
    await node.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: reading(node) == 12.0)
    server.meters.readings["CPU Load"] = 55.0
    await until(lambda: reading(node) == 55.0)
    await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
    await until(lambda: reading(node) is None)


async def test_a_crossing_is_told_once_and_is_over_only_beyond_the_hysteresis(world: World):
    node, server = await world.add()
    await node.do(SetSensor("CPU Load", SensorSetting({UPPER: 80}, hysteresis=(5, 5))), ADMIN)
    await node.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: reading(node) == 12.0)
    for value in (80.0, 90.0, 76.0, 74.0):
        server.meters.readings["CPU Load"] = value
        await until(lambda value=value: reading(node) == value)
    await until(lambda: len(node.snapshot.sel.entries) == 3)
    told = await world.told(EventKind.SENSOR_CROSSED)
    assert [(event.severity, event.details["begins"]) for event in told] == [
        (Severity.CRITICAL, True),
        (Severity.OK, False),
    ]
    assert told[0].message == "CPU Load of n1 reads 80 %, above its UpperCritical threshold of 80 %"
    record = SystemEvent.unpack(node.snapshot.sel.entries[1].data)
    assert (record.sensor, record.event_type, record.data[0], record.asserted) == (0x10, 0x01, 0x59, True)


async def test_a_threshold_set_below_the_reading_is_crossed_at_the_next_look(world: World):
    node, _ = await world.add()
    await node.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: reading(node) == 12.0)
    await node.do(SetSensor("CPU Load", SensorSetting({LOWER: 20})), ADMIN)
    await until(lambda: node.snapshot.sensors[0].crossed == {LOWER})


async def test_a_sensor_whose_events_are_off_tells_nothing(world: World):
    node, server = await world.add()
    await node.do(SetSensor("CPU Load", SensorSetting({UPPER: 80}, events=False)), ADMIN)
    await node.do(Power(PowerAction.ON), ADMIN)
    server.meters.readings["CPU Load"] = 99.0
    await until(lambda: node.snapshot.sensors[0].crossed == {UPPER})
    assert await world.told(EventKind.SENSOR_CROSSED) == []


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        (SensorSetting({UPPER: 120}), "UpperCritical of CPU Load is 120; expected 0 to 100"),
        (SensorSetting({LOWER: 50, UPPER: 40}), "LowerCaution of CPU Load is 50, above its UpperCritical of 40"),
        (SensorSetting(hysteresis=(-1, 0)), "hysteresis of CPU Load is negative"),
    ],
)
async def test_a_setting_that_makes_no_sense_is_refused(world: World, setting: SensorSetting, problem: str):
    node, _ = await world.add()
    with pytest.raises(InvalidRequest, match=problem):
        await node.do(SetSensor("CPU Load", setting), ADMIN)
    with pytest.raises(NotFound, match="no sensor"):
        await node.do(SetSensor("Fan 1", setting), ADMIN)


async def test_settings_outlive_the_service_and_end_with_the_node(tmp_path: Path):
    drivers, path = MemoryDrivers(), tmp_path / "store.db"
    setting = SensorSetting({UPPER: 80}, (2, 0), True, frozenset({UPPER}), frozenset())
    async with open_world(path, drivers) as world:
        node, _ = await world.add()
        await node.do(SetSensor("CPU Load", setting), ADMIN)
    async with open_world(path, drivers) as world:
        assert world.fleet.node("n1").snapshot.sensors[0].setting == setting
        await world.fleet.remove("n1", ADMIN)
        node, _ = await world.add()
        assert node.snapshot.sensors[0].setting == replace(SensorSetting(), thresholds={})


async def test_a_reader_may_not_set_a_threshold(world: World):
    node, _ = await world.add()
    with pytest.raises(Exception, match="Operator"):
        await node.do(SetSensor("CPU Load", SensorSetting()), VIEWER)
