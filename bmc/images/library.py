"""The library: images for disks and media for virtual drives are added to it in one way, whole and right or not at all.

The bytes come once, by URL, by upload or from a configured directory, and are looked at on the way. What streams stays
as it came; a qcow2 becomes zstd. The digest that was promised is that of the file as it came.
"""

import asyncio
import hmac
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, cast

from bmc.events import Events
from bmc.fetch import Fetcher
from bmc.images.catalogue import Image
from bmc.images.encodings import Encoder, Format, format_parts
from bmc.images.intake import Content, Intake
from bmc.images.media import MediaStore
from bmc.images.qcow2 import read_disk, virtual_size
from bmc.images.shelf import Arrived, Part, Shelf
from bmc.images.store import ImageStore
from bmc.images.threads import finished
from bmc.images.upload import Upload
from bmc.jobs import Chore, StepFailed, Work
from bmc.model.caller import Caller
from bmc.model.errors import BackendFailed, BmcError, Busy, InvalidRequest, NotFound, WrongState
from bmc.model.events import Event, EventKind
from bmc.model.job import Job, JobState
from bmc.model.node import NodeSnapshot

KIND = "import"
RECEIVE, CONVERT, ADD = "receive", "convert", "add"
HOUR = 3600.0
READ = 256 * 1024
EVENTS = {
    "image": (EventKind.IMAGE_ADDED, EventKind.IMAGE_REMOVED),
    "medium": (EventKind.MEDIA_ADDED, EventKind.MEDIA_REMOVED),
}


class Library:
    """A job's request: `image` or `medium` (its name), `file_sha256`, and `url` or `file`, or `file_size` of what is
    uploaded; and what its shelf wants beside. Secrets: `url`, as it is.

    `largest`: bytes of a raw disk.
    """

    def __init__(self, images: ImageStore, media: MediaStore, fetcher: Fetcher, events: Events, largest: int) -> None:
        self.images = images
        self.media = media
        self._shelves: Mapping[str, Shelf] = {images.word: images, media.word: media}
        self._fetcher = fetcher
        self._events = events
        self._largest = largest
        self._uploads: dict[str, Upload] = {}

    def chore(self) -> Chore:
        return Chore(KIND, (RECEIVE, CONVERT, ADD), self._prepare, self._run, self._clean_up, 24 * HOUR, HOUR)

    async def upload(self, job: Job) -> Upload:
        """What goes on for the job. :raise NotFound: it waits for nothing."""
        for _ in range(100):  # it may just be beginning
            if job.id in self._uploads or job.step not in ("", RECEIVE) or job.state.ended:
                break
            await asyncio.sleep(0.05)
        if (upload := self._uploads.get(job.id)) is None:
            raise NotFound(f"job {job.id} waits for no upload")
        return upload

    async def arrived(self, job: Job) -> int:
        """Bytes of the upload that are here. :raise NotFound: it waits for nothing, and has got nothing."""
        whole = job.state is JobState.COMPLETED or job.step in (CONVERT, ADD)
        if "file_size" in job.request and whole and job.state not in (JobState.EXCEPTION, JobState.CANCELLED):
            return int(str(job.request["file_size"]))
        return (await self.upload(job)).offset

    async def change(self, name: str, fields: Mapping[str, object], caller: Caller) -> Image:
        """Say something else of an image. :raise NotFound, Refused, InvalidRequest, BackendFailed: as ImageStore."""
        image = await asyncio.to_thread(lambda: self.images.change(name, **fields))
        await self._tell(EventKind.IMAGE_CHANGED, "image", name, "changed", caller.account)
        return image

    async def remove(
        self, word: str, name: str, caller: Caller, nodes: Sequence[NodeSnapshot], jobs: Sequence[Job]
    ) -> None:
        """:raise Busy, Refused: one of the `nodes`, or of the `jobs` under way, uses it; or it was not added.
        :raise NotFound:
        """
        shelf = self._shelves[word]
        shelf.check_unused(name, nodes, jobs)
        await asyncio.to_thread(shelf.remove, name)
        await self._tell(EVENTS[word][1], word, name, "deleted", caller.account)

    def _prepare(self, request: Mapping[str, object], under_way: Sequence[Job]) -> Mapping[str, object]:
        shelf, name = self._shelf(request)
        if any(job.kind == KIND and job.request.get(shelf.word) == name for job in under_way):
            raise Busy(f"the {shelf.word} {name} is just being added")
        if not re.fullmatch(shelf.names, name):
            raise InvalidRequest(f"the name {name[:80]!r} of the {shelf.word} must match {shelf.names}")
        request, found = shelf.check(request)
        wrong = list(found)
        if "file" in request:
            try:
                shelf.outside(str(request["file"]))
            except (NotFound, InvalidRequest) as error:
                wrong.append(f"file: {error}")
        elif not request.get("file_sha256"):
            wrong.append("sha256: the digest of the file is needed, for what comes over a network")
        if not request.keys() & {"url", "file", "file_size"}:
            wrong.append("size: the bytes of the file are needed, for what is uploaded")
        if wrong:
            raise InvalidRequest("; ".join(wrong))
        if "file_size" in request and int(str(request["file_size"])) > shelf.room():
            raise BackendFailed(f"there is no room for the {shelf.word}: {shelf.full}")
        return request

    def _shelf(self, request: Mapping[str, object]) -> tuple[Shelf, str]:
        """Where it goes, and its name."""
        return next((shelf, str(request[word])) for word, shelf in self._shelves.items() if word in request)

    async def _run(self, work: Work, secrets: Mapping[str, Any]) -> None:
        shelf, name = self._shelf(work.job.request)
        if work.job.step != ADD or not shelf.is_own(name):  # else it was listed when the service died
            await self._bring(work, shelf, secrets)
        await self._tell(EVENTS[shelf.word][0], shelf.word, name, "added", work.job.account)

    async def _bring(self, work: Work, shelf: Shelf, secrets: Mapping[str, Any]) -> None:
        request = work.job.request
        kind, encoding = format_parts(cast(Format, request.get("format", "raw")))
        outside = shelf.outside(str(request["file"])) if "file" in request else None
        modified = outside.stat().st_mtime_ns if outside else 0
        with ExitStack() as stack:
            uploaded = stack.enter_context(shelf.upload(work.job)) if "file_size" in request else None
            there = uploaded.path if uploaded else outside
            stays = there is not None and "raw" in (kind, encoding)
            part = None if stays else stack.enter_context(shelf.part())
            intake = Intake(kind, encoding, part, self._largest)
            await self._receive(work, secrets, outside, uploaded, intake)
            if kind == "raw":
                part = uploaded or part
                content = intake.content
            else:
                source = part.path if part else there
                part = stack.enter_context(shelf.part())
                content, encoding = await self._convert(work, cast(Path, source), part), "zstd"
            await work.enter(ADD, 99, 1)
            if outside is not None and outside.stat().st_mtime_ns != modified:
                raise StepFailed(f"{outside} was changed while it was read")
            arrived = Arrived(
                encoding=encoding,
                size=content.size,
                sha256=content.digest.hexdigest(),
                file_sha256=str(request.get("file_sha256", "")),
                account=work.job.account,
                at=work.clock.now(),
                file=None if part else outside,
            )
            await finished(lambda: shelf.add(request, arrived, part))

    def _clean_up(self, job: Job) -> None:
        self._shelf(job.request)[0].drop_upload(job)

    async def _receive(
        self, work: Work, secrets: Mapping[str, Any], outside: Path | None, uploaded: Part | None, intake: Intake
    ) -> None:
        await work.enter(RECEIVE, 0, 60 if intake.kind == "qcow2" else 99)
        async with self._source(work, secrets, outside, uploaded) as (total, chunks):
            intake.expect(total or 0)
            async for chunk in chunks:
                stretches = intake.push(chunk)
                while await finished(lambda stretches=stretches: next(stretches, False)):  # type: ignore[misc]
                    pass
                percent = 100 * intake.file_size / total if total else 0
                details = {"bytes_done": intake.file_size} | ({"bytes_total": total} if total else {})
                await work.progress(percent, "receiving", **details)
            await finished(intake.end)
            wanted, found = str(work.job.request.get("file_sha256", "")), intake.file_digest.hexdigest()
            if wanted and not hmac.compare_digest(wanted, found):
                raise InvalidRequest(f"the file has SHA-256 {found}, not {wanted}")
        await work.note(file_sha256=found)

    @asynccontextmanager
    async def _source(
        self, work: Work, secrets: Mapping[str, Any], outside: Path | None, uploaded: Part | None
    ) -> AsyncIterator[tuple[int | None, AsyncIterator[bytes]]]:
        if outside is not None:
            async with aclosing(_read(outside)) as content:
                yield outside.stat().st_size, content
        elif uploaded is not None:
            async with self._uploaded(work, uploaded) as upload, aclosing(upload.content()) as content:
                yield upload.length, content
        else:
            async with self._fetcher.open(str(secrets["url"]), private=True) as download:
                yield download.length, download.chunks

    @asynccontextmanager
    async def _uploaded(self, work: Work, part: Part) -> AsyncIterator[Upload]:
        """While it comes."""
        upload = self._uploads[work.job.id] = Upload(part, int(str(work.job.request["file_size"])))
        error: BmcError = WrongState("the job has ended")
        try:
            await work.say(f"waiting for the upload; it must go on within {HOUR / 60:.0f} minutes")
            yield upload
        except BmcError as failure:
            error = failure
            raise
        finally:
            del self._uploads[work.job.id]
            await upload.close(error)

    async def _convert(self, work: Work, source: Path, part: Part) -> Content:
        await work.enter(CONVERT, 60, 39)
        total = await finished(lambda: virtual_size(source))
        if not 0 < total <= self._largest or total % 512:
            most = f"at most {self._largest >> 30} GiB (images.largest_gib)"
            raise InvalidRequest(f"the qcow2 is of a disk of {total} bytes; expected whole sectors, {most}")
        pieces, encoder, content = read_disk(source), Encoder(), Content()
        try:
            while piece := await finished(lambda: next(pieces, b"")):
                await finished(lambda piece=piece: part.write(encoder.push(content.add(piece))))  # type: ignore[misc]
                await work.progress(
                    100 * content.size / total, "converting", bytes_done=content.size, bytes_total=total
                )
            await finished(lambda: part.write(encoder.end()))
        finally:
            await finished(cast("Any", pieces).close)
        return content

    async def _tell(self, kind: EventKind, word: str, name: str, done: str, account: str) -> None:
        text = f"{word} {name} was {done} by {account}"
        await self._events.publish(Event(kind, text, at=0, account=account, details={word: name}))


async def _read(path: Path) -> AsyncGenerator[bytes, None]:
    try:
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, READ):
                yield chunk
    except OSError as error:
        raise BackendFailed(f"{path} cannot be read: {error.strerror}") from error
