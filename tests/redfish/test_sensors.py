"""Sensors as Redfish clients read them and set their thresholds."""

import pytest

from bmc.model.commands import Power
from bmc.model.power import PowerAction
from bmc.model.sensor import Threshold
from tests.redfish.service import Service
from tests.world import ADMIN, until

SENSORS = "/redfish/v1/Chassis/n1/Sensors"


async def test_the_list_is_that_of_the_node_and_a_node_that_is_off_has_no_reading(service: Service) -> None:
    assert (await service.get("/redfish/v1/Chassis/n1"))["Sensors"] == {"@odata.id": SENSORS}
    members = [member["@odata.id"] for member in (await service.get(SENSORS))["Members"]]
    assert members == [f"{SENSORS}/{name}" for name in ("CPULoad", "Memory", "DiskRead", "InletTemp")]
    sensor = await service.get(members[0])
    assert (sensor["Reading"], sensor["Status"]) == (None, {"State": "UnavailableOffline"})


async def test_a_sensor_tells_reading_range_thresholds_and_health(service: Service) -> None:
    node = service.world.fleet.node("n1")
    service.drivers.servers["n1"].figures["Inlet Temp"] = 45.0
    await node.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: node.snapshot.sensors[3].reading is not None)
    sensor = await service.get(f"{SENSORS}/InletTemp", as_="vera")
    assert (sensor["Name"], sensor["Reading"], sensor["ReadingUnits"]) == ("Inlet Temp", 45.0, "Cel")
    assert (sensor["ReadingType"], sensor["PhysicalContext"]) == ("Temperature", "Chassis")
    assert (sensor["ReadingRangeMin"], sensor["ReadingRangeMax"]) == (-40.0, 127.0)
    assert sensor["Thresholds"]["UpperCritical"]["Reading"] == 50.0
    assert sensor["Thresholds"]["LowerFatal"]["Reading"] is None
    assert sensor["Status"] == {"State": "Enabled", "Health": "Warning"}


async def test_thresholds_are_set_and_taken_back(service: Service) -> None:
    wanted = {"UpperCaution": {"Reading": 35}, "UpperCritical": {"Reading": None, "HysteresisReading": -2}}
    answer = await service.call("PATCH", f"{SENSORS}/InletTemp", {"Thresholds": wanted})
    assert answer.status == 200, answer.body
    setting = service.world.fleet.node("n1").snapshot.sensors[3].setting
    assert (setting.thresholds, setting.hysteresis) == ({Threshold.UPPER_CAUTION: 35.0}, (2.0, 0.0))
    assert (await service.get(f"{SENSORS}/InletTemp"))["Thresholds"]["UpperCaution"]["HysteresisReading"] == -2.0
    assert (await service.call("PATCH", f"{SENSORS}/InletTemp", {"Thresholds": {"UpperCaution": None}})).status == 200
    assert service.world.fleet.node("n1").snapshot.sensors[3].setting.thresholds == {}


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"Thresholds": {"UpperCaution": {"Reading": 500}}}, ["GeneralError"]),
        ({"Thresholds": {"UpperCaution": {"Reading": "hot"}}}, ["PropertyValueTypeError"]),
        ({"Reading": 20}, ["PropertyMissing", "PropertyNotWritable"]),
    ],
)
async def test_what_cannot_be_is_refused(service: Service, body: object, ids: list[str]) -> None:
    answer = await service.call("PATCH", f"{SENSORS}/InletTemp", body)
    assert (answer.status, answer.ids) == (400, ids)


async def test_a_viewer_sets_nothing_and_a_sensor_that_is_not_there_is_not_found(service: Service) -> None:
    body = {"Thresholds": {"UpperCaution": {"Reading": 30}}}
    assert (await service.call("PATCH", f"{SENSORS}/InletTemp", body, as_="vera")).status == 403
    assert (await service.call("GET", f"{SENSORS}/Fan7")).status == 404


async def test_a_threshold_that_is_crossed_shows_in_the_rollup_of_system_and_chassis(service: Service) -> None:
    node, server = service.world.fleet.node("n1"), service.drivers.servers["n1"]
    await node.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: node.snapshot.sensors[3].reading is not None)
    for reading, rollup in ((24.5, "OK"), (45.0, "Warning"), (55.0, "Critical")):
        server.figures["Inlet Temp"] = reading
        await until(lambda: node.snapshot.sensors[3].reading == reading)  # noqa: B023 - called at once
        for path in ("/redfish/v1/Systems/n1", "/redfish/v1/Chassis/n1"):
            status = (await service.get(path))["Status"]
            assert (status["Health"], status["HealthRollup"]) == ("OK", rollup)
            told = [(each["Severity"], each["OriginOfCondition"]) for each in status.get("Conditions", [])]
            assert told == ([(rollup, {"@odata.id": f"{SENSORS}/InletTemp"})] if rollup != "OK" else [])
    message = (await service.get("/redfish/v1/Systems/n1"))["Status"]["Conditions"][0]["Message"]
    assert message == (
        "Inlet Temp is above its UpperCaution threshold of 40 Cel, above its UpperCritical threshold of 50 Cel."
    )
    await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
    await until(lambda: node.snapshot.sensors[3].reading is None)
    assert (await service.get("/redfish/v1/Systems/n1"))["Status"]["HealthRollup"] == "OK"


async def test_the_history_of_all_sensors_is_one_answer_for_each_window(service: Service) -> None:
    node = service.world.fleet.node("n1")
    await node.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: node.snapshot.sensors[3].reading is not None)
    where = (await service.get("/redfish/v1/Chassis/n1"))["Oem"]["Lightsout"]["SensorHistory"]["@odata.id"]
    members = [member["@odata.id"] for member in (await service.get(where))["Members"]]
    assert members == [f"{where}/Hour", f"{where}/Day"]
    hour, day = [await service.get(path, as_="vera") for path in members]
    for told, seconds, steps in ((hour, 10, 360), (day, 300, 288)):
        assert told["IntervalSeconds"] == seconds
        assert [each["Name"] for each in told["Sensors"]] == ["CPU Load", "Memory", "Disk Read", "Inlet Temp"]
        inlet = told["Sensors"][3]
        assert (inlet["Sensor"], inlet["ReadingUnits"]) == ({"@odata.id": f"{SENSORS}/InletTemp"}, "Cel")
        assert len(inlet["Readings"]) == steps
        assert set(inlet["Readings"]) == {None, 24.5}
        assert ("Minima" in inlet) is ("Maxima" in inlet) is (told is day)
    assert (await service.call("GET", f"{where}/Week")).status == 404
