"""The service root, and the documents beside it that need no sign-in (DSP0266 §6.3, §8.4)."""

from aiohttp import web

from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.types import COLLECTIONS, METADATA, SCHEMAS, VERSIONS, link, resource

ROOT = "/redfish/v1"
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
}
IMAGES = f"{ROOT}/Oem/Lightsout/Images"
EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"


async def versions(_: Call) -> Reply:
    return Reply({"v1": f"{ROOT}/"})


async def root(_: Call) -> Reply:
    queries = {
        "ExpandQuery": {"ExpandAll": True, "NoLinks": True, "Links": True, "Levels": True, "MaxLevels": 1},
        "SelectQuery": True,
        "FilterQuery": False,
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
        Links={"Sessions": link(f"{ROOT}/SessionService/Sessions")},
        Oem={"Lightsout": {"@odata.type": "#LightsoutServiceRoot.v1_0_0.ServiceRoot", "Images": link(IMAGES)}},
    )
    return Reply(body | {name: link(path) for name, path in FAMILIES.items()})


async def odata(_: Call) -> Reply:
    entries = [{"name": "Service", "kind": "Singleton", "url": f"{ROOT}/"}]
    entries += [{"name": name, "kind": "Singleton", "url": path} for name, path in FAMILIES.items()]
    entries += [{"name": "Sessions", "kind": "Singleton", "url": f"{ROOT}/SessionService/Sessions"}]
    return Reply({"@odata.context": METADATA, "value": entries})


async def metadata(_: Call) -> web.Response:
    """Which schemas are in use (DSP0266 §8.4.1)."""
    names = [(name, [name, f"{name}.{version}"]) for name, version in VERSIONS.items()]
    names += [(name, [name]) for name in COLLECTIONS]
    names += [("RedfishExtensions", ["RedfishExtensions.v1_0_0"])]
    references = []
    for name, namespaces in sorted(names):
        if name.startswith("Lightsout"):
            continue
        includes = "".join(f'    <edmx:Include Namespace="{namespace}"/>\n' for namespace in namespaces)
        references.append(f'  <edmx:Reference Uri="{SCHEMAS}/{name}_v1.xml">\n{includes}  </edmx:Reference>\n')
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<edmx:Edmx xmlns:edmx="{EDMX}" Version="4.0">\n'
        + "".join(references)
        + f'  <edmx:DataServices>\n    <Schema xmlns="{EDM}" Namespace="Service">\n'
        '      <EntityContainer Name="Service" Extends="ServiceRoot.'
        f'{VERSIONS["ServiceRoot"]}.ServiceContainer"/>\n    </Schema>\n  </edmx:DataServices>\n</edmx:Edmx>\n'
    )
    headers = {"OData-Version": "4.0", "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="application/xml", headers=headers)


ROUTES = (
    Route("GET", "/redfish", versions, role=None),
    Route("GET", ROOT, root, role=None),
    Route("GET", f"{ROOT}/odata", odata, role=None),
    Route("GET", METADATA, metadata, role=None),
)
