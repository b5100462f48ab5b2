"""OEM: the catalogue of images that Reinstall can put on a node. An image that is added is a Task."""

import asyncio
from typing import Any
from urllib.parse import quote

from pydantic import Field

from bmc.events import Target
from bmc.images.catalogue import NAME, Image, Kernel, Proof, SeedKind
from bmc.images.encodings import Format
from bmc.images.uses import installed_on, written_by
from bmc.model.boot import BootMode
from bmc.model.caller import Role
from bmc.redfish.body import Body
from bmc.redfish.library import NewFile, begin, seen
from bmc.redfish.oem import LightsoutImage
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.service_root import IMAGES
from bmc.redfish.types import JsonObject, collection, links, moment, resource
from bmc.reinstall.cloud_init import USER_DATA_BYTES_MAX
from bmc.reinstall.seed import TAKEN

IMAGE = f"{IMAGES}/{{image}}"
PARAMETERS = {
    "hostname": "Hostname",
    "ssh_keys": "SSHKeys",
    "password": "Password",
    "user": "User",
    "network": "Network",
    "user_data": "UserData",
}
"""Settings of a seed, as Reinstall's parameters are called."""


class About(Body):
    """What is said of an image, and may be said anew."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=2000)
    kernel_family: Kernel | None = None
    firmware: tuple[BootMode, ...] | None = Field(default=None, min_length=1, max_length=2)
    seed: SeedKind | None = None
    proofs: tuple[Proof, ...] | None = Field(default=None, max_length=8)

    def fields(self) -> dict[str, Any]:
        """As an Image has them, of what was given."""
        names = {"name": "title", "kernel_family": "kernel"}
        return {names.get(each, each): getattr(self, each) for each in About.model_fields if each in self.given()}

    def given(self) -> set[str]:
        return {each for each in self.model_fields_set if getattr(self, each) is not None}


class NewImage(About, NewFile):
    id: str = Field(pattern=NAME)
    file: str | None = Field(default=None, min_length=1, max_length=255)
    format: Format | None = None


async def list_images(call: Call) -> Reply:
    paths = [_path(image.name) for image in await asyncio.to_thread(call.house.catalogue.list)]
    return Reply(collection(IMAGES, "LightsoutImageCollection", "Images", links(paths)))


async def get_image(call: Call) -> Reply:
    return Reply(_body(call, await asyncio.to_thread(call.house.catalogue.get, call.params["image"])))


async def add_image(call: Call) -> Reply:
    wanted = call.body(NewImage)
    about = {name: _plain(value) for name, value in wanted.fields().items()}
    return await begin(call, wanted, {"image": wanted.id, "format": wanted.format, "file": wanted.file, **about})


async def change_image(call: Call) -> Reply:
    name = call.params["image"]
    image = await asyncio.to_thread(call.house.catalogue.get, name)
    fields = call.body(About, readable=_body(call, image)).fields()
    for each in ("firmware", "proofs"):
        if each in fields:
            fields[each] = frozenset(fields[each])
    image = await call.house.library.change(name, fields, call.caller)
    await _audit(call, "change-image", name)
    return Reply(_body(call, image))


async def delete_image(call: Call) -> Reply:
    name = call.params["image"]
    await call.house.library.remove("image", name, call.caller, seen(call), call.house.jobs.under_way)
    await _audit(call, "delete-image", name)
    return Reply(status=204)


async def _audit(call: Call, action: str, name: str) -> None:
    await call.house.audit.record(call.caller, action, name, "ok", kind=Target.IMAGE)


def _path(name: str) -> str:
    return f"{IMAGES}/{quote(name, safe='')}"


def _plain(value: Any) -> object:
    """As JSON has it."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, BootMode) else value


def _body(call: Call, image: Image) -> JsonObject:
    nodes = seen(call)
    return resource(
        _path(image.name),
        "LightsoutImage",
        Id=image.name,
        Name=image.title,
        **({"Description": image.description} if image.description else {}),
        **LightsoutImage(
            SizeBytes=image.size,
            SHA256=image.sha256,
            FileSHA256=image.file_sha256 or None,
            Encoding=image.encoding,
            KernelFamily=image.kernel,
            Firmware=sorted(mode.value for mode in image.firmware),
            Seed=image.seed,
            Proofs=sorted(image.proofs),
            Settings=[PARAMETERS[setting] for setting in TAKEN[image.seed]],
            UserDataBytesMax=USER_DATA_BYTES_MAX if "user_data" in TAKEN[image.seed] else None,
            BuiltIn=not call.house.library.images.is_own(image.name),
            Added=moment(image.added) if image.added else None,
            Account=image.account or None,
            UsedBy=installed_on(image.name, nodes),
            WrittenTo=sorted(job.node for job in written_by(image.name, call.house.jobs.list(call.caller))),
        ),
    )


ROUTES = (
    Route("GET", IMAGES, list_images),
    Route("POST", IMAGES, add_image),
    Route("GET", IMAGE, get_image),
    Route("PATCH", IMAGE, change_image, Role.ADMINISTRATOR),
    Route("DELETE", IMAGE, delete_image, Role.ADMINISTRATOR),
)
