"""Sensors of a node, below its Chassis: readings, and thresholds that an operator sets."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from bmc.model.commands import SetSensor
from bmc.model.errors import NotFound
from bmc.model.power import Health
from bmc.model.sensor import CAUTIONS, Sensor, SensorSetting, Threshold, Unit
from bmc.redfish.body import Body
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

READING_TYPES = {
    Unit.PERCENT: "Percent",
    Unit.CELSIUS: "Temperature",
    Unit.RPM: "Rotational",
    Unit.VOLTS: "Voltage",
    Unit.AMPERES: "Current",
    Unit.WATTS: "Power",
}
"""Units that have a name among ReadingType; amounts and rates of data have none."""
CROSSED = "Lightsout.1.0.SensorCrossed"


class ThresholdChange(Body):
    """`reading` null takes the threshold back."""

    reading: float | None
    hysteresis_reading: float | None = None


class ThresholdsChange(Body):
    """Null takes a threshold back."""

    lower_caution: ThresholdChange | None = None
    lower_critical: ThresholdChange | None = None
    lower_fatal: ThresholdChange | None = None
    upper_caution: ThresholdChange | None = None
    upper_critical: ThresholdChange | None = None
    upper_fatal: ThresholdChange | None = None


class SensorChange(Body):
    thresholds: ThresholdsChange


def sensors_path(node: str) -> str:
    return f"/redfish/v1/Chassis/{node}/Sensors"


async def list_sensors(call: Call) -> Reply:
    snapshot = call.node().snapshot
    path = sensors_path(snapshot.name)
    members = links([sensor_path(snapshot.name, sensor) for sensor in snapshot.sensors])
    return Reply(collection(path, "SensorCollection", "Sensors", members))


async def get_sensor(call: Call) -> Reply:
    return _reply(call, _find(call))


async def change_sensor(call: Call) -> Reply:
    sensor = _find(call)
    change = call.body(SensorChange, readable=_reply(call, sensor).body)
    await call.node().do(SetSensor(sensor.info.name, _setting(sensor.setting, change.thresholds)), call.caller)
    return _reply(call, _find(call))


def _setting(setting: SensorSetting, wanted: ThresholdsChange) -> SensorSetting:
    """There is one hysteresis for the upper thresholds and one for the lower: what is said of one holds for all.

    Redfish writes how far the reading has to move: an upper threshold's is negative.
    """
    limits = dict(setting.thresholds)
    hysteresis = list(setting.hysteresis)
    for threshold in Threshold:
        if (name := threshold.name.lower()) not in wanted.model_fields_set:
            continue
        change: ThresholdChange | None = getattr(wanted, name)
        if change is None or change.reading is None:
            limits.pop(threshold, None)
        else:
            limits[threshold] = change.reading
        if change is not None and change.hysteresis_reading is not None:
            hysteresis[not threshold.upper] = change.hysteresis_reading * (-1 if threshold.upper else 1)
    return replace(setting, thresholds=limits, hysteresis=(hysteresis[0], hysteresis[1]))


def _reply(call: Call, sensor: Sensor) -> Reply:
    name, info = call.node().snapshot.name, sensor.info
    thresholds = {threshold.value: _threshold(sensor, threshold) for threshold in Threshold}
    body = resource(
        sensor_path(name, sensor),
        "Sensor",
        Id=_id(sensor),
        Name=info.name,
        Reading=sensor.reading,
        ReadingUnits=info.unit.value,
        ReadingRangeMin=info.minimum,
        ReadingRangeMax=info.maximum,
        PhysicalContext=info.entity.value,
        Thresholds=thresholds,
        Status=sensor_status(sensor),
    )
    if info.unit in READING_TYPES:
        body["ReadingType"] = READING_TYPES[info.unit]
    if sensor.at:
        body["ReadingTime"] = moment(sensor.at)
    return Reply(body, editable=thresholds)


def _threshold(sensor: Sensor, threshold: Threshold) -> JsonObject:
    upper, lower = sensor.setting.hysteresis
    return {
        "Reading": sensor.setting.thresholds.get(threshold),
        "HysteresisReading": 0.0 - upper if threshold.upper else lower,
        "Activation": "Increasing" if threshold.upper else "Decreasing",
    }


def sensor_status(sensor: Sensor) -> JsonObject:
    if sensor.reading is None:
        return {"State": "UnavailableOffline"}
    return {"State": "Enabled", "Health": _health(sensor).value}


def sensors_health(sensors: Sequence[Sensor]) -> Health:
    """The worst of those that have a reading."""
    return max(
        (_health(sensor) for sensor in sensors if sensor.reading is not None), key=list(Health).index, default=Health.OK
    )


def sensor_conditions(node: str, sensors: Sequence[Sensor]) -> list[object]:
    """One for each that is beyond a threshold."""
    return [
        {
            "MessageId": CROSSED,
            "Message": f"{sensor.info.name} is {_beyond(sensor)}.",
            "MessageArgs": [],
            "Severity": _health(sensor).value,
            "OriginOfCondition": link(sensor_path(node, sensor)),
        }
        for sensor in sensors
        if sensor.crossed and sensor.reading is not None
    ]


def _health(sensor: Sensor) -> Health:
    if not sensor.crossed:
        return Health.OK
    return Health.WARNING if sensor.crossed <= CAUTIONS else Health.CRITICAL


def _beyond(sensor: Sensor) -> str:
    """`above its UpperCaution threshold of 40 Cel`, of all that it is beyond."""
    limits, unit = sensor.setting.thresholds, sensor.info.unit.value
    return ", ".join(
        f"{'above' if each.upper else 'below'} its {each.value} threshold of {limits[each]:g} {unit}"
        for each in Threshold
        if each in sensor.crossed
    )


def _find(call: Call) -> Sensor:
    wanted = call.params["sensor"]
    for sensor in call.node().snapshot.sensors:
        if _id(sensor) == wanted:
            return sensor
    raise NotFound(f"{call.params['node']} has no sensor {wanted!r}")


def _id(sensor: Sensor) -> str:
    return sensor.info.name.replace(" ", "")


def sensor_path(node: str, sensor: Sensor) -> str:
    return f"{sensors_path(node)}/{quote(_id(sensor), safe='')}"


ROUTES = (
    Route("GET", "/redfish/v1/Chassis/{node}/Sensors", list_sensors),
    Route("GET", "/redfish/v1/Chassis/{node}/Sensors/{sensor}", get_sensor),
    Route("PATCH", "/redfish/v1/Chassis/{node}/Sensors/{sensor}", change_sensor),
)
