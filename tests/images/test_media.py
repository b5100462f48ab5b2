"""Media are added to the library as images are, beside those that lie in the media directory."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bmc.fetch import Fetcher
from bmc.images.library import Library
from bmc.images.media import MediaStore
from bmc.images.store import ImageStore
from bmc.jobs import Jobs
from bmc.media import MediaLibrary
from bmc.model.clock import SystemClock
from bmc.model.errors import BackendFailed, Busy, InvalidRequest, NotFound, Refused
from bmc.model.events import EventKind
from bmc.model.job import Job, JobState
from tests.images.uploads import ended, pieces, sha256
from tests.jobs.lab import jobs_of
from tests.world import ADMIN, World

ISO = b"iso".ljust(2048, b".") * 1000
QUOTA = 16 << 20


@pytest.fixture
def media(tmp_path: Path) -> MediaLibrary:
    return MediaLibrary(tmp_path / "media", Fetcher([ip_network("127.0.0.1/32")]), QUOTA)


@pytest.fixture
def library(tmp_path: Path, world: World, media: MediaLibrary) -> Library:
    return Library(ImageStore(tmp_path / "images", QUOTA, []), MediaStore(media), Fetcher(), world.events, 1 << 40)


@pytest.fixture
async def jobs(world: World, library: Library) -> AsyncIterator[Jobs]:
    opened = jobs_of(world, SystemClock(), chores=[library.chore()])
    yield opened
    await opened.close()


async def add(library: Library, jobs: Jobs, content: bytes = ISO, name: str = "debian-12.iso") -> Job:
    request = {"medium": name, "file_sha256": sha256(content), "file_size": len(content)}
    job = await jobs.begin("import", request, ADMIN)
    await (await library.upload(job)).take(0, pieces(content))
    return await ended(jobs, job)


async def test_a_medium_is_added_listed_inserted_and_deleted(library, jobs, media, world, tmp_path):
    job = await add(library, jobs)
    assert (job.state, job.title) == (JobState.COMPLETED, "import of medium debian-12.iso")
    (medium,) = library.media.listed()
    told = (medium.name, medium.size, medium.sha256, medium.account, medium.own)
    assert told == ("debian-12.iso", len(ISO), sha256(ISO), "admin", True)
    path = Path(await media.path("debian-12.iso"))
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (ISO, 0o644)
    await library.remove("medium", "debian-12.iso", ADMIN, [], [])
    assert library.media.listed() == []
    assert list((tmp_path / "media" / "added").iterdir()) == []
    events = [*await world.told(EventKind.MEDIA_ADDED), *await world.told(EventKind.MEDIA_REMOVED)]
    assert [event.details for event in events] == [{"medium": "debian-12.iso"}] * 2
    (record,) = [each for each in await world.audit.read() if each.action == "import"]
    assert (record.kind.value, record.target) == ("medium", "debian-12.iso")


async def test_what_lies_in_the_media_directory_is_listed_and_stays(library, jobs, media, tmp_path):
    (tmp_path / "media" / "memtest 7.iso").write_bytes(b"memtest")
    (tmp_path / "media" / ".hidden").touch()
    (tmp_path / "media" / os.fsdecode(b"not \xff utf-8")).touch()
    (medium,) = library.media.listed()
    assert (medium.name, medium.size, medium.sha256, medium.account, medium.own) == ("memtest 7.iso", 7, "", "", False)
    with pytest.raises(Refused, match="who put it there deletes it there"):
        await library.remove("medium", "memtest 7.iso", ADMIN, [], [])
    await add(library, jobs)
    (tmp_path / "media" / "debian-12.iso").write_bytes(b"other")
    assert Path(await media.path("debian-12.iso")).read_bytes() == b"other"
    assert [each.size for each in library.media.listed()] == [5, 7]
    for absent in ("b.iso", "../config.toml", ".hidden", "a" * 2000, "a\0b", "\ud800", ""):
        with pytest.raises(NotFound, match="there is no medium"):
            await library.remove("medium", absent, ADMIN, [], [])


async def test_a_name_that_is_taken_or_a_file_that_is_packed_is_refused(library, jobs, tmp_path):
    (tmp_path / "media" / "a.iso").touch()
    with pytest.raises(Refused, match=r"there is a medium a\.iso already"):
        await add(library, jobs, name="a.iso")
    first = await jobs.begin("import", {"medium": "b.iso", "file_sha256": "0" * 64, "file_size": 1}, ADMIN)
    with pytest.raises(Busy, match=r"the medium b\.iso is just being added"):
        await add(library, jobs, name="b.iso")
    await jobs.cancel(first.id, ADMIN)
    await ended(jobs, first)
    with pytest.raises(InvalidRequest, match="put a file of this machine into the media directory"):
        await jobs.begin("import", {"medium": "c.iso", "file": "c.iso"}, ADMIN)
    job = await add(library, jobs, gzip.compress(os.urandom(4096)))
    assert "said to be raw, but it is gzip" in job.message
    assert [each.name for each in library.media.listed()] == ["a.iso"]
    assert list((tmp_path / "media" / "added").iterdir()) == []


async def test_what_is_fetched_and_what_is_added_share_one_quota(library, jobs, media, tmp_path):
    (media.fetched / "old.iso").write_bytes(bytes(QUOTA - len(ISO)))
    with pytest.raises(BackendFailed, match=r"there is no room for the medium: .*media\.quota_gib"):
        await add(library, jobs, bytes(2 * len(ISO)))
    assert (await add(library, jobs)).state is JobState.COMPLETED
    app = web.Application()
    app.router.add_get("/x.iso", _answer)
    async with TestServer(app, host="127.0.0.1") as server:  # what was fetched long ago makes room
        fetched = Path(await media.path(f"http://127.0.0.1:{server.port}/x.iso"))
    assert list(media.fetched.iterdir()) == [fetched]


async def _answer(_: web.Request) -> web.Response:
    return web.Response(body=b"x")


async def test_a_crash_leaves_a_medium_or_nothing(library, jobs, media):
    await add(library, jobs)
    entry = media.added / ".debian-12.iso.json"
    entry.unlink()  # as when it came to lie there, and its entry did not
    (medium,) = MediaStore(media).listed()
    assert (medium.size, medium.sha256, medium.own) == (len(ISO), "", True)
    (media.added / ".gone.iso.json").touch()
    (media.added / ".part-x").touch()
    MediaStore(media)
    assert [file.name for file in media.added.iterdir()] == ["debian-12.iso"]
    await asyncio.to_thread(library.media.remove, "debian-12.iso")
    assert list(media.added.iterdir()) == []
