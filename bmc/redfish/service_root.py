"""The service root, and the documents beside it that need no sign-in (DSP0266 §6.3, §8.4)."""

from bmc.redfish import oem
from bmc.redfish.manager_network import SERVICE_MANAGER
from bmc.redfish.query import MAX_LEVELS
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.types import METADATA, link, resource

ROOT = "/redfish/v1"
CERTIFICATES = "CertificateService"
# A row each: what hangs below the root, and the property that links it.
FAMILIES = {
    "Systems": f"{ROOT}/Systems",
    "Chassis": f"{ROOT}/Chassis",
    "Managers": f"{ROOT}/Managers",
    "Tasks": f"{ROOT}/TaskService",
    "SessionService": f"{ROOT}/SessionService",
    "AccountService": f"{ROOT}/AccountService",
    "AggregationService": f"{ROOT}/AggregationService",
    "EventService": f"{ROOT}/EventService",
    "UpdateService": f"{ROOT}/UpdateService",
    CERTIFICATES: f"{ROOT}/CertificateService",
    "Registries": f"{ROOT}/Registries",
    "JsonSchemas": f"{ROOT}/JsonSchemas",
}
FLEET_ONLY = frozenset({"AggregationService", CERTIFICATES})
"""What a node's own endpoint does not have."""
IMAGES, MEDIA = f"{ROOT}/Oem/Lightsout/Images", f"{ROOT}/Oem/Lightsout/Media"


async def versions(_: Call) -> Reply:
    return Reply({"v1": f"{ROOT}/"})


async def root(call: Call) -> Reply:
    """That of a node's own endpoint has the node's UUID."""
    queries = {
        "ExpandQuery": {"ExpandAll": True, "NoLinks": True, "Links": True, "Levels": True, "MaxLevels": MAX_LEVELS},
        "SelectQuery": True,
        "FilterQuery": True,
        "OnlyMemberQuery": True,
        "TopSkipQuery": True,
        "ExcerptQuery": False,
    }
    body = resource(
        f"{ROOT}/",
        "ServiceRoot",
        Id="RootService",
        Name="Lightsout",
        Product="Lightsout",
        Vendor="Lightsout",
        RedfishVersion="1.22.0",
        ProtocolFeaturesSupported=queries,
        Links={"Sessions": link(f"{ROOT}/SessionService/Sessions")}
        | ({} if call.house.only else {"ManagerProvidingService": link(SERVICE_MANAGER)}),
        Oem=oem.extension("LightsoutServiceRoot", oem.LightsoutServiceRoot(Images=link(IMAGES), Media=link(MEDIA))),
    )
    if call.house.only:
        body["UUID"] = str(call.house.fleet.node(call.house.only).snapshot.definition.uuid)
    return Reply(body | {name: link(path) for name, path in _families(call).items()})


async def odata(call: Call) -> Reply:
    entries = [{"name": "Service", "kind": "Singleton", "url": f"{ROOT}/"}]
    entries += [{"name": name, "kind": "Singleton", "url": path} for name, path in _families(call).items()]
    entries += [{"name": "Sessions", "kind": "Singleton", "url": f"{ROOT}/SessionService/Sessions"}]
    return Reply({"@odata.context": METADATA, "value": entries})


def _families(call: Call) -> dict[str, str]:
    """Plain HTTP has no certificate."""
    absent = FLEET_ONLY if call.house.only else frozenset() if call.house.certificate else frozenset({CERTIFICATES})
    return {name: path for name, path in FAMILIES.items() if name not in absent}


ROUTES = (
    Route("GET", "/redfish", versions, role=None),
    Route("GET", ROOT, root, role=None),
    Route("GET", f"{ROOT}/odata", odata, role=None),
)
