"""Where files that were added are kept: whole and listed, or not at all."""

import os
import re
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bmc.images.encodings import Encoding
from bmc.media import ROOM_LEFT
from bmc.model.errors import BackendFailed
from bmc.model.job import Job
from bmc.model.node import NodeSnapshot

PART, UPLOAD = ".part-", ".upload-"
UPLOAD_KEPT = 24 * 3600.0
"""Seconds for which an upload outlives the service that took it."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that has come whole. `size` (bytes) and `sha256` are of what is in it, however it is packed; `at` is in
    seconds since the epoch. `file` lies outside of the shelf, where it stays; None: the shelf gets the file.
    """

    encoding: Encoding
    size: int
    sha256: str
    file_sha256: str
    account: str
    at: float
    file: Path | None = None


class Part:
    """A file that grows to `size` bytes. It is nothing yet."""

    def __init__(self, shelf: "Shelf", descriptor: int, path: Path) -> None:
        self._shelf = shelf
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        self.path = path
        self.size = os.fstat(descriptor).st_size

    def expect(self, size: int) -> None:
        """So many bytes are to be written. :raise BackendFailed: there is no room for them."""
        if size > self._shelf.room():
            raise BackendFailed(f"there is no room for the image: {self._shelf.full}")

    def write(self, data: bytes) -> None:
        """All of it, or else what was written counts for nothing. :raise BackendFailed: there is no room."""
        self.expect(len(data))
        view, at = memoryview(data), self.size
        try:
            while view:
                written = os.pwrite(self._file.fileno(), view, at)
                view, at = view[written:], at + written
        except OSError as error:
            raise _unwritable(error) from error
        self.size = at

    def sync(self) -> None:
        """On the disk, too. :raise BackendFailed:"""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(error) from error

    def close(self) -> None:
        """:raise BackendFailed: as `sync`."""
        if self._file.closed:
            return
        try:
            self.sync()
        finally:
            self._file.close()


class Shelf(ABC):
    """Files in `directory`, and beside each a JSON file that lists it. They take at most `quota` bytes.

    `word` is what one of them is called, in requests, events and the audit; `section` where the configuration has the
    quota; `names` the pattern of what one that is added may be called: no other name leads to a path.
    """

    word: str
    section: str
    names: str

    def __init__(self, directory: Path, quota: int) -> None:
        self._directory = directory
        self._quota = quota
        self._writing = threading.Lock()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether the name is taken, by what was added or by what was there anyway."""

    @abstractmethod
    def check(self, request: Mapping[str, object]) -> tuple[Mapping[str, object], Sequence[str]]:
        """The request for a new one, completed, and all that is wrong with it. :raise Refused: its name is taken."""

    @abstractmethod
    def outside(self, name: str) -> Path:
        """A file of this machine that may be listed. :raise InvalidRequest, NotFound:"""

    @abstractmethod
    def add(self, request: Mapping[str, object], arrived: Arrived, part: Part | None) -> None:
        """List it. Its file is `part`, which becomes the shelf's, or else lies outside.

        :raise BackendFailed: it cannot be written, and is not listed.
        """

    @abstractmethod
    def check_unused(self, name: str, nodes: Sequence[NodeSnapshot], jobs: Sequence[Job]) -> None:
        """:raise Busy, Refused: who uses it, of these nodes and of these jobs that are under way."""

    def is_own(self, name: str) -> bool:
        """Whether it was added, and may be removed."""
        return re.fullmatch(self.names, name) is not None and self._is_there(name)

    @abstractmethod
    def _is_there(self, name: str) -> bool:
        """Whether one of this name was added."""

    @abstractmethod
    def _check_own(self, name: str) -> None:
        """:raise NotFound: :raise Refused: it was not added."""

    @abstractmethod
    def _json(self, name: str) -> Path:
        """The file that lists it."""

    @abstractmethod
    def _file_names(self, name: str) -> list[str]:
        """What its file may be called in the directory."""

    @property
    def full(self) -> str:
        """What bounds it, in words."""
        most = f"{self.section} may take {self._quota >> 30} GiB ({self.section}.quota_gib)"
        return f"{most}, and {ROOM_LEFT >> 20} MiB stay free"

    def room(self) -> int:
        """Bytes that may still be written."""
        free = os.statvfs(self._directory)
        return max(0, min(self._quota - self._used(), free.f_bavail * free.f_frsize - ROOM_LEFT))

    def _used(self) -> int:
        return bytes_in(self._directory)

    @contextmanager
    def part(self) -> Iterator[Part]:
        """A file to write to; gone at the end, unless it was kept."""
        try:
            descriptor, name = tempfile.mkstemp(dir=self._directory, prefix=PART)
        except OSError as error:
            raise _unwritable(error) from error
        part = Part(self, descriptor, Path(name))
        try:
            yield part
        finally:
            with suppress(BackendFailed):
                part.close()
            part.path.unlink(missing_ok=True)

    @contextmanager
    def upload(self, job: Job) -> Iterator[Part]:
        """The file that is uploaded for the job, as far as it has come. It stays until it is kept or dropped."""
        path = self._upload_path(job)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(error) from error
        part = Part(self, descriptor, path)
        try:
            yield part
        finally:
            with suppress(BackendFailed):
                part.close()

    def drop_upload(self, job: Job) -> None:
        self._upload_path(job).unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Not listed any more, and then gone, but for a file outside. Whoever reads it now reads on.

        :raise NotFound: :raise Refused: it was not added.
        """
        with self._writing:
            self._check_own(name)
            self._json(name).unlink(missing_ok=True)
            self._sync()
            for file in self._file_names(name):
                (self._directory / file).unlink(missing_ok=True)

    def _keep(self, name: str, file: str, part: Part | None, text: Callable[[], str]) -> None:
        """List what `text` describes; `part` becomes `file` in the directory. :raise BackendFailed:"""
        try:
            if part is not None:
                part.close()
            with self._writing:
                if part is not None:
                    part.path.rename(self._directory / file)
                self._write(name, text())
        except OSError as error:
            raise _unwritable(error) from error

    def _write(self, name: str, text: str) -> None:
        descriptor, written = tempfile.mkstemp(dir=self._directory, prefix=PART)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            Path(written).rename(self._json(name))
        finally:
            Path(written).unlink(missing_ok=True)
        self._sync()

    def _upload_path(self, job: Job) -> Path:
        """The number of a job may come again, in a store that was put back from a backup; its beginning does not."""
        return self._directory / f"{UPLOAD}{job.id}-{job.started * 1000:.0f}"

    def _sync(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _sweep(self) -> None:
        """What a crash has left."""
        old = time.time() - UPLOAD_KEPT
        for file in self._directory.iterdir():
            if file.name.startswith(PART) or (file.name.startswith(UPLOAD) and file.stat().st_mtime < old):
                file.unlink()


def bytes_in(directory: Path) -> int:
    """Of all its files."""
    used = 0
    for file in directory.iterdir():
        with suppress(FileNotFoundError):  # it has just been removed
            used += file.stat().st_size
    return used


def _unwritable(error: OSError) -> BackendFailed:
    return BackendFailed(f"the image cannot be written: {error.strerror}")
