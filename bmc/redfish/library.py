"""OEM: what is added to the library is added by a Task, and uploaded where the Task says, by tus 1.0."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp import web
from pydantic import Field

from bmc.images.library import KIND
from bmc.model.caller import Role
from bmc.model.errors import InvalidRequest, Unreachable
from bmc.model.node import NodeSnapshot
from bmc.model.url import shown
from bmc.redfish.body import Body
from bmc.redfish.errors import RedfishError, fail, named
from bmc.redfish.messages import message
from bmc.redfish.negotiation import OFFSET_OCTETS
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.tasks import POLL_AFTER, UPLOADS, monitor_path, task_body

UPLOAD = f"{UPLOADS}/{{job}}"
CHUNK = 256 * 1024
VERSION = {"Tus-Resumable": "1.0.0"}
MOST_BYTES = 1 << 50
NAMES = {"sha256": "FileSHA256", "size": "FileSizeBytes", "file": "File", "format": "Format", "proofs": "Proofs"}


class NewFile(Body):
    """Without a source it is uploaded, and then FileSizeBytes says how much. FileSHA256 is of the file as it comes."""

    url: str | None = Field(default=None, alias="URL", min_length=1, max_length=4000)
    file_sha256: str | None = Field(default=None, alias="FileSHA256", pattern=r"^[0-9A-Fa-f]{64}$")
    file_size_bytes: int | None = Field(default=None, gt=0, le=MOST_BYTES)

    def source(self) -> dict[str, object | None]:
        """Of the request of the job."""
        return {
            "file_sha256": self.file_sha256.lower() if self.file_sha256 else None,
            "file_size": self.file_size_bytes,
            "url": shown(self.url) if self.url else None,
        }


async def begin(call: Call, wanted: NewFile, asked: Mapping[str, object | None]) -> Reply:
    """A Task that adds what is `asked` for. :raise RedfishError: it cannot come from two places."""
    request = {name: value for name, value in {**asked, **wanted.source()}.items() if value is not None}
    sources = {"url": "URL", "file": "File", "file_size": "FileSizeBytes"}
    given = [name for key, name in sources.items() if key in request]
    if len(given) > 1:
        raise fail(400, "PropertyValueConflict", *given[:2])
    secrets = {"url": wanted.url} if wanted.url else {}
    try:
        job = await call.house.jobs.begin(KIND, request, call.caller, secrets)
    except InvalidRequest as error:
        raise named(error, NAMES) from None
    return Reply(task_body(job, call.caller), 202, {"Location": monitor_path(job.id), "Retry-After": POLL_AFTER})


def seen(call: Call) -> list[NodeSnapshot]:
    """The nodes in the caller's scope."""
    return [node.snapshot for node in call.house.fleet.visible(call.caller)]


async def how_far(call: Call) -> Reply:
    """HEAD: how much of the upload is here."""
    _check_version(call.request)
    job = call.house.jobs.get(call.params["job"], call.caller)
    offset = await call.house.library.arrived(job)
    length = str(job.request["file_size"])
    return Reply(status=204, headers={**VERSION, "Upload-Offset": str(offset), "Upload-Length": length})


async def go_on(call: Call) -> Reply:
    """PATCH: a piece of the upload. What came of it stays, whatever becomes of the connection."""
    _check_version(call.request)
    offset = call.request.headers.get("Upload-Offset", "")
    if not re.fullmatch(r"[0-9]{1,16}", offset):
        text = "Upload-Offset must be the byte that the piece begins at."
        raise fail(400, "HeaderInvalid", "Upload-Offset", text=text)
    upload = await call.house.library.upload(call.house.jobs.get(call.params["job"], call.caller))
    with call.house.closing.watch(call.identity) as over:
        taking = asyncio.ensure_future(upload.take(int(offset), _chunks(call.request)))
        ends: set[asyncio.Future[Any]] = {taking, over}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                raise Unreachable(f"the upload is cut off: {over.result()}")
        finally:
            taking.cancel()
            await asyncio.wait({taking})
    return Reply(status=204, headers={**VERSION, "Upload-Offset": str(taking.result())})


def _check_version(request: web.Request) -> None:
    """Who does not say which version is taken to speak ours."""
    version = request.headers.get("Tus-Resumable", VERSION["Tus-Resumable"])
    if version != VERSION["Tus-Resumable"]:
        text = "Uploads are taken by version 1.0.0 of the tus protocol."
        told = message("HeaderInvalid", "Tus-Resumable", text=text)
        raise RedfishError(412, [told], {"Tus-Version": VERSION["Tus-Resumable"]})


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.content.iter_chunked(CHUNK):
            yield chunk
    except (OSError, asyncio.IncompleteReadError, web.HTTPException) as error:
        raise Unreachable("the upload broke off") from error


ROUTES = (
    Route("GET", UPLOAD, how_far, Role.ADMINISTRATOR),
    Route("PATCH", UPLOAD, go_on, Role.ADMINISTRATOR, takes=OFFSET_OCTETS),
)
