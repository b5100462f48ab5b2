"""UpdateService: what software this service and its nodes run. It tells, and updates nothing: packages do that."""

from bmc.model.node import NodeSnapshot
from bmc.model.software import Software
from bmc.redfish.errors import not_found
from bmc.redfish.manager_network import SERVICE_MANAGER
from bmc.redfish.managers import firmware_version, manager_path
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.system_body import system_path
from bmc.redfish.types import collection, link, links, resource

SERVICE = "/redfish/v1/UpdateService"
FIRMWARE = f"{SERVICE}/FirmwareInventory"
OURS = "lightsout"
"""The id of the service itself, which is every node's manager."""


async def service(_: Call) -> Reply:
    body = resource(SERVICE, "UpdateService", Id="UpdateService", Name="Software", Status={"State": "Enabled"})
    return Reply(body | {"FirmwareInventory": link(FIRMWARE)})


async def list_software(call: Call) -> Reply:
    paths = [f"{FIRMWARE}/{software.id}" for software in _all(call)]
    return Reply(collection(FIRMWARE, "SoftwareInventoryCollection", "Software", links(paths)))


async def get_software(call: Call) -> Reply:
    software = next((each for each in _all(call) if each.id == call.params["software"]), None)
    if software is None:
        raise not_found(call.path)
    body = resource(call.path, "SoftwareInventory", Id=software.id, Name=software.name, Version=software.version)
    body |= {"Updateable": False, "Status": {"State": "Enabled"}}
    if related := _related(call, software):
        body |= {"RelatedItem@odata.count": len(related), "RelatedItem": links(related)}
    return Reply(body)


def _all(call: Call) -> tuple[Software, ...]:
    return (Software(OURS, "Lightsout", firmware_version()), *call.house.software)


def _related(call: Call, software: Software) -> list[str]:
    nodes = [node.snapshot for node in call.house.fleet.visible(call.caller)]
    if software.id == OURS:
        managers = [manager_path(node.name) for node in nodes]
        return managers if call.house.only else [SERVICE_MANAGER, *managers]
    return [system_path(node.name) for node in nodes if _runs_on(node, software)]


def _runs_on(node: NodeSnapshot, software: Software) -> bool:
    if not software.driver or node.definition.driver != software.driver:
        return False
    return software.firmware in (None, node.hardware.firmware)


ROUTES = (
    Route("GET", SERVICE, service),
    Route("GET", FIRMWARE, list_software),
    Route("GET", f"{FIRMWARE}/{{software}}", get_software),
)
