"""`bmc image`: a file or URL becomes an image, and what goes wrong is told once, in words."""

import gzip
import hashlib
import json
import os
import signal
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.cli.cable import Cable
from tests.cli.conftest import Shell
from tests.images.uploads import pieces
from tests.redfish.service import Service
from tests.world import ADMIN, until

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
        (("add", "http://127.0.0.1:1/web.raw"), "FileSHA256: the digest of the file is needed"),
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
    assert [image.name for image in service.library.images.catalogue.list()] == ["tiny"]


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


async def test_an_upload_that_was_cut_off_goes_on_by_the_same_command(
    bmc: Shell, service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "web.raw"
    content = os.urandom(1 << 20)
    file.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    asked = {"Id": "web", "Format": "raw", "FileSHA256": digest, "FileSizeBytes": len(content)}
    task = (await service.call("POST", "/redfish/v1/Oem/Lightsout/Images", asked)).body
    await (await service.library.upload(service.jobs.get(task["Id"]))).take(0, pieces(content[:300_000]))
    told = await bmc.ok("image", "add", str(file))
    assert told.splitlines()[-1] == "image web can be put on nodes now"
    assert f"job {task['Id']}: " in told
    assert len(service.jobs.list(ADMIN)) == 1


async def test_an_upload_bears_a_service_that_is_not_there_for_a_while(
    bmc: Shell, service: Service, tmp_path: Path
) -> None:
    """The connection breaks in the middle of the file, and the next ones are refused for a while."""
    file = tmp_path / "web.raw"
    file.write_bytes(os.urandom(1 << 20))
    async with Cable(service.server.port) as cable:
        bmc.more["BMC_URL"] = f"http://127.0.0.1:{cable.port}"
        cable.cut_after = 400_000
        async with bmc.running("image", "add", str(file)) as process:
            await until(lambda: cable.cuts == 1)
            (job,) = service.jobs.list(ADMIN)
            upload = await service.library.upload(job)
            await until(lambda: upload.offset > 0)
            assert upload.offset < 1 << 20
            await until(lambda: cable.refused > 0)
            cable.mend()
            out, err = await process.communicate()
        assert (process.returncode, out.decode().splitlines()[-1]) == (0, "image web can be put on nodes now")
        assert b"trying again" in err


async def test_ctrl_c_leaves_an_upload_to_be_gone_on_with(bmc: Shell, service: Service, tmp_path: Path) -> None:
    file = tmp_path / "web.raw"
    file.write_bytes(os.urandom(1 << 20))
    async with Cable(service.server.port) as cable:
        bmc.more["BMC_URL"] = f"http://127.0.0.1:{cable.port}"
        cable.stuck_after = 400_000
        async with bmc.running("image", "add", str(file)) as process:
            await until(lambda: cable.passed >= 400_000)
            process.send_signal(signal.SIGINT)
            out, _ = await process.communicate()
        assert process.returncode == 130
        assert b"job 1 waits an hour for the rest: the same command goes on" in out
    bmc.more.clear()
    assert "image web can be put on nodes now" in await bmc.ok("image", "add", str(file))
    assert len(service.jobs.list(ADMIN)) == 1


async def test_media_are_added_listed_inserted_and_deleted(bmc: Shell, service: Service, tmp_path: Path) -> None:
    file = tmp_path / "debian.iso"
    file.write_bytes(CONTENT)
    (tmp_path / "media" / "memtest.iso").write_bytes(CONTENT)
    told = await bmc.ok("media", "add", str(file))
    assert told.splitlines()[-1] == "medium debian.iso can be inserted now"
    await bmc.ok("media", "insert", "n2", "debian.iso")
    listed = (await bmc.ok("media", "library")).splitlines()
    assert [line.split()[0] for line in listed] == ["medium", "debian.iso", "memtest.iso"]
    assert listed[1].endswith("admin                   n2")
    assert listed[2].endswith("in the media directory")
    listed = json.loads(await bmc.ok("media", "library", "--json"))
    assert [each["Id"] for each in listed] == ["debian.iso", "memtest.iso"]
    used = await bmc("media", "delete", "debian.iso", "--yes")
    assert (used.code, "is in a drive of n2; eject it first" in used.err) == (1, True)
    await bmc.ok("media", "eject", "n2")
    assert await bmc.ok("media", "delete", "debian.iso", "--yes") == "medium debian.iso deleted\n"
    for words, said in (
        (("add", str(tmp_path / "absent.iso")), "absent.iso: No such file or directory"),
        (("add", "http://127.0.0.1:1/x.iso"), "FileSHA256: the digest of the file is needed"),
        (("add", "ftp://192.0.2.1/x.iso"), "only http and https can be fetched"),
        (("delete", "absent.iso", "--yes"), "there is no medium 'absent.iso'"),
        (("delete", "memtest.iso", "--yes"), "lies in the media directory"),
    ):
        done = await bmc("media", *words)
        assert (done.code, done.out) == (1, "")
        assert said in done.err
