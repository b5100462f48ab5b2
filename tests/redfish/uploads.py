"""Uploads to the library as a client of tus makes them."""

import gzip
from typing import Any

from tests.redfish.service import Answer, Service
from tests.world import until

CONTENT = b"disk".ljust(512, b".") * 2000
FILE = gzip.compress(CONTENT)
TUS = {"Tus-Resumable": "1.0.0"}


async def ended(service: Service, task: Any) -> Any:
    await until(lambda: service.jobs.get(task["Id"]).state.ended, 20)
    return await service.get(task["@odata.id"])


async def send(service: Service, task: Any, data: bytes = FILE, start: int = 0, as_: str = "admin") -> Answer:
    headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(start), **TUS}
    return await service.call("PATCH", task["Oem"]["Lightsout"]["UploadURI"], data, headers=headers, as_=as_)


async def how_far(service: Service, task: Any, as_: str = "admin") -> tuple[int, str | None, str | None]:
    answer = await service.call("HEAD", task["Oem"]["Lightsout"]["UploadURI"], headers=TUS, as_=as_)
    return answer.status, answer.headers.get("Upload-Offset"), answer.headers.get("Upload-Length")
