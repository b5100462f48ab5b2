"""The media library over HTTP: added by who may, shown to all, with who has what in a drive."""

import hashlib
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.redfish.service import Service
from tests.redfish.uploads import TUS, ended, how_far, send

MEDIA = "/redfish/v1/Oem/Lightsout/Media"
CD = "/redfish/v1/Systems/n1/VirtualMedia/cd0"
ISO = b"iso".ljust(2048, b".") * 100
NEW = {"Id": "debian.iso", "FileSHA256": hashlib.sha256(ISO).hexdigest(), "FileSizeBytes": len(ISO)}


async def add(service: Service, **more: object) -> Any:
    answer = await service.call("POST", MEDIA, NEW | more)
    assert answer.status == 202, answer
    return answer.body


async def test_a_medium_is_uploaded_inserted_and_kept_while_it_is_used(service: Service) -> None:
    assert (await service.get("/redfish/v1"))["Oem"]["Lightsout"]["Media"] == {"@odata.id": MEDIA}
    task = await add(service)
    assert await how_far(service, task) == (204, "0", str(len(ISO)))
    assert (await send(service, task, ISO)).status == 204
    task = await ended(service, task)
    assert (task["TaskState"], task["Name"]) == ("Completed", "import of medium debian.iso")
    medium = await service.get(f"{MEDIA}/debian.iso")
    assert (medium["SizeBytes"], medium["SHA256"], medium["Account"]) == (len(ISO), NEW["FileSHA256"], "admin")
    assert (medium["InDirectory"], medium["UsedBy"]) == (False, [])
    assert (await service.call("POST", f"{CD}/Actions/VirtualMedia.InsertMedia", {"Image": "debian.iso"})).status == 204
    await service.world.add("n2")
    insert = "/redfish/v1/Systems/n2/VirtualMedia/cd0/Actions/VirtualMedia.InsertMedia"
    assert (await service.call("POST", insert, {"Image": "debian.iso"})).status == 204
    assert (await service.get(f"{MEDIA}/debian.iso"))["UsedBy"] == ["n1", "n2"]
    assert (await service.get(f"{MEDIA}/debian.iso", as_="tina"))["UsedBy"] == ["n1"]
    used = await service.call("DELETE", f"{MEDIA}/debian.iso")
    assert (used.status, "is in a drive of n1, n2; eject it first" in used.told) == (409, True)
    for node in ("n1", "n2"):
        eject = f"/redfish/v1/Systems/{node}/VirtualMedia/cd0/Actions/VirtualMedia.EjectMedia"
        await service.call("POST", eject, {})
    assert (await service.call("DELETE", f"{MEDIA}/debian.iso")).status == 204
    assert (await service.call("GET", f"{MEDIA}/debian.iso")).status == 404
    audit = [(record.action, record.kind.value, record.target) for record in await service.world.audit.read()]
    assert ("delete-medium", "medium", "debian.iso") in audit


async def test_a_medium_is_fetched_by_url_with_its_digest(service: Service) -> None:
    async def serve(request: web.Request) -> web.Response:
        return web.Response(body=ISO)

    app = web.Application()
    app.router.add_get("/debian.iso", serve)
    async with TestServer(app, host="127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.port}/debian.iso?token=secret"
        for digest, state in (("0" * 64, "Exception"), (NEW["FileSHA256"], "Completed")):
            task = await add(service, URL=url, FileSHA256=digest, FileSizeBytes=None)
            assert task["Oem"]["Lightsout"]["UploadURI"] is None
            task = await ended(service, task)
            assert (task["TaskState"], "secret" in repr(task)) == (state, False)
            assert task["Oem"]["Lightsout"]["Request"]["url"] == url.partition("?")[0]
    assert (await service.get(f"{MEDIA}/debian.iso"))["SizeBytes"] == len(ISO)


async def test_who_does_not_administer_the_fleet_adds_and_deletes_no_medium(service: Service) -> None:
    (service.library.media._library.added.parent / "here.iso").write_bytes(ISO)
    task = await add(service)
    for name in ("vera", "olga", "tina"):
        assert (await service.call("POST", MEDIA, NEW | {"Id": "b.iso"}, as_=name)).status == 403
        assert (await service.call("DELETE", f"{MEDIA}/here.iso", as_=name)).status == 403
        assert (await send(service, task, ISO, as_=name)).status == 403
        listed = await service.get(f"{MEDIA}?$expand=.", as_=name)
        assert [each["Id"] for each in listed["Members"]] == ["here.iso"]
    kept = await service.call("DELETE", f"{MEDIA}/here.iso")
    assert (kept.status, "lies in the media directory" in kept.told) == (409, True)


async def test_what_cannot_be_a_medium_is_refused(service: Service) -> None:
    (service.library.media._library.added.parent / "here.iso").touch()
    for body, status, words in (
        ({"Id": "../x.iso"}, 400, "Id"),
        ({"Id": ".x.iso"}, 400, "Id"),
        ({"Id": "here.iso"}, 409, "there is a medium here.iso already"),
        ({"FileSHA256": None}, 400, "FileSHA256: the digest"),
        ({"FileSizeBytes": None}, 400, "FileSizeBytes: the bytes"),
        ({"FileSizeBytes": 1 << 40}, 502, "there is no room for the medium"),
        ({"File": "x.iso"}, 400, "File"),
        ({"URL": "http://h/x.iso"}, 400, "FileSizeBytes"),
    ):
        answer = await service.call("POST", MEDIA, NEW | body)
        assert answer.status == status
        assert words in answer.told
    assert (await service.call("HEAD", f"{MEDIA}/absent.iso", headers=TUS)).status == 404
    assert (await service.call("GET", f"{MEDIA}/..%2F..%2Fstore%2Flightsout.db")).status == 404


async def test_a_nodes_own_endpoint_shows_media_and_changes_none(service: Service) -> None:
    from bmc.redfish.tree import node_routes

    assert {route.method for route in node_routes() if route.path.startswith(MEDIA)} == {"GET"}
    assert not [route for route in node_routes() if "Uploads" in route.path]
