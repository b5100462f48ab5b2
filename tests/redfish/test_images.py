"""Images over HTTP: added, changed and deleted by who may, and nothing said by path or in vain."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest

from bmc.images.catalogue import unpack
from tests.redfish.service import Answer, Service
from tests.world import until

IMAGES = "/redfish/v1/Oem/Lightsout/Images"
CONTENT = b"disk".ljust(512, b".") * 2000
FILE = gzip.compress(CONTENT)
DIGEST = hashlib.sha256(FILE).hexdigest()
NEW = {"Id": "web", "Format": "raw.gz", "FileSHA256": DIGEST}
OCTETS = {"Content-Type": "application/octet-stream"}


async def add(service: Service, **more: object) -> Any:
    """The Task."""
    answer = await service.call("POST", IMAGES, NEW | more)
    assert answer.status == 202, answer
    assert answer.headers["Location"].startswith("/redfish/v1/TaskService/TaskMonitors/")
    return answer.body


async def ended(service: Service, task: Any) -> Any:
    await until(lambda: service.jobs.get(task["Id"]).state.ended, 20)
    return await service.get(task["@odata.id"])


async def put(service: Service, task: Any, data: bytes = FILE, as_: str = "admin") -> Answer:
    return await service.call("PUT", task["Oem"]["Lightsout"]["UploadURI"], data, headers=OCTETS, as_=as_)


async def test_an_uploaded_image_is_there_with_all_that_was_said_of_it(service: Service, tmp_path: Path) -> None:
    said = {"Name": "Web server", "Description": "Ours.", "KernelFamily": "linux", "Firmware": ["UEFI"]}
    task = await add(service, **said)
    assert task["Oem"]["Lightsout"]["Request"] == {
        "image": "web", "format": "raw.gz", "file_sha256": DIGEST,
        "title": "Web server", "description": "Ours.", "kernel": "linux", "firmware": ["UEFI"],
    }  # fmt: skip
    assert (await put(service, task)).status == 204
    task = await ended(service, task)
    assert (task["TaskState"], task["Name"]) == ("Completed", "import of image web")
    assert task["Oem"]["Lightsout"]["UploadURI"] is None
    image = await service.get(f"{IMAGES}/web")
    assert image.items() >= {**said, "SizeBytes": len(CONTENT), "FileSHA256": DIGEST, "Encoding": "gzip"}.items()
    assert (image["SHA256"], image["BuiltIn"]) == (hashlib.sha256(CONTENT).hexdigest(), False)
    unpack(service.images.store.catalogue.get("web"), tmp_path / "raw")
    assert (tmp_path / "raw").read_bytes() == CONTENT
    assert len((await service.get(IMAGES))["Members"]) == 2
    audit = [(record.action, record.kind.value, record.target) for record in await service.world.audit.read()]
    assert ("import", "image", "web") in audit


async def test_an_upload_that_is_wrong_is_answered_so_and_the_task_says_why(service: Service) -> None:
    task = await add(service)
    other = await service.call("PUT", task["Oem"]["Lightsout"]["UploadURI"], {"no": "file"})
    assert other.status == 415
    assert (await put(service, task, as_="olga")).status == 403
    answer = await put(service, task, gzip.compress(CONTENT + bytes(512)))
    assert (answer.status, "the file has SHA-256" in answer.told) == (400, True)
    assert "the file has SHA-256" in (await ended(service, task))["Messages"][-1]["Message"]
    assert (await put(service, task)).status == 409
    assert (await service.call("GET", f"{IMAGES}/web")).status == 404


async def test_a_viewer_reads_and_an_operator_adds_and_deletes_nothing(service: Service) -> None:
    for name in ("vera", "olga", "tina"):
        assert (await service.call("POST", IMAGES, NEW, as_=name)).status == 403
        assert (await service.call("DELETE", f"{IMAGES}/tiny", as_=name)).status == 403
        assert (await service.call("PATCH", f"{IMAGES}/tiny", {"Name": "x"}, as_=name)).status == 403
        assert (await service.call("GET", f"{IMAGES}/tiny", as_=name)).status == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"Id": "../x"}, "Id"),
        ({"Id": "tiny"}, "there is an image tiny already"),
        ({"FileSHA256": "abc"}, "FileSHA256"),
        ({"FileSHA256": None}, "sha256: the digest"),
        ({"URL": "http://h/x.raw", "File": "x.raw"}, "URL"),
        ({"File": "/etc/shadow"}, "must be the name of a file"),
        ({"Format": "vmdk"}, "Format"),
        ({"Path": "/etc/shadow"}, "Path"),
    ],
)
async def test_what_cannot_be_added_is_refused(service: Service, body: dict[str, object], words: str) -> None:
    answer = await service.call("POST", IMAGES, NEW | body)
    assert answer.status in (400, 409)
    assert words in answer.told


async def test_what_is_said_of_an_image_is_changed_and_then_it_is_deleted(service: Service) -> None:
    task = await add(service)
    await put(service, task)
    await ended(service, task)
    changed = await service.call("PATCH", f"{IMAGES}/web", {"Name": "Other", "Firmware": ["Legacy"], "Proofs": []})
    assert (changed.status, changed.body["Name"], changed.body["Firmware"]) == (200, "Other", ["Legacy"])
    sealed = await service.call("PATCH", f"{IMAGES}/web", {"SHA256": "0" * 64})
    assert (sealed.status, sealed.ids) == (400, ["PropertyNotWritable"])
    reinstall = "/redfish/v1/Systems/n1/Actions/Oem/Lightsout.Reinstall"
    assert (await service.call("POST", reinstall, {"Image": "web"})).status == 202
    used = await service.call("DELETE", f"{IMAGES}/web")
    assert (used.status, "puts the image web on n1" in used.told) == (503, True)
    service.work.go.set()
    await until(lambda: not service.jobs.under_way)
    assert (await service.call("DELETE", f"{IMAGES}/web")).status == 204
    assert (await service.call("GET", f"{IMAGES}/web")).status == 404
    built = await service.call("DELETE", f"{IMAGES}/tiny")
    assert (built.status, "was built here" in built.told) == (409, True)


async def test_a_nodes_own_endpoint_shows_images_and_changes_none(service: Service) -> None:
    from bmc.redfish.tree import node_routes

    methods = {route.method for route in node_routes() if route.path.startswith(IMAGES)}
    assert methods == {"GET"}
