"""The Manager that provides this service itself; its logs are those of the whole fleet, for who administers it."""

from bmc.model.caller import Role
from bmc.redfish import audit, logs, oem, service_actions
from bmc.redfish.manager_network import SERVICE_MANAGER
from bmc.redfish.managers import firmware_version
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.types import collection, link, links, moment, resource

SERVICES = f"{SERVICE_MANAGER}/LogServices"


async def get_manager(call: Call) -> Reply:
    body = resource(
        SERVICE_MANAGER,
        "Manager",
        Id="Lightsout",
        Name="Lightsout",
        ManagerType="Service",
        Manufacturer="Lightsout",
        Model="Lightsout",
        FirmwareVersion=firmware_version(),
        DateTime=moment(int(call.house.clock.now())),
        DateTimeLocalOffset="+00:00",
        LastResetTime=moment(call.house.started),
        Status={"State": "Enabled", "Health": "OK"},
        NetworkProtocol=link(f"{SERVICE_MANAGER}/NetworkProtocol"),
        Actions={"Oem": service_actions.offered(call)},
        Oem=oem.extension("LightsoutManager", service_actions.state(call)),
    )
    return Reply(body | ({"LogServices": link(SERVICES)} if call.caller.governs else {}))


async def list_services(call: Call) -> Reply:
    await require(call, Role.ADMINISTRATOR, "read-logs")
    paths = [f"{SERVICES}/EventLog", f"{SERVICES}/Audit"]
    return Reply(collection(SERVICES, "LogServiceCollection", "Logs", links(paths)))


ROUTES = (
    Route("GET", SERVICE_MANAGER, get_manager),
    Route("GET", SERVICES, list_services),
    *service_actions.ROUTES,
    *logs.event_log(SERVICES),
    *audit.audit_log(SERVICES),
)
