"""The Chassis of a node: its light, its power, and the readings it has."""

import pytest

from bmc.model.commands import Power, SetSensor
from bmc.model.power import PowerAction
from bmc.model.sensor import SensorSetting, Threshold
from tests.redfish.service import Service
from tests.world import ADMIN, until

CHASSIS = "/redfish/v1/Chassis/n1"


async def test_its_power_is_that_of_the_system(service: Service) -> None:
    before = await service.get(CHASSIS)
    assert (before["PowerState"], before["Status"]["State"]) == ("Off", "StandbyOffline")
    await service.world.fleet.node("n1").do(Power(PowerAction.ON), ADMIN)
    after = await service.get(CHASSIS)
    assert (after["PowerState"], after["Status"]["State"]) == ("On", "Enabled")
    sent = await service.call(
        "PATCH", CHASSIS, {"AssetTag": "x"}, headers={"If-Match": before["@odata.etag"]}
    )  # going on by itself voids no edit
    assert sent.status == 200


async def test_its_light_is_that_of_the_system(service: Service) -> None:
    assert (await service.call("PATCH", CHASSIS, {"LocationIndicatorActive": True}, as_="vera")).status == 403
    before = await service.get(CHASSIS)
    lit = await service.call("PATCH", CHASSIS, {"LocationIndicatorActive": True}, as_="olga")
    assert (lit.status, lit.body["LocationIndicatorActive"]) == (200, True)
    assert (await service.get("/redfish/v1/Systems/n1"))["LocationIndicatorActive"] is True
    stale = {"If-Match": before["@odata.etag"]}
    assert (await service.call("PATCH", CHASSIS, {"LocationIndicatorActive": False}, headers=stale)).status == 412
    assert (await service.call("PATCH", CHASSIS, {"LocationIndicatorActive": False})).status == 200
    assert service.world.fleet.node("n1").snapshot.identify is False


async def test_both_changes_are_checked_before_either_is_made(service: Service) -> None:
    answer = await service.call("PATCH", CHASSIS, {"LocationIndicatorActive": "on", "AssetTag": 5, "PowerState": "On"})
    assert (answer.status, sorted(answer.ids)) == (
        400,
        ["PropertyNotWritable", "PropertyValueTypeError", "PropertyValueTypeError"],
    )
    assert service.world.fleet.node("n1").snapshot.identify is False


async def test_temperatures_are_shown_in_both_forms(service: Service) -> None:
    node = service.world.fleet.node("n1")
    await node.do(SetSensor("Inlet Temp", SensorSetting({Threshold.UPPER_CAUTION: 40.0})), ADMIN)
    await node.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: node.snapshot.sensors[3].reading is not None)
    chassis = await service.get(CHASSIS)
    cooling = await service.get(chassis["ThermalSubsystem"]["@odata.id"])
    metrics = await service.get(cooling["ThermalMetrics"]["@odata.id"])
    [reading] = metrics["TemperatureReadingsCelsius"]
    assert (reading["Reading"], reading["DataSourceUri"]) == (24.5, f"{CHASSIS}/Sensors/InletTemp")
    thermal = await service.get(chassis["Thermal"]["@odata.id"])
    [old] = thermal["Temperatures"]
    assert (old["Name"], old["ReadingCelsius"], old["UpperThresholdNonCritical"]) == ("Inlet Temp", 24.5, 40.0)
    assert "UpperThresholdCritical" not in old
    assert (old["MinReadingRangeTemp"], old["MaxReadingRangeTemp"], thermal["Fans"]) == (-40.0, 127.0, [])


async def test_what_nobody_measures_is_not_shown(service: Service) -> None:
    chassis = await service.get(CHASSIS)
    assert "Power" not in chassis  # no volts, no watts
    assert (await service.get(chassis["PowerSubsystem"]["@odata.id"]))["Status"]["State"] == "Enabled"
    assert (await service.call("GET", f"{CHASSIS}/Power")).status == 404


@pytest.mark.parametrize("path", ["PowerSubsystem", "ThermalSubsystem", "Thermal", "ThermalSubsystem/ThermalMetrics"])
async def test_a_node_out_of_scope_has_none_of_it(service: Service, path: str) -> None:
    await service.world.add("n2")
    assert (await service.call("GET", f"/redfish/v1/Chassis/n2/{path}")).status == 200
    assert (await service.call("GET", f"/redfish/v1/Chassis/n2/{path}", as_="tina")).status == 404
