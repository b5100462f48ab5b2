"""Images over HTTP: added, changed and deleted by who may, and nothing said by path or in vain."""

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from aiohttp import encode_basic_auth

from bmc.http.keys import HOUSE
from bmc.images.catalogue import unpack
from bmc.model.caller import Role, Scope
from bmc.model.commands import NoteInstalled
from tests.redfish.service import PASSWORDS, Service
from tests.redfish.uploads import CONTENT, FILE, TUS, ended, how_far, send
from tests.world import ADMIN, until

IMAGES = "/redfish/v1/Oem/Lightsout/Images"
DIGEST = hashlib.sha256(FILE).hexdigest()
NEW = {"Id": "web", "Format": "raw.gz", "FileSHA256": DIGEST, "FileSizeBytes": len(FILE)}


async def add(service: Service, **more: object) -> Any:
    """The Task."""
    answer = await service.call("POST", IMAGES, NEW | more)
    assert answer.status == 202, answer
    assert answer.headers["Location"].startswith("/redfish/v1/TaskService/TaskMonitors/")
    return answer.body


async def test_an_uploaded_image_is_there_with_all_that_was_said_of_it(service: Service, tmp_path: Path) -> None:
    said = {"Name": "Web server", "Description": "Ours.", "KernelFamily": "linux", "Firmware": ["UEFI"]}
    task = await add(service, **said)
    assert task["Oem"]["Lightsout"]["Request"] == {
        "image": "web", "format": "raw.gz", "file_sha256": DIGEST, "file_size": len(FILE),
        "title": "Web server", "description": "Ours.", "kernel": "linux", "firmware": ["UEFI"],
    }  # fmt: skip
    assert (await send(service, task)).status == 204
    task = await ended(service, task)
    assert (task["TaskState"], task["Name"]) == ("Completed", "import of image web")
    assert task["Oem"]["Lightsout"]["UploadURI"] is None
    image = await service.get(f"{IMAGES}/web")
    assert image.items() >= {**said, "SizeBytes": len(CONTENT), "FileSHA256": DIGEST, "Encoding": "gzip"}.items()
    assert (image["Account"], image["UsedBy"], image["WrittenTo"]) == ("admin", [], [])
    assert image["Added"] is not None
    assert (image["SHA256"], image["BuiltIn"]) == (hashlib.sha256(CONTENT).hexdigest(), False)
    unpack(service.library.images.catalogue.get("web"), tmp_path / "raw")
    assert (tmp_path / "raw").read_bytes() == CONTENT
    assert len((await service.get(IMAGES))["Members"]) == 2
    audit = [(record.action, record.kind.value, record.target) for record in await service.world.audit.read()]
    assert ("import", "image", "web") in audit


async def test_an_upload_goes_on_where_it_was_for_any_administrator_and_nobody_else(service: Service) -> None:
    await service.accounts.create("anna", "other horses", Role.ADMINISTRATOR, Scope())
    await service.accounts.create("rita", "other horses", Role.ADMINISTRATOR, Scope(False, frozenset({"n1"})))
    task, half = await add(service), len(FILE) // 2
    others = {name: "other horses" for name in ("anna", "rita")}
    with patch.dict(PASSWORDS, others):
        assert await how_far(service, task) == (204, "0", str(len(FILE)))
        assert (await send(service, task, FILE[:half])).headers["Upload-Offset"] == str(half)
        for name in ("olga", "vera", "tina", "rita"):
            assert (await send(service, task, FILE[half:], half, as_=name)).status == 403
            assert (await how_far(service, task, as_=name))[0] == 403
        wrong = await send(service, task, FILE)
        assert (wrong.status, f"{half} bytes of this upload are here" in wrong.told) == (409, True)
        assert await how_far(service, task, as_="anna") == (204, str(half), str(len(FILE)))
        assert (await send(service, task, FILE[half:], half, as_="anna")).status == 204
    assert (await ended(service, task))["TaskState"] == "Completed"
    assert await how_far(service, task) == (204, str(len(FILE)), str(len(FILE)))


async def test_what_is_no_upload_by_tus_is_refused(service: Service) -> None:
    task = await add(service)
    uri = task["Oem"]["Lightsout"]["UploadURI"]
    other = await service.call("PATCH", uri, {"no": "file"}, headers=TUS | {"Upload-Offset": "0"})
    assert other.status == 415
    octets = {"Content-Type": "application/offset+octet-stream"}
    for offset in ({}, {"Upload-Offset": "-1"}, {"Upload-Offset": "all"}):
        assert (await service.call("PATCH", uri, FILE, headers=octets | offset)).status == 400
    newer = await service.call("HEAD", uri, headers={"Tus-Resumable": "2.0.0"})
    assert (newer.status, newer.headers["Tus-Version"]) == (412, "1.0.0")
    assert (await service.call("HEAD", uri.replace(f"/{task['Id']}", "/99"))).status == 404


async def test_an_upload_that_is_wrong_is_answered_so_and_the_task_says_why(service: Service) -> None:
    task = await add(service, Format="raw", FileSizeBytes=len(FILE) + 1)
    answer = await send(service, task)
    assert answer.status in (204, 400)
    assert "said to be raw, but it is gzip" in (await ended(service, task))["Messages"][-1]["Message"]
    assert (await send(service, task)).status == 404
    assert (await how_far(service, task))[0] == 404
    task = await add(service, FileSHA256="0" * 64)
    assert (await send(service, task)).status == 204
    assert "the file has SHA-256" in (await ended(service, task))["Messages"][-1]["Message"]
    assert (await service.call("GET", f"{IMAGES}/web")).status == 404


async def test_an_upload_outlives_its_connection_and_holds_up_no_end(service: Service) -> None:
    task, half = await add(service), len(FILE) // 2
    uri = task["Oem"]["Lightsout"]["UploadURI"]
    reader, writer = await asyncio.open_connection("127.0.0.1", service.server.port)
    head = (
        f"PATCH {uri} HTTP/1.1\r\nHost: 127.0.0.1:{service.server.port}\r\nUpload-Offset: 0\r\n"
        f"Authorization: {encode_basic_auth('admin', PASSWORDS['admin'])}\r\nContent-Length: {len(FILE)}\r\n"
        "Content-Type: application/offset+octet-stream\r\n\r\n"
    )
    writer.write(head.encode() + FILE[:half])
    upload = await service.library.upload(service.jobs.get(task["Id"]))
    await until(lambda: upload.offset == half, 10)  # and now nothing more comes, as from a laptop that sleeps
    assert (await send(service, task, FILE[half : half + 10], half)).status == 204
    assert b" 409 " in await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", service.server.port)
    writer.write(head.replace("Offset: 0", f"Offset: {half + 10}").encode() + FILE[half + 10 : half + 20])
    await until(lambda: upload.offset == half + 20, 10)
    service.app[HOUSE].closing.stop()
    assert b" 502 " in await asyncio.wait_for(reader.readline(), 10)
    writer.close()


async def test_who_has_an_image_and_who_gets_it_is_told(service: Service) -> None:
    reinstall = "/redfish/v1/Systems/n1/Actions/Oem/Lightsout.Reinstall"
    assert (await service.call("POST", reinstall, {"Image": "tiny"})).status == 202
    assert (await service.get(f"{IMAGES}/tiny"))["WrittenTo"] == ["n1"]
    await service.world.fleet.node("n1").do(NoteInstalled("tiny"), replace(ADMIN, job=service.jobs.under_way[0].id))
    image = await service.get(f"{IMAGES}/tiny")
    assert (image["UsedBy"], image["Added"], image["Account"]) == (["n1"], None, None)


async def test_a_server_is_offered_an_image_as_soon_as_there_is_one(service: Service) -> None:
    async def offered() -> Any:
        system = await service.get("/redfish/v1/Systems/n1")
        return system["Actions"]["Oem"]["#Lightsout.Reinstall"]["Image@Redfish.AllowableValues"]

    task = await add(service, Seed="nocloud")
    await send(service, task)
    assert await offered() == ["tiny"]
    await ended(service, task)
    assert await offered() == ["tiny", "web"]
    assert (await service.call("DELETE", f"{IMAGES}/web")).status == 204
    assert await offered() == ["tiny"]


async def test_an_image_says_what_its_system_can_be_told(service: Service) -> None:
    tiny = await service.get(f"{IMAGES}/tiny")
    assert (tiny["Settings"], tiny["UserDataBytesMax"]) == ([], None)
    task = await add(service, Seed="nocloud")
    await send(service, task)
    await ended(service, task)
    web = await service.get(f"{IMAGES}/web")
    assert web["Settings"] == ["Hostname", "SSHKeys", "Password", "User", "Network", "UserData"]
    assert web["UserDataBytesMax"] == 64 * 1024


async def test_a_viewer_reads_and_an_operator_adds_and_deletes_nothing(service: Service) -> None:
    for name in ("vera", "olga", "tina"):
        assert (await service.call("POST", IMAGES, NEW, as_=name)).status == 403
        assert (await service.call("DELETE", f"{IMAGES}/tiny", as_=name)).status == 403
        assert (await service.call("PATCH", f"{IMAGES}/tiny", {"Name": "x"}, as_=name)).status == 403
        assert (await service.call("GET", f"{IMAGES}/tiny", as_=name)).status == 200


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"Id": "../x"}, 400, "Id"),
        ({"Id": "tiny"}, 409, "there is an image tiny already"),
        ({"FileSHA256": "abc"}, 400, "FileSHA256"),
        ({"FileSHA256": None}, 400, "FileSHA256: the digest"),
        ({"FileSizeBytes": None}, 400, "FileSizeBytes: the bytes"),
        ({"FileSizeBytes": 0}, 400, "FileSizeBytes"),
        ({"FileSizeBytes": 1 << 40}, 502, "there is no room for the image"),
        ({"URL": "http://h/x.raw"}, 400, "FileSizeBytes"),
        ({"URL": "http://h/x.raw", "File": "x.raw", "FileSizeBytes": None}, 400, "URL"),
        ({"File": "/etc/shadow", "FileSizeBytes": None}, 400, "must be the name of a file"),
        ({"Format": "vmdk"}, 400, "Format"),
        ({"Path": "/etc/shadow"}, 400, "Path"),
    ],
)
async def test_what_cannot_be_added_is_refused(
    service: Service, body: dict[str, object], status: int, words: str
) -> None:
    answer = await service.call("POST", IMAGES, NEW | body)
    assert answer.status == status
    assert words in answer.told


async def test_what_is_said_of_an_image_is_changed_and_then_it_is_deleted(service: Service) -> None:
    task = await add(service)
    await send(service, task)
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
