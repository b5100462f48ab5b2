"""What the sensors of a node read during the last hour and the last day: one resource for each, with a gap as a gap."""

from bmc.model.commands import ReadSensorHistory
from bmc.model.sensor import Sensor, SensorHistory, Series, Window
from bmc.redfish import oem
from bmc.redfish.errors import not_found
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.sensors import sensor_path
from bmc.redfish.types import collection, link, links, moment, resource

HISTORY = "/redfish/v1/Chassis/{node}/Oem/Lightsout/SensorHistory"


async def list_windows(call: Call) -> Reply:
    call.node()
    members = links([f"{call.path}/{window.value}" for window in Window])
    return Reply(collection(call.path, "LightsoutSensorHistoryCollection", "Sensor history", members))


async def get_window(call: Call) -> Reply:
    window = next((each for each in Window if each.value == call.params["window"]), None)
    if window is None:
        raise not_found(call.path)
    node = call.node()
    history = await node.do(ReadSensorHistory(window), call.caller)
    told = oem.LightsoutSensorHistory(
        Start=moment(history.start),
        IntervalSeconds=history.step,
        Sensors=[_series(node.snapshot.name, sensor, history) for sensor in node.snapshot.sensors],
    )
    name = f"The last {window.value.lower()}"
    return Reply(resource(call.path, "LightsoutSensorHistory", Id=window.value, Name=name) | {**told})


def _series(node: str, sensor: Sensor, history: SensorHistory) -> oem.SensorSeries:
    series = history.series.get(sensor.info.name, Series(()))
    told = oem.SensorSeries(
        Sensor=link(sensor_path(node, sensor)),
        Name=sensor.info.name,
        ReadingUnits=sensor.info.unit.value,
        Readings=list(series.readings),
    )
    if series.minima:
        told |= {"Minima": list(series.minima), "Maxima": list(series.maxima)}
    return told


ROUTES = (Route("GET", HISTORY, list_windows), Route("GET", f"{HISTORY}/{{window}}", get_window))
