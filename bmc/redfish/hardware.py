"""Managers and Chassis: one of each a node, under the node's own name."""

from pydantic import Field

from bmc.ipmi.wire.fru import MOST, ChassisArea
from bmc.model.commands import SetAssetTag
from bmc.model.node import NodeSnapshot
from bmc.records.fru import inventory
from bmc.redfish.body import Body
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.sensors import sensors_path
from bmc.redfish.system_body import asset_tag, is_virtual, system_path, unit_body
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

MANAGERS, CHASSIS = "/redfish/v1/Managers", "/redfish/v1/Chassis"


class ChassisChange(Body):
    asset_tag: str = Field(max_length=MOST)


async def list_managers(call: Call) -> Reply:
    return Reply(collection(MANAGERS, "ManagerCollection", "Managers", links(_paths(call, MANAGERS))))


async def get_manager(call: Call) -> Reply:
    snapshot = call.node().snapshot
    path = f"{MANAGERS}/{snapshot.name}"
    body = resource(
        path,
        "Manager",
        Id=snapshot.name,
        Name=f"Manager of {snapshot.name}",
        ManagerType="BMC",
        Model="Lightsout",
        DateTime=moment(int(call.house.clock.now())),
        DateTimeLocalOffset="+00:00",
        Status={"State": "Enabled", "Health": "OK"},
        RemoteAccountService=link(f"{path}/RemoteAccountService"),
        Links={
            "ManagerForServers": [link(system_path(snapshot.name))],
            "ManagerForChassis": [link(f"{CHASSIS}/{snapshot.name}")],
        },
    )
    if snapshot.media:
        body["VirtualMedia"] = link(f"{path}/VirtualMedia")
    return Reply(body)


async def list_chassis(call: Call) -> Reply:
    return Reply(collection(CHASSIS, "ChassisCollection", "Chassis", links(_paths(call, CHASSIS))))


async def get_chassis(call: Call) -> Reply:
    snapshot = call.node().snapshot
    return Reply(_chassis_body(snapshot), editable=asset_tag(snapshot))


async def change_chassis(call: Call) -> Reply:
    """The asset tag is the node's, as in its System."""
    node = call.node()
    change = call.body(ChassisChange, readable=_chassis_body(node.snapshot))
    await node.do(SetAssetTag(change.asset_tag), call.caller)
    return Reply(_chassis_body(node.snapshot), editable=asset_tag(node.snapshot))


def _chassis_body(snapshot: NodeSnapshot) -> JsonObject:
    chassis = inventory(snapshot.fru).chassis or ChassisArea()
    body = resource(
        f"{CHASSIS}/{snapshot.name}",
        "Chassis",
        Id=snapshot.name,
        Name=f"Chassis of {snapshot.name}",
        ChassisType="Other" if is_virtual(snapshot) else "StandAlone",
        AssetTag=asset_tag(snapshot),
        Status={"State": "Enabled", "Health": "OK"},
        Sensors=link(sensors_path(snapshot.name)),
        Links={
            "ComputerSystems": [link(system_path(snapshot.name))],
            "ManagedBy": [link(f"{MANAGERS}/{snapshot.name}")],
        },
    )
    if snapshot.hardware.disks:
        body["Drives"] = link(f"{CHASSIS}/{snapshot.name}/Drives")
    return body | unit_body(chassis.part_number, chassis.serial)


def _paths(call: Call, base: str) -> list[str]:
    return [f"{base}/{node.snapshot.name}" for node in call.house.fleet.visible(call.caller)]


ROUTES = (
    Route("GET", MANAGERS, list_managers),
    Route("GET", f"{MANAGERS}/{{node}}", get_manager),
    Route("GET", CHASSIS, list_chassis),
    Route("GET", f"{CHASSIS}/{{node}}", get_chassis),
    Route("PATCH", f"{CHASSIS}/{{node}}", change_chassis),
)
