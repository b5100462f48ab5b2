"""Chassis: one a node, under the node's own name."""

from pydantic import Field

from bmc.ipmi.wire.fru import MOST, ChassisArea
from bmc.model.commands import Identify, SetAssetTag
from bmc.model.node import NodeSnapshot
from bmc.records.fru import inventory
from bmc.redfish import oem
from bmc.redfish.body import Body
from bmc.redfish.environment import environment_links
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.sensor_history import HISTORY
from bmc.redfish.sensors import sensor_conditions, sensors_health, sensors_path
from bmc.redfish.system_body import asset_tag, power_state, system_path, unit_body
from bmc.redfish.types import JsonObject, collection, link, links, resource

CHASSIS = "/redfish/v1/Chassis"


class ChassisChange(Body):
    asset_tag: str | None = Field(default=None, max_length=MOST)
    location_indicator_active: bool | None = None


async def list_chassis(call: Call) -> Reply:
    paths = [f"{CHASSIS}/{node.snapshot.name}" for node in call.house.fleet.visible(call.caller)]
    return Reply(collection(CHASSIS, "ChassisCollection", "Chassis", links(paths)))


async def get_chassis(call: Call) -> Reply:
    return _reply(call.node().snapshot)


async def change_chassis(call: Call) -> Reply:
    """The asset tag and the identify light are the node's, as in its System."""
    node = call.node()
    change = call.body(ChassisChange, readable=_reply(node.snapshot).body)
    if change.location_indicator_active is not None:
        await node.do(Identify(None if change.location_indicator_active else 0), call.caller)
    if change.asset_tag is not None:
        await node.do(SetAssetTag(change.asset_tag), call.caller)
    return _reply(node.snapshot)


def _reply(snapshot: NodeSnapshot) -> Reply:
    return Reply(_chassis_body(snapshot), editable=[asset_tag(snapshot), snapshot.identify])


def _chassis_body(snapshot: NodeSnapshot) -> JsonObject:
    path = f"{CHASSIS}/{snapshot.name}"
    chassis = inventory(snapshot.fru).chassis or ChassisArea()
    body = resource(
        path,
        "Chassis",
        Id=snapshot.name,
        Name=f"Chassis of {snapshot.name}",
        ChassisType="Other" if snapshot.definition.is_virtual else "StandAlone",
        AssetTag=asset_tag(snapshot),
        LocationIndicatorActive=snapshot.identify,
        Status=_status(snapshot),
        Sensors=link(sensors_path(snapshot.name)),
        Links={
            "ComputerSystems": [link(system_path(snapshot.name))],
            "ManagedBy": [link(f"/redfish/v1/Managers/{snapshot.name}")],
        },
        Oem=oem.extension(
            "LightsoutChassis", oem.LightsoutChassis(SensorHistory=link(HISTORY.format(node=snapshot.name)))
        ),
    )
    body |= power_state(snapshot) | environment_links(snapshot, path)
    if snapshot.hardware.disks:
        body["Drives"] = link(f"{path}/Drives")
    return body | unit_body(chassis.part_number, chassis.serial)


def _status(snapshot: NodeSnapshot) -> JsonObject:
    """It is what its sensors are."""
    on = snapshot.power.runs
    state = "Enabled" if on else "StandbyOffline"
    rollup = sensors_health(snapshot.sensors).value
    status: JsonObject = {"State": state, "Health": "OK", "HealthRollup": rollup}
    conditions = sensor_conditions(snapshot.name, snapshot.sensors)
    return status | ({"Conditions": conditions} if conditions else {})


ROUTES = (
    Route("GET", CHASSIS, list_chassis),
    Route("GET", f"{CHASSIS}/{{node}}", get_chassis),
    Route("PATCH", f"{CHASSIS}/{{node}}", change_chassis),
)
