"""OEM: the media that can be inserted into virtual drives by name. A medium that is added is a Task."""

import asyncio
from urllib.parse import quote

from pydantic import Field

from bmc.events import Target
from bmc.images.media import NAME, Medium
from bmc.images.uses import inserted_in
from bmc.model.caller import Role
from bmc.model.node import NodeSnapshot
from bmc.redfish.library import NewFile, begin, seen
from bmc.redfish.oem import LightsoutMedium
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.service_root import MEDIA
from bmc.redfish.types import JsonObject, collection, links, moment, resource

MEDIUM = f"{MEDIA}/{{medium}}"


class NewMedium(NewFile):
    id: str = Field(pattern=NAME)


async def list_media(call: Call) -> Reply:
    paths = [_path(medium.name) for medium in await asyncio.to_thread(call.house.library.media.listed)]
    return Reply(collection(MEDIA, "LightsoutMediumCollection", "Media", links(paths)))


async def get_medium(call: Call) -> Reply:
    medium = await asyncio.to_thread(call.house.library.media.get, call.params["medium"])
    return Reply(_body(medium, seen(call)))


async def add_medium(call: Call) -> Reply:
    wanted = call.body(NewMedium)
    return await begin(call, wanted, {"medium": wanted.id})


async def delete_medium(call: Call) -> Reply:
    name = call.params["medium"]
    await call.house.library.remove("medium", name, call.caller, seen(call), call.house.jobs.under_way)
    await call.house.audit.record(call.caller, "delete-medium", name, "ok", kind=Target.MEDIUM)
    return Reply(status=204)


def _path(name: str) -> str:
    return f"{MEDIA}/{quote(name, safe='')}"


def _body(medium: Medium, nodes: list[NodeSnapshot]) -> JsonObject:
    return resource(
        _path(medium.name),
        "LightsoutMedium",
        Id=medium.name,
        Name=medium.name,
        **LightsoutMedium(
            SizeBytes=medium.size,
            SHA256=medium.sha256 or None,
            Added=moment(medium.at),
            Account=medium.account or None,
            InDirectory=not medium.own,
            UsedBy=inserted_in(medium.name, nodes),
        ),
    )


ROUTES = (
    Route("GET", MEDIA, list_media),
    Route("POST", MEDIA, add_medium),
    Route("GET", MEDIUM, get_medium),
    Route("DELETE", MEDIUM, delete_medium, Role.ADMINISTRATOR),
)
