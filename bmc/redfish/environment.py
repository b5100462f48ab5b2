"""Power and cooling of a Chassis: the readings there are, and none that nobody measures.

Power and Thermal are the older form, which many clients still read; they are there for nodes that measure something of
the kind.
"""

from bmc.model.node import NodeSnapshot
from bmc.model.sensor import Entity, Sensor, Threshold, Unit
from bmc.redfish.errors import not_found
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.sensors import sensor_path, sensor_status
from bmc.redfish.types import JsonObject, link, resource

CHASSIS = "/redfish/v1/Chassis/{node}"
ENABLED = {"State": "Enabled", "Health": "OK"}
_THRESHOLDS = {
    Threshold.LOWER_CAUTION: "LowerThresholdNonCritical",
    Threshold.LOWER_CRITICAL: "LowerThresholdCritical",
    Threshold.LOWER_FATAL: "LowerThresholdFatal",
    Threshold.UPPER_CAUTION: "UpperThresholdNonCritical",
    Threshold.UPPER_CRITICAL: "UpperThresholdCritical",
    Threshold.UPPER_FATAL: "UpperThresholdFatal",
}


def environment_links(snapshot: NodeSnapshot, path: str) -> JsonObject:
    found: JsonObject = {name: link(f"{path}/{name}") for name in ("PowerSubsystem", "ThermalSubsystem")}
    if _of(snapshot, Unit.VOLTS, Unit.WATTS):
        found["Power"] = link(f"{path}/Power")
    if _of(snapshot, Unit.CELSIUS, Unit.RPM):
        found["Thermal"] = link(f"{path}/Thermal")
    return found


async def get_power_subsystem(call: Call) -> Reply:
    call.node()
    return Reply(resource(call.path, "PowerSubsystem", Id="PowerSubsystem", Name="Power", Status=ENABLED))


async def get_thermal_subsystem(call: Call) -> Reply:
    snapshot = call.node().snapshot
    body = resource(call.path, "ThermalSubsystem", Id="ThermalSubsystem", Name="Cooling", Status=ENABLED)
    if _of(snapshot, Unit.CELSIUS):
        body["ThermalMetrics"] = link(f"{call.path}/ThermalMetrics")
    return Reply(body)


async def get_thermal_metrics(call: Call) -> Reply:
    snapshot = call.node().snapshot
    readings: list[object] = [
        {
            "DataSourceUri": sensor_path(snapshot.name, sensor),
            "DeviceName": sensor.info.name,
            "PhysicalContext": sensor.info.entity.value,
            "Reading": sensor.reading,
        }
        for sensor in _of(snapshot, Unit.CELSIUS)
    ]
    if not readings:
        raise not_found(call.path)
    body = resource(call.path, "ThermalMetrics", Id="ThermalMetrics", Name="Temperatures")
    return Reply(
        body | {"TemperatureReadingsCelsius": readings, "TemperatureReadingsCelsius@odata.count": len(readings)}
    )


async def get_thermal(call: Call) -> Reply:
    snapshot = call.node().snapshot
    temperatures, fans = _of(snapshot, Unit.CELSIUS), _of(snapshot, Unit.RPM)
    if not temperatures and not fans:
        raise not_found(call.path)
    body = resource(call.path, "Thermal", Id="Thermal", Name="Temperatures and fans")
    body |= _members(
        f"{call.path}#/Temperatures", temperatures, "ReadingCelsius", "MinReadingRangeTemp", "MaxReadingRangeTemp"
    )
    return Reply(body | _members(f"{call.path}#/Fans", fans, "Reading", "MinReadingRange", "MaxReadingRange"))


async def get_power(call: Call) -> Reply:
    """PowerControl is what the whole node draws."""
    snapshot = call.node().snapshot
    volts, watts = _of(snapshot, Unit.VOLTS), _of(snapshot, Unit.WATTS)
    if not volts and not watts:
        raise not_found(call.path)
    whole = [sensor for sensor in watts if sensor.info.entity in (Entity.CHASSIS, Entity.SYSTEM_BOARD)]
    control: list[object] = [
        {
            "@odata.id": f"{call.path}#/PowerControl/{index}",
            "MemberId": str(index),
            "Name": sensor.info.name,
            "PowerConsumedWatts": sensor.reading,
            "Status": sensor_status(sensor),
        }
        for index, sensor in enumerate(whole)
    ]
    body = resource(call.path, "Power", Id="Power", Name="Voltages and power")
    body |= {"PowerControl": control, "PowerControl@odata.count": len(control)}
    return Reply(body | _members(f"{call.path}#/Voltages", volts, "ReadingVolts", "MinReadingRange", "MaxReadingRange"))


def _members(where: str, sensors: list[Sensor], reading: str, least: str, most: str) -> JsonObject:
    """The old form of these sensors, and their number."""
    members: list[object] = []
    for index, sensor in enumerate(sensors):
        info = sensor.info
        value = sensor.reading
        member: JsonObject = {
            "@odata.id": f"{where}/{index}",
            "MemberId": str(index),
            "Name": info.name,
            reading: value if value is None or info.unit is not Unit.RPM else round(value),
            "PhysicalContext": info.entity.value,
            "Status": sensor_status(sensor),
        }
        limits = {_THRESHOLDS[threshold]: limit for threshold, limit in sensor.setting.thresholds.items()}
        limits |= {least: info.minimum, most: info.maximum}
        if info.unit is Unit.RPM:
            member |= {"ReadingUnits": "RPM", **{name: round(limit) for name, limit in limits.items()}}
        else:
            member |= limits
        members.append(member)
    name = where.rpartition("/")[2]
    return {name: members, f"{name}@odata.count": len(members)}


def _of(snapshot: NodeSnapshot, *units: Unit) -> list[Sensor]:
    return [sensor for sensor in snapshot.sensors if sensor.info.unit in units]


ROUTES = (
    Route("GET", f"{CHASSIS}/PowerSubsystem", get_power_subsystem),
    Route("GET", f"{CHASSIS}/ThermalSubsystem", get_thermal_subsystem),
    Route("GET", f"{CHASSIS}/ThermalSubsystem/ThermalMetrics", get_thermal_metrics),
    Route("GET", f"{CHASSIS}/Thermal", get_thermal),
    Route("GET", f"{CHASSIS}/Power", get_power),
)
