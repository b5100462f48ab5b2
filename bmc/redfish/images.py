"""OEM: the catalogue of images that Reinstall can put on a node. An image that is added is a Task."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from bmc.events import Target
from bmc.fetch import shown
from bmc.images.catalogue import NAME, Image, Kernel, Proof, SeedKind
from bmc.images.encodings import Format
from bmc.images.image_import import KIND
from bmc.model.boot import BootMode
from bmc.model.caller import Role
from bmc.model.errors import Unreachable
from bmc.redfish.body import Body
from bmc.redfish.errors import fail
from bmc.redfish.negotiation import OCTETS
from bmc.redfish.oem import LightsoutImage
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.service_root import IMAGES
from bmc.redfish.tasks import POLL_AFTER, UPLOADS, monitor_path, task_body
from bmc.redfish.types import JsonObject, collection, links, resource

IMAGE = f"{IMAGES}/{{image}}"
UPLOAD_CHUNK = 256 * 1024


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


class NewImage(About):
    """Without URL and File it is uploaded. FileSHA256 is the digest of the file as it comes."""

    id: str = Field(pattern=NAME)
    url: str | None = Field(default=None, alias="URL", min_length=1, max_length=4000)
    file: str | None = Field(default=None, min_length=1, max_length=255)
    format: Format | None = None
    file_sha256: str | None = Field(default=None, alias="FileSHA256", pattern=r"^[0-9A-Fa-f]{64}$")


async def list_images(call: Call) -> Reply:
    paths = [_path(image.name) for image in await asyncio.to_thread(call.house.catalogue.list)]
    return Reply(collection(IMAGES, "LightsoutImageCollection", "Images", links(paths)))


async def get_image(call: Call) -> Reply:
    return Reply(_body(call, await asyncio.to_thread(call.house.catalogue.get, call.params["image"])))


async def add_image(call: Call) -> Reply:
    wanted = call.body(NewImage)
    if wanted.url is not None and wanted.file is not None:
        raise fail(400, "PropertyValueConflict", "URL", "File")
    about = {name: _plain(value) for name, value in wanted.fields().items()}
    asked: dict[str, object | None] = {
        "image": wanted.id,
        "format": wanted.format,
        "file_sha256": wanted.file_sha256.lower() if wanted.file_sha256 else None,
        "url": shown(wanted.url) if wanted.url else None,
        "file": wanted.file,
        **about,
    }
    request = {name: value for name, value in asked.items() if value is not None}
    secrets = {"url": wanted.url} if wanted.url else {}
    job = await call.house.jobs.begin(KIND, request, call.caller, secrets)
    return Reply(task_body(job), 202, {"Location": monitor_path(job.id), "Retry-After": POLL_AFTER})


async def upload(call: Call) -> Reply:
    """204 when all of it was taken and has the digest that it should have; the task goes on."""
    job = call.house.jobs.get(call.params["job"], call.caller)
    await call.house.images.upload(job, call.caller, call.request.content_length, _chunks(call.request))
    return Reply(status=204)


async def change_image(call: Call) -> Reply:
    name = call.params["image"]
    image = await asyncio.to_thread(call.house.catalogue.get, name)
    fields = call.body(About, readable=_body(call, image)).fields()
    for each in ("firmware", "proofs"):
        if each in fields:
            fields[each] = frozenset(fields[each])
    image = await call.house.images.change(name, fields, call.caller)
    await _audit(call, "change-image", name)
    return Reply(_body(call, image))


async def delete_image(call: Call) -> Reply:
    name = call.params["image"]
    await call.house.images.remove(name, call.caller, call.house.jobs.under_way)
    await _audit(call, "delete-image", name)
    return Reply(status=204)


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.content.iter_chunked(UPLOAD_CHUNK):
            yield chunk
    except (OSError, asyncio.IncompleteReadError, web.HTTPException) as error:
        raise Unreachable("the upload broke off") from error


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
            BuiltIn=not call.house.images.store.is_own(image.name),
        ),
    )


ROUTES = (
    Route("GET", IMAGES, list_images),
    Route("POST", IMAGES, add_image),
    Route("PUT", f"{UPLOADS}/{{job}}", upload, Role.ADMINISTRATOR, takes=OCTETS),
    Route("GET", IMAGE, get_image),
    Route("PATCH", IMAGE, change_image, Role.ADMINISTRATOR),
    Route("DELETE", IMAGE, delete_image, Role.ADMINISTRATOR),
)
