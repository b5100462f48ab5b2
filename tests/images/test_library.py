"""An image is added whole and right, from wherever it comes, or not at all, and the job says why."""

import asyncio
import gzip
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bmc.fetch import Fetcher
from bmc.images.catalogue import unpack
from bmc.images.encodings import SUFFIXES, format_of
from bmc.images.library import Library
from bmc.images.media import MediaStore
from bmc.images.store import ImageStore
from bmc.jobs import Jobs
from bmc.media import MediaLibrary
from bmc.model.clock import SystemClock
from bmc.model.errors import (
    BackendFailed,
    BmcError,
    Busy,
    Denied,
    InvalidRequest,
    NotFound,
    Refused,
    Unreachable,
    WrongState,
)
from bmc.model.events import EventKind
from bmc.model.job import Job, JobState
from tests.clocks import PushedClock
from tests.images.packing import packed, qcow2
from tests.images.uploads import ended, pieces, sha256
from tests.jobs.lab import jobs_of, killed_and_started_again
from tests.reinstall.conftest import make_image
from tests.world import ADMIN, OPERATOR, World, until

MIB = 1 << 20
CONTENT = b"\xeb\x63".ljust(512, b"b") + os.urandom(MIB) + bytes(3 * MIB) + b"end".ljust(512, b".")
FORMATS = [f"{kind}{suffix}" for kind in ("raw", "qcow2") for suffix in SUFFIXES.values()]
QUOTA, LARGEST = 64 * MIB, 32 * MIB


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A file of each format, with the one content."""
    directory = tmp_path_factory.mktemp("files")
    kinds = {"raw": CONTENT, "qcow2": qcow2(CONTENT, directory)}
    return {
        f"{kind}{suffix}": packed(encoding, content)
        for kind, content in kinds.items()
        for encoding, suffix in SUFFIXES.items()
    }


@dataclass
class Shop:
    """`goods` is what the server has, by path; `held` keeps its answer to /slow from its end."""

    directory: Path
    goods: dict[str, bytes]
    held: asyncio.Event
    url: str = ""
    served: int = 0

    def library(self, world: World, quota: int = QUOTA) -> Library:
        (self.directory / "outside").mkdir(exist_ok=True)
        built = self.directory / "built"
        built.mkdir(exist_ok=True)
        store = ImageStore(self.directory / "images", quota, [built], [self.directory / "outside"])
        fetcher = Fetcher([ip_network("127.0.0.1/32")])
        media = MediaStore(MediaLibrary(self.directory / "media", fetcher, quota))
        return Library(store, media, fetcher, world.events, LARGEST)

    def kept(self) -> list[str]:
        return sorted(file.name for file in (self.directory / "images").iterdir())

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.served += 1
        name = request.match_info["name"]
        if name == "away":
            raise web.HTTPFound("http://127.0.0.2:1/secret")
        if name not in self.goods and name not in ("slow", "broken"):
            raise web.HTTPNotFound
        body = self.goods.get(name, CONTENT)
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        if name == "slow":
            await self.held.wait()
        if name == "broken":
            assert request.transport is not None
            request.transport.abort()
            return response
        await response.write(body[len(body) // 2 :])
        return response


def jobs_with(world: World, library: Library) -> Jobs:
    return jobs_of(world, SystemClock(), chores=[library.chore()])


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path, {}, asyncio.Event())
    app = web.Application()
    app.router.add_get("/{name}", shop.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        shop.url = f"http://127.0.0.1:{server.port}"
        yield shop
        shop.held.set()


@pytest.fixture
def library(shop: Shop, world: World) -> Library:
    return shop.library(world)


@pytest.fixture
async def jobs(world: World, library: Library) -> AsyncIterator[Jobs]:
    opened = jobs_with(world, library)
    yield opened
    await opened.close()


def asked(shop: Shop, name: str, content: bytes, **more: object) -> tuple[dict[str, object], dict[str, object]]:
    """A request for what the shop has under `name`, and its secrets."""
    shop.goods.setdefault(name, content)
    url = f"{shop.url}/{name}?token=secret"
    return {"image": "web", "file_sha256": sha256(content), "url": url.partition("?")[0], **more}, {"url": url}


async def failure(jobs: Jobs, request: Mapping[str, object], secrets: Mapping[str, Any] = {}) -> str:
    job = await ended(jobs, await jobs.begin("import", request, ADMIN, secrets))
    assert job.state is JobState.EXCEPTION, job
    return job.message


def to_upload(content: bytes, **more: object) -> dict[str, object]:
    """A request for what will be uploaded."""
    return {"image": "web", "format": "raw", "file_sha256": sha256(content), "file_size": len(content), **more}


async def send(library: Library, job: Job, content: bytes, start: int = 0) -> int:
    return await (await library.upload(job)).take(start, pieces(content[start:]))


def content_of(library: Library, name: str, directory: Path) -> bytes:
    out = directory / "unpacked"
    unpack(library.images.catalogue.get(name), out)
    return out.read_bytes()


@pytest.mark.parametrize("form", FORMATS)
async def test_every_format_comes_by_url_upload_and_directory(shop, world, library, jobs, files, form, tmp_path):
    file = files[form]
    request, secrets = asked(shop, f"disk.{form}", file)
    by_url = await jobs.begin("import", {**request, "image": "by-url"}, ADMIN, secrets)
    by_upload = await jobs.begin("import", to_upload(file, image="by-upload", format=form), ADMIN)
    await send(library, by_upload, file)
    (tmp_path / "outside" / f"disk.{form}").write_bytes(file)
    by_file = await jobs.begin("import", {"image": "by-file", "file": f"disk.{form}"}, ADMIN)
    for job in (by_url, by_upload, by_file):
        job = await ended(jobs, job)
        assert (job.state, job.percent) == (JobState.COMPLETED, 100), job
        assert job.details["file_sha256"] == sha256(file)
    encoding = "zstd" if form.startswith("qcow2") else {v: k for k, v in SUFFIXES.items()}[form[3:]]
    for image in library.images.catalogue.list():
        assert (image.size, image.sha256, image.encoding) == (len(CONTENT), sha256(CONTENT), encoding)
        assert (image.kernel, image.seed, image.proofs) == ("other", "none", frozenset())
        assert content_of(library, image.name, tmp_path) == CONTENT
    kept = [name for name in shop.kept() if not name.endswith(".json")]
    suffix = SUFFIXES[encoding]
    stays = [] if form.startswith("qcow2") else ["by-file"]
    assert kept == [f"{name}.raw{suffix}" for name in ("by-file", "by-upload", "by-url") if name not in stays]
    assert len(await world.told(EventKind.IMAGE_ADDED)) == 3
    shown = repr((await world.events.history(limit=1000), await world.audit.read(limit=100), jobs.list(ADMIN)))
    assert "token=secret" not in shown


@pytest.mark.parametrize(
    ("form", "damage", "words"),
    [
        ("raw", lambda file: file[:-100], "no whole number of sectors"),
        ("raw", lambda file: b"", "0 bytes"),
        ("raw", lambda file: gzip.compress(file), "said to be raw, but it is gzip"),
        ("raw.gz", lambda file: file[:-100], "truncated"),
        ("raw.xz", lambda file: file[:-100], "truncated"),
        ("raw.zst", lambda file: file[:-100], "truncated"),
        ("raw.gz", lambda file: b"<!DOCTYPE html>" * 100, "said to be gzip, but it is something else"),
        ("raw.gz", lambda file: gzip.compress(bytes(LARGEST + 512)), "more than 0 GiB"),
        ("raw.zst", lambda file: packed("zstd", bytes(LARGEST + 512)), "more than 0 GiB"),
        ("qcow2", lambda file: file[: len(file) // 2], "damaged"),
        ("qcow2", lambda file: CONTENT, "said to be qcow2, but it is something else"),
        ("qcow2.gz", lambda file: gzip.compress(CONTENT), "said to be qcow2, but it is something else"),
    ],
)
async def test_what_is_not_what_it_was_said_to_be_is_not_kept(shop, library, jobs, files, form, damage, words):
    file = damage(files[form])
    assert words in await failure(jobs, *asked(shop, f"disk.{form}", file))
    assert (shop.kept(), library.images.catalogue.list()) == ([], [])


async def test_a_qcow2_of_an_absurd_size_or_with_a_backing_file_is_not_opened(shop, library, jobs, tmp_path):
    for options in (["huge.qcow2", "60T"], ["-b", "/etc/hostname", "-F", "raw", "backed.qcow2", "4M"]):
        command = ["qemu-img", "create", "-q", "-f", "qcow2", *options]
        await asyncio.to_thread(subprocess.run, command, check=True, cwd=tmp_path / "outside")
    assert "is of a disk of 65970697666560 bytes" in await failure(jobs, {"image": "huge", "file": "huge.qcow2"})
    assert "has a backing file" in await failure(jobs, {"image": "backed", "file": "backed.qcow2"})
    assert shop.kept() == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("absent", "answered 404"), ("away", "127.0.0.2 is this machine's own"), ("broken", "broke off")],
)
async def test_a_server_that_does_not_give_it_is_named(shop, jobs, name, words):
    url = f"{shop.url}/{name}?token=secret"
    request = {"image": "web", "format": "raw", "file_sha256": sha256(CONTENT), "url": f"{shop.url}/{name}"}
    message = await failure(jobs, request, {"url": url})
    assert words in message
    assert "secret" not in message
    assert shop.kept() == []


async def test_a_server_that_is_dead_is_named(shop, jobs):
    request, _ = asked(shop, "disk.raw", CONTENT)
    assert "cannot be reached" in await failure(jobs, request, {"url": "http://127.0.0.1:1/disk.raw"})


async def test_the_wrong_digest_is_told_with_both(shop, library, jobs):
    request, secrets = asked(shop, "disk.raw", CONTENT, file_sha256="0" * 64)
    assert await failure(jobs, request, secrets) == f"the file has SHA-256 {sha256(CONTENT)}, not {'0' * 64}"
    assert (shop.kept(), library.images.catalogue.list()) == ([], [])


async def test_what_does_not_fit_ends_at_once_and_leaves_no_trace(shop, world, tmp_path):
    library = shop.library(world, quota=MIB)
    jobs = jobs_with(world, library)
    for form in ("raw", "raw.gz"):
        content = os.urandom(4 * MIB) if form == "raw" else gzip.compress(os.urandom(4 * MIB))
        assert "there is no room for the image" in await failure(jobs, *asked(shop, f"disk.{form}", content))
        assert shop.kept() == []
        assert shop.served == 1 + (form == "raw.gz")
    grown, secrets = asked(shop, "grown.qcow2.gz", gzip.compress(b"QFI\xfb" + bytes(4 * MIB)))
    assert "there is no room for the image" in await failure(jobs, grown, secrets)
    assert shop.kept() == []
    await jobs.close()


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"url": "http://h/a.raw"}, "sha256: the digest"),
        ({"url": "http://h/a.iso", "file_sha256": "0" * 64}, "format: the file's name does not tell"),
        ({"file_sha256": "0" * 64}, "format: the file's name does not tell"),
        ({"format": "raw"}, "sha256: the digest"),
        ({"format": "raw", "file_sha256": "0" * 64}, "size: the bytes"),
        ({"file": "a.raw"}, "no file 'a.raw'"),
        ({"file": "../built/mini.raw.gz"}, "must be the name of a file"),
        ({"file": "/etc/shadow", "format": "raw"}, "must be the name of a file"),
        (
            {"url": "http://h/a.raw", "file_sha256": "0" * 64, "proofs": ["phone-home"]},
            "proofs: an image with seed none",
        ),
    ],
)
async def test_a_request_that_cannot_be_is_refused_at_once(jobs, request_, words):
    with pytest.raises(InvalidRequest, match=words):
        await jobs.begin("import", {"image": "x", **request_}, ADMIN)
    assert jobs.list(ADMIN) == []


def test_the_format_is_told_by_the_end_of_a_name():
    assert format_of("https://x/noble-amd64.QCOW2") == "qcow2"
    assert format_of("disk.img.xz") == "raw.xz"
    assert format_of("disk.iso") is None


async def test_only_an_administrator_of_the_fleet_adds_images(shop, jobs):
    request, secrets = asked(shop, "disk.raw", CONTENT)
    with pytest.raises(Denied):
        await jobs.begin("import", request, OPERATOR, secrets)


async def test_of_two_imports_of_one_name_one_is_made(shop, library, jobs):
    request, secrets = asked(shop, "slow", CONTENT, format="raw")
    first = await jobs.begin("import", request, ADMIN, secrets)
    tried = await asyncio.gather(
        *(jobs.begin("import", request, ADMIN, secrets) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in tried] == [Busy] * 3
    shop.held.set()
    assert (await ended(jobs, first)).state is JobState.COMPLETED
    assert shop.served == 1
    with pytest.raises(Refused, match="there is an image web already"):
        await jobs.begin("import", request, ADMIN, secrets)


async def test_an_image_that_was_built_here_is_neither_replaced_nor_deleted(shop, library, jobs, tmp_path):
    make_image(tmp_path / "built")
    with pytest.raises(Refused, match="there is an image mini already"):
        await jobs.begin("import", asked(shop, "disk.raw", CONTENT)[0] | {"image": "mini"}, ADMIN)
    with pytest.raises(Refused, match="was built here"):
        await library.remove("image", "mini", ADMIN, [], [])
    with pytest.raises(Refused, match="was built here"):
        await library.change("mini", {"title": "x"}, ADMIN)
    with pytest.raises(NotFound):
        await library.remove("image", "absent", ADMIN, [], [])


@pytest.mark.parametrize("form", ["raw", "qcow2"])
async def test_a_cancelled_import_leaves_nothing(shop, library, jobs, files, form):
    shop.goods["slow"] = files[form]
    request, secrets = asked(shop, "slow", files[form], format=form)
    job = await jobs.begin("import", request, ADMIN, secrets)
    await until(lambda: jobs.get(job.id).details.get("bytes_done"), 10)
    await jobs.cancel(job.id, ADMIN)
    job = await ended(jobs, job)
    assert (job.state, job.message) == (JobState.CANCELLED, "cancelled during “receive”")
    assert shop.kept() == []


async def test_an_import_that_unpacks_to_no_end_is_cancelled_at_once(shop, world, library, tmp_path):
    endless = Library(library.images, library.media, Fetcher([ip_network("127.0.0.1/32")]), world.events, 1 << 40)
    jobs = jobs_with(world, endless)
    block = ((128 << 10) << 3 | 1 << 1).to_bytes(3, "little") + b"\0"  # RFC 8878 §3.1.1.2: one byte, repeated
    bomb = bytes.fromhex("28b52ffd0080") + block * 60_000
    try:
        request, secrets = asked(shop, "disk.raw.zst", bomb)
        job = await jobs.begin("import", request, ADMIN, {"url": str(secrets["url"])})
        await until(lambda: any(part.stat().st_size for part in (tmp_path / "images").glob(".part-*")), 30)
        await jobs.cancel(job.id, ADMIN)
        async with asyncio.timeout(10):
            await until(lambda: jobs.get(job.id).state is JobState.CANCELLED, 10)
        assert shop.kept() == []
    finally:
        await jobs.close()


async def test_an_import_begins_anew_after_a_crash(shop, world, library, jobs, tmp_path):
    request, secrets = asked(shop, "slow", CONTENT, format="raw")
    job = await jobs.begin("import", request, ADMIN, secrets)
    await until(lambda: jobs.get(job.id).details.get("bytes_done"), 10)
    async with killed_and_started_again(world, jobs, tmp_path / "store" / "copy.db") as again:
        jobs = jobs_with(again, shop.library(again))
        shop.held.set()
        await jobs.resume()
        job = await ended(jobs, job)
        assert job.state is JobState.COMPLETED, job
        assert shop.kept() == ["web.json", "web.raw"]
        await jobs.close()


@pytest.mark.parametrize("form", ["raw", "raw.gz", "qcow2", "qcow2.gz"])
async def test_an_upload_that_a_crash_cut_off_goes_on_where_it_was(shop, world, library, jobs, files, form, tmp_path):
    file, half = files[form], len(files[form]) // 2

    async def half_of_it() -> AsyncIterator[bytes]:
        yield file[:half]
        await shop.held.wait()

    job = await jobs.begin("import", to_upload(file, format=form), ADMIN)
    uploading = asyncio.create_task((await library.upload(job)).take(0, half_of_it()))
    await until(lambda: jobs.get(job.id).details.get("bytes_done"), 10)
    async with killed_and_started_again(world, jobs, tmp_path / "store" / "copy.db") as again:
        with pytest.raises(WrongState, match="the job has ended"):
            await uploading
        library = shop.library(again)
        jobs = jobs_with(again, library)
        await jobs.resume()
        assert await library.arrived(job) == half
        with pytest.raises(WrongState, match=f"{half} bytes of this upload are here; go on there, not at 0"):
            await send(library, job, file)
        await send(library, job, file, half)
        assert (await ended(jobs, job)).state is JobState.COMPLETED
        assert content_of(library, "web", tmp_path) == CONTENT
        assert len(shop.kept()) == 2
        assert await library.arrived(jobs.get(job.id)) == len(file)
        await jobs.close()


async def test_an_upload_that_was_all_there_when_the_service_died_is_looked_at_and_added(
    shop, world, library, jobs, files, tmp_path
):
    file = files["qcow2"]
    job = await jobs.begin("import", to_upload(file, format="qcow2"), ADMIN)
    await (await library.upload(job)).take(0, pieces(file[:1000]))
    async with killed_and_started_again(world, jobs, tmp_path / "store" / "copy.db") as again:
        (part,) = (tmp_path / "images").glob(".upload-*")
        part.write_bytes(file)
        library = shop.library(again)
        jobs = jobs_with(again, library)
        await jobs.resume()
        assert (await ended(jobs, job)).state is JobState.COMPLETED
        assert shop.kept() == ["web.json", "web.raw.zst"]
        await jobs.close()


@pytest.mark.parametrize("point", ["part", "listing"])
def test_kill_9_in_the_middle_leaves_no_file_behind(tmp_path: Path, point: str) -> None:
    """A process of its own, which kills itself while the part is written, or when its file is there but not listed."""
    program = f"""
import os, signal
from pathlib import Path
from bmc.images.store import ImageStore
from bmc.images.shelf import Arrived
store = ImageStore(Path({str(tmp_path / "images")!r}), 1 << 30, [])
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
store._write = die
with store.part() as part:
    part.write(bytes(1024))
    if {point == "part"}:
        die()
    store.add(dict(image="web"), Arrived("raw", 1024, "0" * 64, "", "admin", 0.0), part)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == -signal.SIGKILL
    (left,) = (tmp_path / "images").iterdir()
    assert (left.name == "web.raw") is (point == "listing")
    store = ImageStore(tmp_path / "images", 1 << 30, [tmp_path])
    assert list((tmp_path / "images").iterdir()) == []
    assert store.catalogue.list() == []


async def test_what_is_added_outlives_a_restart_and_is_changed_and_removed(shop, world, library, jobs, tmp_path):
    request, secrets = asked(shop, "disk.raw", CONTENT, title="Web", kernel="linux", firmware=["UEFI"])
    await ended(jobs, await jobs.begin("import", request, ADMIN, secrets))
    library = shop.library(world)
    (image,) = library.images.catalogue.list()
    assert (image.title, image.kernel, image.file_sha256) == ("Web", "linux", sha256(CONTENT))
    with pytest.raises(InvalidRequest, match="proofs: an image with seed none"):
        await library.change("web", {"proofs": frozenset({"phone-home"})}, ADMIN)
    changed = await library.change("web", {"title": "Other", "seed": "nocloud"}, ADMIN)
    assert library.images.catalogue.list() == [changed]
    assert (changed.title, changed.seed, changed.sha256) == ("Other", "nocloud", image.sha256)
    writes = Job("9", "reinstall", "n1", "olga", {"image": "web"}, (), 0.0)
    with pytest.raises(Busy, match="job 9 puts the image web on n1"):
        await library.remove("image", "web", ADMIN, [], [writes])
    await library.remove("image", "web", ADMIN, [], [])
    assert shop.kept() == []
    told = [*await world.told(EventKind.IMAGE_CHANGED), *await world.told(EventKind.IMAGE_REMOVED)]
    assert [event.details["image"] for event in told] == ["web", "web"]


async def test_a_file_that_changes_in_its_directory_is_offered_no_more(shop, library, jobs, tmp_path):
    file = tmp_path / "outside" / "disk.raw"
    file.write_bytes(CONTENT)
    await ended(jobs, await jobs.begin("import", {"image": "web", "file": "disk.raw"}, ADMIN))
    assert [image.path for image in library.images.catalogue.list()] == [file]
    os.utime(file, ns=(0, 0))
    assert library.images.catalogue.list() == []
    with pytest.raises(BackendFailed, match="was changed since it was added"):
        library.images.catalogue.get("web")
    file.unlink()
    with pytest.raises(BackendFailed, match="is not there"):
        library.images.catalogue.get("web")
    await library.remove("image", "web", ADMIN, [], [])
    assert shop.kept() == []


async def test_an_upload_that_breaks_off_goes_on(shop, library, jobs):
    async def broken() -> AsyncIterator[bytes]:
        yield CONTENT[:1000]
        raise Unreachable("the upload broke off")

    job = await jobs.begin("import", to_upload(CONTENT), ADMIN)
    upload = await library.upload(job)
    with pytest.raises(Unreachable, match="broke off"):
        await upload.take(0, broken())
    assert upload.offset == 1000
    for wrong in (0, 999, 1001, len(CONTENT)):
        with pytest.raises(WrongState, match="1000 bytes of this upload are here"):
            await upload.take(wrong, pieces(CONTENT))
    assert await upload.take(1000, pieces(CONTENT[1000:2000])) == 2000
    await until(lambda: jobs.get(job.id).details.get("bytes_done") == 2000, 10)
    assert await upload.take(2000, pieces(CONTENT[2000:])) == len(CONTENT)
    assert (await ended(jobs, job)).state is JobState.COMPLETED
    with pytest.raises(NotFound, match="waits for no upload"):
        await library.upload(jobs.get(job.id))
    assert shop.kept() == ["web.json", "web.raw"]


async def test_of_two_who_upload_one_file_the_later_goes_on_and_the_file_is_right(shop, library, jobs, tmp_path):
    async def stuck(content: bytes) -> AsyncIterator[bytes]:
        yield content
        await shop.held.wait()
        yield b"x" * MIB

    job = await jobs.begin("import", to_upload(CONTENT), ADMIN)
    upload, at = await library.upload(job), 0
    senders = []
    for _ in range(3):
        senders.append(asyncio.create_task(upload.take(at, stuck(CONTENT[at : at + MIB]))))
        await until(lambda before=at: upload.offset > before)
        at = upload.offset
    rest = [asyncio.create_task(upload.take(at, pieces(CONTENT[at:]))) for _ in range(4)]
    done = await asyncio.gather(*senders, *rest, return_exceptions=True)
    assert [type(each) for each in done].count(int) == 1
    assert all(isinstance(each, int | WrongState | NotFound) for each in done), done
    assert (await ended(jobs, job)).state is JobState.COMPLETED
    assert content_of(library, "web", tmp_path) == CONTENT


async def test_more_than_was_said_is_not_taken(library, jobs):
    job = await jobs.begin("import", to_upload(CONTENT, file_size=1000), ADMIN)
    upload = await library.upload(job)
    with pytest.raises(InvalidRequest, match="beyond the 1000 bytes"):
        await upload.take(0, pieces(CONTENT))
    assert upload.offset == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [(gzip.compress(CONTENT), "it is gzip"), (CONTENT[:-512] + bytes(512), "the file has SHA-256")],
    ids=["packed", "another file"],
)
async def test_an_upload_that_is_wrong_ends_with_the_reason_and_leaves_nothing(shop, library, jobs, content, words):
    request = to_upload(CONTENT, file_size=len(content))
    job = await jobs.begin("import", request, ADMIN)
    with suppress(BmcError):
        await send(library, job, content)
    job = await ended(jobs, job)
    assert job.state is JobState.EXCEPTION
    assert words in job.message
    assert shop.kept() == []


async def test_an_upload_that_is_cancelled_leaves_nothing(shop, library, jobs):
    job = await jobs.begin("import", to_upload(CONTENT), ADMIN)
    await (await library.upload(job)).take(0, pieces(CONTENT[:MIB]))
    await jobs.cancel(job.id, ADMIN)
    assert (await ended(jobs, job)).state is JobState.CANCELLED
    assert shop.kept() == []


async def test_what_finds_no_room_is_refused_at_once_and_what_runs_out_of_it_can_go_on(shop, world, tmp_path):
    library = shop.library(world, quota=5 * MIB)
    jobs = jobs_with(world, library)
    with pytest.raises(BackendFailed, match=r"there is no room for the image: .*images\.quota_gib"):
        await jobs.begin("import", to_upload(bytes(6 * MIB)), ADMIN)
    job = await jobs.begin("import", to_upload(CONTENT), ADMIN)
    ballast = tmp_path / "images" / "ballast"
    ballast.write_bytes(bytes(3 * MIB))
    with pytest.raises(BackendFailed, match="there is no room"):
        await send(library, job, CONTENT)
    at = await library.arrived(job)
    assert 0 < at < len(CONTENT)
    ballast.unlink()
    await send(library, job, CONTENT, at)
    assert (await ended(jobs, job)).state is JobState.COMPLETED
    await jobs.close()


async def test_an_upload_that_nobody_goes_on_with_is_given_up(shop, world, library):
    clock = PushedClock()
    jobs = jobs_of(world, clock, chores=[library.chore()])
    job = await jobs.begin("import", to_upload(CONTENT), ADMIN)
    await (await library.upload(job)).take(0, pieces(CONTENT[:MIB]))
    await until(lambda: jobs.get(job.id).details.get("bytes_done") == MIB, 10)
    await clock.advance(3000)
    await (await library.upload(job)).take(MIB, pieces(CONTENT[MIB : 2 * MIB]))
    await until(lambda: jobs.get(job.id).details.get("bytes_done") == 2 * MIB, 10)
    await clock.advance(3000)
    await asyncio.sleep(0.1)
    assert not jobs.get(job.id).state.ended
    await clock.advance(700)
    job = await ended(jobs, job)
    assert (job.state, job.message) == (JobState.EXCEPTION, "no progress for 3600 s")
    assert shop.kept() == []
    await jobs.close()


async def test_what_a_dead_service_left_of_an_upload_long_ago_is_let_go(shop, world, library, tmp_path):
    new, old = tmp_path / "images" / ".upload-2-2", tmp_path / "images" / ".upload-1-1"
    new.touch()
    old.touch()
    os.utime(old, (0, 0))
    shop.library(world)
    assert shop.kept() == [".upload-2-2"]


@pytest.mark.parametrize(("name", "words"), [("secret.raw", "leads out of"), ("my disk.raw", "of letters, digits")])
async def test_a_file_that_cannot_be_listed_or_leads_elsewhere_is_refused_before_it_is_read(
    shop, library, jobs, tmp_path, name, words
):
    (tmp_path / "secret").write_bytes(CONTENT)
    (tmp_path / "outside" / "secret.raw").symlink_to(tmp_path / "secret")
    (tmp_path / "outside" / "my disk.raw").write_bytes(CONTENT)
    with pytest.raises(InvalidRequest, match=words):
        await jobs.begin("import", {"image": "web", "file": name}, ADMIN)


async def test_a_link_within_the_directories_is_followed_until_it_leads_elsewhere(shop, library, jobs, tmp_path):
    outside = tmp_path / "outside"
    for place in (outside / "today.raw", tmp_path / "secret"):
        place.write_bytes(CONTENT)
        os.utime(place, ns=(0, 0))
    (outside / "disk.raw").symlink_to("today.raw")
    await ended(jobs, await jobs.begin("import", {"image": "web", "file": "disk.raw"}, ADMIN))
    assert library.images.catalogue.get("web").sha256 == sha256(CONTENT)
    (outside / "disk.raw").unlink()
    (outside / "disk.raw").symlink_to(tmp_path / "secret")
    with pytest.raises(BackendFailed, match=r"not in images\.directories"):
        library.images.catalogue.get("web")


def test_what_else_lies_beside_the_images_stays(shop, world):
    directory = shop.directory / "images"
    (directory / "lost+found").mkdir(parents=True)
    (directory / "left.raw.zst").touch()
    shop.library(world)
    assert shop.kept() == ["lost+found"]


async def test_an_image_that_is_deleted_while_it_is_changed_does_not_come_back(shop, library, jobs, monkeypatch):
    request, secrets = asked(shop, "disk.raw", CONTENT)
    name = (await ended(jobs, await jobs.begin("import", request, ADMIN, secrets))).request["image"]
    store, describe, removal = library.images, library.images._write, []

    def deleted_meanwhile(name, text):
        removal.append(threading.Thread(target=store.remove, args=(name,)))
        removal[0].start()
        removal[0].join(0.5)
        describe(name, text)

    monkeypatch.setattr(store, "_write", deleted_meanwhile)
    await asyncio.to_thread(store.change, name, title="Web")
    await asyncio.to_thread(removal[0].join)
    assert (store.catalogue.list(), shop.kept()) == ([], [])


@pytest.mark.parametrize("name", ["../service", "..", "a/b", "tiny\n", "TINY", ""])
async def test_no_name_leads_out_of_the_library(shop: Shop, world: World, name: str) -> None:
    library = shop.library(world)
    (shop.directory / "service.json").write_text("{}")
    with pytest.raises(NotFound):
        await library.remove("image", name, ADMIN, [], [])
    with pytest.raises(NotFound):
        await library.change(name, {"title": "x"}, ADMIN)
    with pytest.raises(NotFound):
        await library.remove("medium", name, ADMIN, [], [])
    jobs = jobs_with(world, library)
    for word in ("image", "medium"):
        with pytest.raises(InvalidRequest, match="the name"):
            await jobs.begin("import", {word: f"{name}/", "file_sha256": "0" * 64, "file_size": 512}, ADMIN)
    await jobs.close()
    assert (shop.directory / "service.json").exists()
