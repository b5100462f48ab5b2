"""`bmc image`: a file or URL becomes an image, and what goes wrong is told once, in words."""

import gzip
import hashlib
import json
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.cli.conftest import Shell
from tests.redfish.service import Service

CONTENT = b"disk".ljust(512, b".") * 3000


async def test_a_file_is_uploaded_listed_shown_and_deleted(bmc: Shell, tmp_path: Path) -> None:
    file = tmp_path / "Web_1.raw.gz"
    file.write_bytes(gzip.compress(CONTENT))
    told = await bmc.ok("image", "add", str(file), "--title", "Web server", "--firmware", "UEFI", "--kernel", "linux")
    assert told.splitlines()[-1] == "image web-1 can be put on nodes now"
    listed = await bmc.ok("image", "list")
    assert "web-1  Web server  1 MiB  UEFI" in listed
    assert "tiny" in listed
    assert {image["Id"] for image in json.loads(await bmc.ok("image", "list", "--json"))} == {"tiny", "web-1"}
    shown = json.loads(await bmc.ok("image", "show", "web-1"))
    assert (shown["SHA256"], shown["KernelFamily"]) == (hashlib.sha256(CONTENT).hexdigest(), "linux")
    assert await bmc.ok("image", "delete", "web-1", "--yes") == "image web-1 deleted\n"
    assert "web-1" not in await bmc.ok("image", "list")


async def test_what_goes_wrong_is_told_in_words(bmc: Shell, service: Service, tmp_path: Path) -> None:
    file = tmp_path / "web.raw"
    file.write_bytes(gzip.compress(CONTENT))
    for words, said in (
        (("add", str(tmp_path / "absent.raw")), "absent.raw: No such file or directory"),
        (("add", str(file), "--name", "tiny"), "there is an image tiny already"),
        (("add", str(file), "--name", "../x"), "Id"),
        (("add", "ftp://192.0.2.1/web.raw"), "ftp://192.0.2.1/web.raw: only http and https can be fetched"),
        (("add", "http://127.0.0.1:1/web.raw"), "sha256: the digest of the file is needed"),
        (("add", "absent.raw", "--on-server"), "there is no file 'absent.raw' in images.directories"),
        (("delete", "tiny", "--yes"), "was built here"),
        (("show", "absent"), "there is no image 'absent'"),
    ):
        done = await bmc("image", *words)
        assert (done.code, done.out) == (1, "")
        assert said in done.err
    done = await bmc("image", "add", str(file), "--name", "web")
    assert done.code == 1
    assert "said to be raw, but it is gzip" in done.out + done.err
    assert [image.name for image in service.images.store.catalogue.list()] == ["tiny"]


async def test_a_url_and_a_file_of_the_service_become_images(bmc: Shell, tmp_path: Path) -> None:
    async def serve(request: web.Request) -> web.Response:
        return web.Response(body=CONTENT)

    app = web.Application()
    app.router.add_get("/web.raw", serve)
    async with TestServer(app, host="127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.port}/web.raw"
        await bmc.ok("image", "add", url, "--sha256", hashlib.sha256(CONTENT).hexdigest())
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "disk.img").write_bytes(CONTENT)
    await bmc.ok("image", "add", "disk.img", "--on-server", "--name", "here")
    listed = await bmc.ok("image", "list")
    assert [line.split()[0] for line in listed.splitlines()[1:]] == ["here", "tiny", "web"]
