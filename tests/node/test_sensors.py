"""Sensors of a node: read while it is on, crossings told once, thresholds that stay."""

import asyncio
from dataclasses import replace

import pytest

from bmc.model.commands import Power, SetSensor
from bmc.model.errors import Denied, InvalidRequest, NotFound
from bmc.model.events import Event, EventKind, Severity
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.model.sel import SystemEvent
from bmc.model.sensor import SensorSetting, Threshold
from tests.world import ADMIN, OPERATOR, VIEWER, MemoryDrivers, MemorySensors, open_world, until


def sensor(node, name):
    return next(found for found in node.snapshot.sensors if found.info.name == name)


async def test_readings_come_with_power_and_go_with_it(world):
    node, server = await world.add()
    assert [found.reading for found in node.snapshot.sensors] == [None] * 4
    await node.do(Power(PowerAction.ON), OPERATOR)
    await until(lambda: sensor(node, "CPU Load").reading == 12.0)
    server.figures["CPU Load"] = 55.0
    del server.figures["Memory"]
    await until(lambda: sensor(node, "CPU Load").reading == 55.0)
    assert sensor(node, "Memory").reading is None
    await node.do(Power(PowerAction.FORCE_OFF), OPERATOR)
    await until(lambda: sensor(node, "CPU Load").reading is None)


async def test_sensors_that_its_machine_tells_of_later_are_there_and_keep_what_was_set(world, monkeypatch):
    node, _ = await world.add()
    whole = MemorySensors.sensors
    monkeypatch.setattr(MemorySensors, "sensors", lambda self: whole(self)[2:])
    await node.do(Power(PowerAction.ON), OPERATOR)
    await until(lambda: [found.info.name for found in node.snapshot.sensors] == ["Disk Read", "Inlet Temp"])
    before = node.snapshot.sensors_since
    await node.do(SetSensor("Inlet Temp", SensorSetting({Threshold.UPPER_CAUTION: 30.0})), OPERATOR)
    monkeypatch.undo()
    await until(lambda: len(node.snapshot.sensors) == 4)
    assert node.snapshot.sensors_since > before
    assert sensor(node, "Inlet Temp").setting.thresholds == {Threshold.UPPER_CAUTION: 30.0}
    await until(lambda: sensor(node, "CPU Load").reading == 12.0)


async def test_nothing_is_read_of_a_node_whose_power_is_unknown(world):
    node, server = await world.add()
    await node.do(Power(PowerAction.ON), OPERATOR)
    await until(lambda: sensor(node, "CPU Load").reading == 12.0)
    server.become(PowerState.UNKNOWN, PowerCause.OBSERVED)
    await until(lambda: node.snapshot.power is PowerState.UNKNOWN)
    await until(lambda: sensor(node, "CPU Load").reading is None)


async def test_a_crossing_is_told_once_with_its_record_and_its_end_after_the_hysteresis(world):
    node, server = await world.add()
    setting = SensorSetting({Threshold.UPPER_CAUTION: 80.0, Threshold.LOWER_CRITICAL: 2.0}, (10.0, 1.0))
    await node.do(SetSensor("CPU Load", setting), OPERATOR)
    await node.do(Power(PowerAction.ON), OPERATOR)
    for figure in (85.0, 75.0, 90.0, 69.0, 2.0):
        server.figures["CPU Load"] = figure
        await until(lambda figure=figure: sensor(node, "CPU Load").reading == figure)
    told: list[Event] = []
    async with asyncio.timeout(10):
        while len(told) < 3:
            told = [each for each in await world.told(EventKind.SENSOR_CROSSED) if each.details["sensor"] == "CPU Load"]
    assert [(event.severity, event.details["threshold"], event.details["over"]) for event in told] == [
        (Severity.WARNING, "UpperCaution", False),
        (Severity.OK, "UpperCaution", True),
        (Severity.CRITICAL, "LowerCritical", False),
    ]
    assert told[0].message == "CPU Load of n1 is 85 %: it crossed its UpperCaution threshold of 80 %"
    records = [SystemEvent.unpack(bytes.fromhex(str(event.details["record"]))) for event in told]
    assert [(found.sensor, found.asserted, found.data.hex()) for found in records] == [
        (0x10, True, "57d4c8"),
        (0x10, False, "57acc8"),
        (0x10, True, "520505"),
    ]
    await until(lambda: len([e for e in node.snapshot.sel.entries if e.data[5] & 0x7F == 1]) == 3)


async def test_events_that_were_switched_off_are_not_told(world):
    node, server = await world.add()
    setting = SensorSetting({Threshold.UPPER_CAUTION: 80.0}, assertions=frozenset())
    await node.do(SetSensor("CPU Load", setting), OPERATOR)
    await node.do(SetSensor("Inlet Temp", replace(sensor(node, "Inlet Temp").setting, events=False)), OPERATOR)
    server.figures |= {"CPU Load": 90.0, "Inlet Temp": 45.0}
    await node.do(Power(PowerAction.ON), OPERATOR)
    await until(lambda: sensor(node, "Inlet Temp").crossed == {Threshold.UPPER_CAUTION})
    assert sensor(node, "CPU Load").crossed == {Threshold.UPPER_CAUTION}
    assert await world.told(EventKind.SENSOR_CROSSED) == []


@pytest.mark.parametrize(
    ("thresholds", "hysteresis", "text"),
    [
        ({Threshold.UPPER_CAUTION: 101.0}, (0.0, 0.0), "CPU Load: UpperCaution is 101; expected 0 to 100 %"),
        ({Threshold.UPPER_CAUTION: float("nan")}, (0.0, 0.0), "CPU Load: UpperCaution is nan"),
        (
            {Threshold.UPPER_CAUTION: 90.0, Threshold.UPPER_CRITICAL: 80.0},
            (0.0, 0.0),
            "CPU Load: UpperCaution is 90; expected no more than UpperCritical, which is 80",
        ),
        ({}, (0.0, -1.0), "CPU Load: hysteresis of the lower thresholds is -1"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(world, thresholds, hysteresis, text):
    node, _ = await world.add()
    with pytest.raises(InvalidRequest) as refused:
        await node.do(SetSensor("CPU Load", SensorSetting(thresholds, hysteresis)), OPERATOR)
    assert text in str(refused.value)


async def test_only_an_operator_sets_and_only_what_is_there(world):
    node, _ = await world.add()
    with pytest.raises(Denied):
        await node.do(SetSensor("CPU Load", SensorSetting()), VIEWER)
    with pytest.raises(NotFound):
        await node.do(SetSensor("Fan 7", SensorSetting()), OPERATOR)


async def test_settings_outlive_the_service_and_go_with_the_node(tmp_path):
    path = tmp_path / "store" / "lightsout.db"
    setting = SensorSetting(
        {Threshold.UPPER_FATAL: 99.0}, (1.0, 2.0), False, frozenset({Threshold.UPPER_FATAL}), frozenset()
    )
    async with open_world(path) as world:
        node, _ = await world.add()
        since = node.snapshot.sensors_since
        await node.do(SetSensor("CPU Load", setting), OPERATOR)
    async with open_world(path) as world:
        node = world.fleet.node("n1")
        assert sensor(node, "CPU Load").setting == setting
        assert node.snapshot.sensors_since == since
        await world.fleet.remove("n1", ADMIN)
        node, _ = await world.add()
        assert sensor(node, "CPU Load").setting == SensorSetting()


async def test_a_crossing_is_told_once_over_a_restart_and_its_end_although_it_came_meanwhile(tmp_path):
    path, drivers = tmp_path / "store" / "lightsout.db", MemoryDrivers()
    setting = SensorSetting({Threshold.UPPER_CAUTION: 80.0, Threshold.UPPER_CRITICAL: 90.0}, (10.0, 0.0))

    async def told(world):
        events = await world.told(EventKind.SENSOR_CROSSED)
        return [(event.details["threshold"], event.details["over"]) for event in events]

    async with open_world(path, drivers) as world:
        node, server = await world.add()
        await node.do(SetSensor("CPU Load", setting), OPERATOR)
        await node.do(Power(PowerAction.ON), OPERATOR)
        server.figures["CPU Load"] = 95.0
        await until(lambda: len(sensor(node, "CPU Load").crossed) == 2)
        both = [("UpperCaution", False), ("UpperCritical", False)]
        assert await told(world) == both
    for figure, news in ((95.0, []), (75.0, [("UpperCritical", True)]), (20.0, [("UpperCaution", True)])):
        async with open_world(path, drivers) as world:
            node = world.fleet.node("n1")
            for reading in (figure, figure + 1):  # at the second, what the first sample tells is told
                server.figures["CPU Load"] = reading
                await until(lambda reading=reading, node=node: sensor(node, "CPU Load").reading == reading)
            both += news
            assert await told(world) == both
    async with open_world(path, drivers) as world:
        node = world.fleet.node("n1")
        server.figures["CPU Load"] = 95.0
        await until(lambda: len(sensor(node, "CPU Load").crossed) == 2)
        await node.do(Power(PowerAction.FORCE_OFF), OPERATOR)
        await until(lambda: sensor(node, "CPU Load").reading is None)
    async with open_world(path, drivers) as world:
        assert sensor(world.fleet.node("n1"), "CPU Load").crossed == frozenset()


async def test_setting_a_sensor_as_it_is_is_no_event(world):
    """FreeIPMI's commit sets each threshold of each sensor, whatever it was."""
    node, _ = await world.add()
    setting = SensorSetting({Threshold.UPPER_CAUTION: 80.0})
    for _ in range(3):
        await node.do(SetSensor("CPU Load", setting), OPERATOR)
    messages = [event.message for event in await world.told(EventKind.NODE_CHANGED)]
    assert messages.count(f"{OPERATOR.account} changed the settings of the sensor CPU Load of n1") == 1


async def test_a_source_that_fails_ends_nothing(world, caplog):
    node, server = await world.add()
    server.sensor_fault = RuntimeError("the cable is out")
    await node.do(Power(PowerAction.ON), OPERATOR)
    await until(lambda: "cannot be sampled" in caplog.text)
    server.sensor_fault = None
    await until(lambda: sensor(node, "CPU Load").reading == 12.0)
    assert caplog.text.count("cannot be sampled") == 1
