"""VirtualMedia of a node: its System's, which its Manager links too."""

import re
from typing import Literal

from pydantic import Field

from bmc.model.commands import EjectMedia, InsertMedia
from bmc.model.node import MediaSlot
from bmc.node import Node
from bmc.redfish.body import Body, Nothing
from bmc.redfish.errors import RedfishError, not_found
from bmc.redfish.messages import message
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.system_body import SYSTEMS
from bmc.redfish.types import JsonObject, collection, links, resource

INSERT, EJECT = "VirtualMedia.InsertMedia", "VirtualMedia.EjectMedia"


class InsertBody(Body):
    """All but `image` is what clients send by habit; only the values that are true here are taken."""

    image: str = Field(min_length=1, max_length=2048)
    inserted: bool = True
    write_protected: bool = True
    transfer_protocol_type: Literal["HTTP", "HTTPS"] | None = None
    transfer_method: Literal["Stream", "Upload"] | None = None


async def list_media(call: Call) -> Reply:
    slots = call.node().snapshot.media
    if not slots:
        raise not_found(call.path)
    paths = [f"{call.path}/{slot.id}" for slot in slots]
    return Reply(collection(call.path, "VirtualMediaCollection", "Virtual media", links(paths)))


async def get_medium(call: Call) -> Reply:
    return Reply(_body(_slot(call, call.node()), call.path))


async def insert(call: Call) -> Reply:
    """Answered once the medium is in, however long it is fetched: to Ironic's sushy a 202 would be an inserted medium,
    and the server would boot an empty drive. Who wants a Task adds the medium to the library and inserts it by name.
    """
    node = call.node()
    slot = _slot(call, node)
    wanted = call.body(InsertBody, INSERT)
    problems = []
    for name, value, only in (
        ("Inserted", wanted.inserted, True),
        ("WriteProtected", wanted.write_protected, slot.write_protected),
    ):
        if value is not only:
            text = f"{name} can only be {str(only).lower()} here."
            problems.append(
                message("ActionParameterValueNotInList", value, name, INSERT, text=text, related=f"#/{name}")
            )
    if _holds_a_secret(wanted.image):
        # Checked before anybody sees it: the name of a medium stands in events, in the audit and on the page.
        text = "Image must not hold a user name or password: everybody who sees the server sees its medium."
        problems.append(message("ActionParameterValueError", "Image", INSERT, text=text, related="#/Image"))
    if problems:
        raise RedfishError(400, problems)
    await node.do(InsertMedia(slot.id, wanted.image), call.caller)
    return Reply(status=204)


async def eject(call: Call) -> Reply:
    node = call.node()
    slot = _slot(call, node)
    call.body(Nothing, EJECT)
    await node.do(EjectMedia(slot.id), call.caller)
    return Reply(status=204)


def _slot(call: Call, node: Node) -> MediaSlot:
    for slot in node.snapshot.media:
        if slot.id == call.params["slot"]:
            return slot
    raise not_found(call.path)


def _holds_a_secret(image: str) -> bool:
    authority = re.split(r"[/?#]", image.partition("://")[2], maxsplit=1)[0]
    return "@" in authority


def _body(slot: MediaSlot, path: str) -> JsonObject:
    return resource(
        path,
        "VirtualMedia",
        Id=slot.id,
        Name=f"Virtual drive {slot.id}",
        MediaTypes=["CD", "DVD"],
        Image=slot.image or None,
        ImageName=slot.image.rsplit("/", 1)[-1] or None,
        Inserted=slot.inserted,
        ConnectedVia="URI" if slot.inserted else "NotConnected",
        WriteProtected=slot.write_protected,
        Status={"State": "Enabled", "Health": "OK"},
        Actions={
            f"#{INSERT}": {"target": f"{path}/Actions/{INSERT}"},
            f"#{EJECT}": {"target": f"{path}/Actions/{EJECT}"},
        },
    )


MEDIA = f"{SYSTEMS}/{{node}}/VirtualMedia"
ROUTES = (
    Route("GET", MEDIA, list_media),
    Route("GET", f"{MEDIA}/{{slot}}", get_medium),
    Route("POST", f"{MEDIA}/{{slot}}/Actions/{INSERT}", insert),
    Route("POST", f"{MEDIA}/{{slot}}/Actions/{EJECT}", eject),
)
