"""Adding an image: its bytes come once, by URL, by upload or from a configured directory, and are checked on the way.

What streams stays as it came; a qcow2 becomes zstd. The digest that was promised is that of the file as it came.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from bmc.events import Events
from bmc.fetch import Fetcher, shown
from bmc.images.catalogue import Image, Proof, SeedKind
from bmc.images.encodings import Decoder, Encoder, Encoding, Format, format_of, format_parts, looks_like
from bmc.images.qcow2 import read_disk, virtual_size
from bmc.images.store import ImageStore, Part, file_name
from bmc.jobs import Chore, StepFailed, Work
from bmc.model.boot import BootMode
from bmc.model.caller import Caller
from bmc.model.errors import BackendFailed, BmcError, Busy, Denied, InvalidRequest, NotFound, Refused, WrongState
from bmc.model.events import Event, EventKind
from bmc.model.job import Job

T = TypeVar("T")

KIND = "import"
RECEIVE, CONVERT, ADD = "receive", "convert", "add"
HOUR = 3600.0
IDLE = 120.0
"""Seconds without progress."""
READ = 256 * 1024
STRETCH = 16 << 20
"""Bytes that are unpacked before a look at whether the job is still wanted."""
HEAD = 32
"""Bytes by which a file is known."""


@dataclass(slots=True)
class _Upload:
    """Where an upload and its job meet."""

    stream: "asyncio.Future[tuple[int | None, AsyncIterator[bytes]]]"
    taken: "asyncio.Future[None]"


class ImageImport:
    """A job's request: `image` (its name), `format`, `title`, `description`, `kernel`, `firmware`, `seed`, `proofs`,
    `file_sha256`, and `file` or `url`: without these it is uploaded. Secrets: `url`, as it is.

    `largest`: bytes of a raw disk.
    """

    def __init__(self, store: ImageStore, fetcher: Fetcher, events: Events, largest: int) -> None:
        self.store = store
        self._fetcher = fetcher
        self._events = events
        self._largest = largest
        self._uploads: dict[str, _Upload] = {}

    def chore(self) -> Chore:
        return Chore(KIND, (RECEIVE, CONVERT, ADD), self._prepare, self._run, 24 * HOUR, IDLE)

    async def upload(self, job: Job, caller: Caller, total: int | None, chunks: AsyncIterator[bytes]) -> None:
        """Give the job the bytes that it waits for; returns when it has taken them and they are right.

        :raise Denied: the job is another's. :raise WrongState: it waits for nothing. :raise BmcError: what is wrong.
        """
        if job.account != caller.account:
            raise Denied(f"job {job.id} is {job.account}'s; nobody else uploads for it")
        for _ in range(100):  # it may just be beginning
            if job.id in self._uploads or job.step not in ("", RECEIVE):
                break
            await asyncio.sleep(0.05)
        upload = self._uploads.get(job.id)
        if job.kind != KIND or job.state.ended or upload is None or upload.stream.done():
            raise WrongState(f"job {job.id} waits for no upload")
        upload.stream.set_result((total, chunks))
        await upload.taken

    async def change(self, name: str, fields: Mapping[str, object], caller: Caller) -> Image:
        """:raise NotFound, Refused, BackendFailed: as ImageStore says."""
        image = await asyncio.to_thread(lambda: self._change(name, fields))
        await self._tell(EventKind.IMAGE_CHANGED, name, "changed", caller.account)
        return image

    def _change(self, name: str, fields: Mapping[str, Any]) -> Image:
        if self.store.is_own(name):
            image = self.store.catalogue.get(name)
            if wrong := unprovable(fields.get("seed", image.seed), fields.get("proofs", image.proofs)):
                raise InvalidRequest(wrong)
        return self.store.change(name, **fields)

    async def remove(self, name: str, caller: Caller, jobs: Sequence[Job]) -> None:
        """:raise Busy: one of the `jobs` under way writes it. :raise NotFound, Refused: as ImageStore says."""
        for job in jobs:
            if job.kind != KIND and job.request.get("image") == name:
                raise Busy(f"job {job.id} puts the image {name} on {job.node}; wait for it or cancel it")
        await asyncio.to_thread(self.store.remove, name)
        await self._tell(EventKind.IMAGE_REMOVED, name, "deleted", caller.account)

    def _prepare(self, request: Mapping[str, object], under_way: Sequence[Job]) -> Mapping[str, object]:
        name, wrong = str(request["image"]), []
        if any(job.kind == KIND and job.request["image"] == name for job in under_way):
            raise Busy(f"the image {name} is just being added")
        if name in {image.name for image in self.store.catalogue.list()} or self.store.is_own(name):
            raise Refused(f"there is an image {name} already; delete it first, or choose another name")
        source = str(request.get("url") or request.get("file") or "")
        if request.get("format") is None and (found := format_of(shown(source))) is not None:
            request = {**request, "format": found}
        if request.get("format") is None:
            wrong.append("format: the file's name does not tell; say raw or qcow2, with .gz, .xz or .zst if packed")
        if "file" in request:
            try:
                self.store.outside(source)
            except (NotFound, InvalidRequest) as error:
                wrong.append(f"file: {error}")
        elif not request.get("file_sha256"):
            wrong.append("sha256: the digest of the file is needed, for what comes over a network")
        given = cast("Mapping[str, Any]", request)
        if proofless := unprovable(given.get("seed") or "none", given.get("proofs") or ()):
            wrong.append(proofless)
        if wrong:
            raise InvalidRequest("; ".join(wrong))
        return request

    async def _run(self, work: Work, secrets: Mapping[str, Any]) -> None:
        request = work.job.request
        kind, encoding = format_parts(cast(Format, request["format"]))
        outside = self.store.outside(str(request["file"])) if "file" in request else None
        modified = outside.stat().st_mtime_ns if outside else 0
        with ExitStack() as stack:
            stays = outside is not None and (kind == "raw" or encoding == "raw")
            part = None if stays else stack.enter_context(self.store.part())
            intake = _Intake(kind, encoding, part, self._largest)
            await self._receive(work, secrets, outside, intake)
            if kind == "raw":
                content = intake.content
            else:
                source = outside if part is None else part.path
                part = stack.enter_context(self.store.part())
                content, encoding = await self._convert(work, cast(Path, source), part), "zstd"
            await work.enter(ADD, 99, 1)
            if outside is not None and outside.stat().st_mtime_ns != modified:
                raise StepFailed(f"{outside} was changed while it was read")
            path = Path(file_name(str(request["image"]), encoding)) if part else cast(Path, outside)
            image = _described(request, path, encoding, content)
            await _finished(lambda: self.store.keep(image, part))
        await self._tell(EventKind.IMAGE_ADDED, image.name, "added", work.job.account)

    async def _receive(self, work: Work, secrets: Mapping[str, Any], outside: Path | None, intake: "_Intake") -> None:
        request = work.job.request
        await work.enter(RECEIVE, 0, 60 if intake.kind == "qcow2" else 99)
        async with self._source(work, secrets, outside) as (total, chunks):
            intake.expect(total or 0)
            async for chunk in chunks:
                stretches = intake.push(chunk)
                while await _finished(lambda stretches=stretches: next(stretches, False)):  # type: ignore[misc]
                    pass
                percent = 100 * intake.file_size / total if total else 0
                details = {"bytes_done": intake.file_size} | ({"bytes_total": total} if total else {})
                await work.progress(percent, "receiving", **details)
            await _finished(intake.end)
            wanted, found = str(request.get("file_sha256", "")), intake.file_digest.hexdigest()
            if wanted and not hmac.compare_digest(wanted, found):
                raise InvalidRequest(f"the file has SHA-256 {found}, not {wanted}")
        await work.note(file_sha256=found)

    @asynccontextmanager
    async def _source(
        self, work: Work, secrets: Mapping[str, Any], outside: Path | None
    ) -> AsyncIterator[tuple[int | None, AsyncIterator[bytes]]]:
        if outside is not None:
            yield outside.stat().st_size, _read(outside)
        elif "url" in secrets:
            async with self._fetcher.open(str(secrets["url"])) as download:
                yield download.length, download.chunks
        else:
            async with self._uploaded(work) as uploaded:
                yield uploaded

    @asynccontextmanager
    async def _uploaded(self, work: Work) -> AsyncIterator[tuple[int | None, AsyncIterator[bytes]]]:
        loop = asyncio.get_running_loop()
        upload = _Upload(loop.create_future(), loop.create_future())
        self._uploads[work.job.id] = upload
        error: BmcError = WrongState("the job has ended")
        try:
            await work.say(f"waiting for the upload; it must begin within {IDLE:.0f} s")
            yield await upload.stream
        except BmcError as failure:
            error = failure
            raise
        else:
            upload.taken.set_result(None)
        finally:
            del self._uploads[work.job.id]
            if upload.stream.done() and not upload.stream.cancelled() and not upload.taken.done():
                upload.taken.set_exception(error)

    async def _convert(self, work: Work, source: Path, part: Part) -> "_Content":
        await work.enter(CONVERT, 60, 39)
        total = await _finished(lambda: virtual_size(source))
        if not 0 < total <= self._largest or total % 512:
            most = f"at most {self._largest >> 30} GiB (images.largest_gib)"
            raise InvalidRequest(f"the qcow2 is of a disk of {total} bytes; expected whole sectors, {most}")
        pieces, encoder, content = read_disk(source), Encoder(), _Content()
        try:
            while piece := await _finished(lambda: next(pieces, b"")):
                await _finished(lambda piece=piece: part.write(encoder.push(content.add(piece))))  # type: ignore[misc]
                await work.progress(
                    100 * content.size / total, "converting", bytes_done=content.size, bytes_total=total
                )
            await _finished(lambda: part.write(encoder.end()))
        finally:
            await _finished(cast("Any", pieces).close)
        return content

    async def _tell(self, kind: EventKind, name: str, done: str, account: str) -> None:
        text = f"image {name} was {done} by {account}"
        await self._events.publish(Event(kind, text, at=0, account=account, details={"image": name}))


@dataclass(slots=True)
class _Content:
    """Of the raw disk."""

    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, raw: bytes) -> bytes:
        self.size += len(raw)
        self.digest.update(raw)
        return raw


class _Intake:
    """Takes the file as it comes, and knows at its end what is in it.

    `part` gets a raw disk as it came, a qcow2 unpacked, as it must be read from any place.
    """

    def __init__(self, kind: str, encoding: Encoding, part: Part | None, largest: int) -> None:
        self.kind = kind
        self.file_size = 0
        self.file_digest = hashlib.sha256()
        self.content = _Content(digest=self.file_digest) if encoding == "raw" else _Content()  # digested once
        self._encoding = encoding
        self._decoder = Decoder(encoding)
        self._part = part
        self._largest = largest
        self._file_head = self._head = b""

    def expect(self, total: int) -> None:
        """So many bytes will come. :raise BackendFailed: there is no room for them."""
        if self._part is not None:
            self._part.expect(total)

    def push(self, chunk: bytes) -> Iterator[bool]:
        """Work that is done as it is iterated over, in stretches, since a few bytes may be packed gigabytes.

        :raise InvalidRequest: it is something else than was said, or too large. :raise BackendFailed: no room.
        """
        self.file_size += len(chunk)
        if self.content.digest is not self.file_digest:
            self.file_digest.update(chunk)
        if len(self._file_head) < HEAD:
            self._file_head += chunk[:HEAD]
            self._check(self._file_head, self.kind if self._encoding == "raw" else self._encoding)
        if self._part is not None and self.kind == "raw":
            self._part.write(chunk)
        worked = 0
        for raw in self._decoder.push(chunk):
            self._take(raw)
            worked += len(raw)
            if worked >= STRETCH:
                worked = 0
                yield True

    def end(self) -> None:
        """:raise InvalidRequest: there should be more."""
        self._decoder.end()
        size = self.content.size
        if not size or (self.kind == "raw" and size % 512):
            raise InvalidRequest(f"the image has {size} bytes, which is no whole number of sectors: is it truncated?")

    def _take(self, raw: bytes) -> None:
        if len(self._head) < HEAD:
            self._head += raw[:HEAD]
            self._check(self._head, self.kind)
        if self.content.size + len(raw) > self._largest:
            raise InvalidRequest(
                f"the image has more than {self._largest >> 30} GiB (images.largest_gib) when unpacked"
            )
        self.content.add(raw)
        if self._part is not None and self.kind == "qcow2":
            self._part.write(raw)

    def _check(self, head: bytes, said: str) -> None:
        found = looks_like(head)
        if len(head) >= HEAD and found != ("" if said == "raw" else said):
            raise InvalidRequest(f"the file was said to be {said}, but it is {found or 'something else'}")


def unprovable(seed: SeedKind, proofs: Collection[Proof]) -> str:
    """Why an image cannot give these proofs, each of which is told to the new system by its seed; "" if it can."""
    if seed != "none" or not proofs:
        return ""
    return "proofs: an image with seed none is told nothing that it could prove itself by; say which seed it reads"


def _described(request: Mapping[str, object], path: Path, encoding: Encoding, content: _Content) -> Image:
    given = cast("Mapping[str, Any]", request)
    return Image(
        name=given["image"],
        title=given.get("title") or given["image"],
        path=path,
        encoding=encoding,
        size=content.size,
        sha256=content.digest.hexdigest(),
        firmware=frozenset(map(BootMode, given.get("firmware") or BootMode)),
        seed=given.get("seed") or "none",
        proofs=frozenset(given.get("proofs") or ()),
        description=given.get("description") or "",
        kernel=given.get("kernel") or "other",
        file_sha256=given.get("file_sha256") or "",
    )


async def _read(path: Path) -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, READ):
                yield chunk
    except OSError as error:
        raise BackendFailed(f"{path} cannot be read: {error.strerror}") from error


async def _finished(work: Callable[[], T]) -> T:
    """Done in a thread; whoever is cancelled meanwhile waits for its end, so that nothing is cleaned up under it."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # is nobody's any more
        raise
