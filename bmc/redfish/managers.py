"""Managers: one of each node, under the node's own name; the last is the service's own (`service_manager.py`)."""

from enum import Enum
from functools import cache
from importlib.metadata import version

from bmc.model.caller import Role
from bmc.redfish.body import Body
from bmc.redfish.manager_network import SERVICE_MANAGER, ethernet
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.system_body import system_path
from bmc.redfish.types import collection, link, links, moment, resource

MANAGERS = "/redfish/v1/Managers"
RESET = "Manager.Reset"


class ManagerReset(Enum):
    """The BMC is a part of this service: nothing tells one from the other."""

    FORCE_RESTART = "ForceRestart"
    GRACEFUL_RESTART = "GracefulRestart"


class ResetBody(Body):
    reset_type: ManagerReset = ManagerReset.GRACEFUL_RESTART


def manager_path(name: str) -> str:
    return f"{MANAGERS}/{name}"


@cache
def firmware_version() -> str:
    """Every Manager's: they are this service."""
    return version("lightsout")


async def list_managers(call: Call) -> Reply:
    paths = [manager_path(node.snapshot.name) for node in call.house.fleet.visible(call.caller)]
    own = [] if call.house.only else [SERVICE_MANAGER]
    return Reply(collection(MANAGERS, "ManagerCollection", "Managers", links(paths + own)))


async def get_manager(call: Call) -> Reply:
    snapshot = call.node().snapshot
    path = manager_path(snapshot.name)
    body = resource(
        path,
        "Manager",
        Id=snapshot.name,
        Name=f"Manager of {snapshot.name}",
        ManagerType="BMC",
        Manufacturer="Lightsout",
        Model="Lightsout",
        UUID=str(snapshot.definition.uuid),
        FirmwareVersion=firmware_version(),
        PowerState="On",
        DateTime=moment(int(call.house.clock.now())),
        DateTimeLocalOffset="+00:00",
        Status={"State": "Enabled", "Health": "OK"},
        NetworkProtocol=link(f"{path}/NetworkProtocol"),
        Links={
            "ManagerForServers": [link(system_path(snapshot.name))],
            "ManagerForChassis": [link(f"/redfish/v1/Chassis/{snapshot.name}")],
        },
    )
    if not call.house.only:
        body["RemoteAccountService"] = link(f"{path}/RemoteAccountService")
    if snapshot.name in call.house.endpoints:
        body["ServiceEntryPointUUID"] = body["UUID"]
        if not call.house.only:
            body["RemoteRedfishServiceUri"] = f"{call.house.endpoints[snapshot.name]}/redfish/v1/"
    if ethernet(call, snapshot.name):
        body["EthernetInterfaces"] = link(f"{path}/EthernetInterfaces")
    if call.house.ipmi.endpoint(snapshot.name) is not None:
        body["Actions"] = {
            f"#{RESET}": {
                "target": f"{path}/Actions/{RESET}",
                "ResetType@Redfish.AllowableValues": [kind.value for kind in ManagerReset],
            }
        }
    if call.caller.role is Role.ADMINISTRATOR:
        body["LogServices"] = link(f"{path}/LogServices")
    if snapshot.media:
        body["VirtualMedia"] = link(f"{system_path(snapshot.name)}/VirtualMedia")
    return Reply(body)


async def reset(call: Call) -> Reply:
    """As IPMI's cold reset: sessions and consoles of the node's IPMI door end; the node itself is untouched."""
    definition = call.node().snapshot.definition
    await require(call, Role.ADMINISTRATOR, "reset-bmc", definition.name, definition.tags)
    kind = call.body(ResetBody, RESET).reset_type
    await call.house.ipmi.restart(definition.name)
    await call.house.audit.record(call.caller, "reset-bmc", definition.name, "ok", {"type": kind.value})
    return Reply(status=204)


ROUTES = (
    Route("GET", MANAGERS, list_managers),
    Route("GET", f"{MANAGERS}/{{node}}", get_manager),
    Route("POST", f"{MANAGERS}/{{node}}/Actions/{RESET}", reset),
)
