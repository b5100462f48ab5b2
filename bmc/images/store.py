"""Where images that were added are kept: whole and listed, or not at all."""

import os
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bmc.images.catalogue import FILE_NAME, Catalogue, Image, describe, lies_in
from bmc.images.encodings import SUFFIXES, Encoding
from bmc.model.errors import BackendFailed, InvalidRequest, NotFound, Refused

PART = ".part-"
ROOM_LEFT = 256 << 20
"""Bytes that the disk keeps for all else."""


class Part:
    """A file that grows. It is nothing yet."""

    def __init__(self, store: "ImageStore", descriptor: int, path: Path) -> None:
        self._store = store
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self.path = path

    def expect(self, size: int) -> None:
        """So many bytes are to be written. :raise BackendFailed: there is no room for them."""
        if size > self._store.room():
            raise BackendFailed(f"there is no room for the image: {self._store.full}")

    def write(self, data: bytes) -> None:
        """:raise BackendFailed: there is no room."""
        self.expect(len(data))
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise BackendFailed(f"the image cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """On the disk, too. :raise BackendFailed:"""
        if self._file.closed:
            return
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise BackendFailed(f"the image cannot be written: {error.strerror}") from error
        finally:
            self._file.close()


class ImageStore:
    """Images in `directory`, which take at most `quota` bytes; and those whose file stays where the operator has it,
    in one of the directories `outside`. `catalogue` shows them behind the images in the directories `built`.
    """

    def __init__(self, directory: Path, quota: int, built: Sequence[Path], outside: Sequence[Path] = ()) -> None:
        self._directory = directory
        self._quota = quota
        self._outside = tuple(outside)
        self._writing = threading.Lock()
        self._own = Catalogue(directory, outside=outside)
        self.catalogue = Catalogue(*built, directory, outside=outside)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()

    @property
    def full(self) -> str:
        """What bounds it, in words."""
        return f"images may take {self._quota >> 30} GiB (images.quota_gib), and {ROOM_LEFT >> 20} MiB stay free"

    def room(self) -> int:
        """Bytes that may still be written."""
        used = 0
        for file in self._directory.iterdir():
            with suppress(FileNotFoundError):  # it has just been removed
                used += file.stat().st_size
        free = os.statvfs(self._directory)
        return max(0, min(self._quota - used, free.f_bavail * free.f_frsize - ROOM_LEFT))

    def outside(self, name: str) -> Path:
        """The file of this name in the configured directories. :raise InvalidRequest: it is a path, or leads out of
        them: who may write there is not to have another file of this machine read. :raise NotFound:
        """
        if not re.fullmatch(FILE_NAME, name):
            raise InvalidRequest(
                f"{name[:80]!r} must be the name of a file in one of images.directories, of letters, digits, . _ and -"
            )
        for directory in self._outside:
            path = directory / name
            with suppress(OSError):
                if not path.is_file():
                    continue
                if not lies_in(path, self._outside):
                    raise InvalidRequest(f"{path} leads out of images.directories")
                return path
        where = ", ".join(map(str, self._outside)) or "none is configured"
        raise NotFound(f"there is no file {name[:80]!r} in images.directories ({where})")

    @contextmanager
    def part(self) -> Iterator[Part]:
        """A file to write to; gone at the end, unless it was kept."""
        try:
            descriptor, name = tempfile.mkstemp(dir=self._directory, prefix=PART)
        except OSError as error:
            raise BackendFailed(f"the image cannot be written: {error.strerror}") from error
        part = Part(self, descriptor, Path(name))
        try:
            yield part
        finally:
            with suppress(BackendFailed):
                part.close()
            part.path.unlink(missing_ok=True)

    def keep(self, image: Image, part: Part | None) -> Image:
        """List the image. Its file is `part`, which becomes the store's, or else lies outside, where it stays.

        :raise BackendFailed: it cannot be written, and is not listed.
        """
        try:
            if part is not None:
                part.close()
            with self._writing:
                if part is not None:
                    path = self._directory / image.path.name
                    part.path.rename(path)
                    image = replace(image, path=path)
                self._describe(image)
        except OSError as error:
            raise BackendFailed(f"the image cannot be written: {error.strerror}") from error
        return image

    def change(self, name: str, **fields: Any) -> Image:
        """Say something else of an image. :raise NotFound: :raise Refused: it was built here. :raise BackendFailed:"""
        with self._writing:
            image = replace(self._get(name), **fields)
            try:
                self._describe(image)
            except OSError as error:
                raise BackendFailed(f"the image cannot be changed: {error.strerror}") from error
        return image

    def remove(self, name: str) -> None:
        """Not listed any more, and then gone, but for a file outside. Whoever reads it now reads on.

        :raise NotFound: :raise Refused: it was built here.
        """
        with self._writing:
            self._check_own(name)
            self._json(name).unlink(missing_ok=True)
            self._sync()
            for file in _file_names(name):
                (self._directory / file).unlink(missing_ok=True)

    def is_own(self, name: str) -> bool:
        """Whether it was added, and may be changed and removed."""
        return self._json(name).exists()

    def _get(self, name: str) -> Image:
        self._check_own(name)
        return self._own.get(name)

    def _check_own(self, name: str) -> None:
        if not self.is_own(name):
            self.catalogue.get(name)
            raise Refused(f"the image {name} was built here and cannot be changed or deleted")

    def _json(self, name: str) -> Path:
        return self._directory / f"{name}.json"

    def _describe(self, image: Image) -> None:
        text = describe(image, outside=image.path.parent != self._directory)
        descriptor, name = tempfile.mkstemp(dir=self._directory, prefix=PART)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            Path(name).rename(self._json(image.name))
        finally:
            Path(name).unlink(missing_ok=True)
        self._sync()

    def _sync(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _sweep(self) -> None:
        """What a crash has left: parts, and images that nothing lists. All else is somebody's, as lost+found."""
        listed = {name for file in self._directory.glob("*.json") for name in _file_names(file.stem)}
        endings = tuple(_file_names(""))
        for file in self._directory.iterdir():
            if file.name.startswith(PART) or (file.name.endswith(endings) and file.name not in listed):
                file.unlink()


def file_name(name: str, encoding: Encoding) -> str:
    """What the file of an image is called here."""
    return f"{name}.raw{SUFFIXES[encoding]}"


def _file_names(name: str) -> list[str]:
    return [file_name(name, encoding) for encoding in SUFFIXES]
