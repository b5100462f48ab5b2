"""The images that were added for disks, and the catalogue that shows them."""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from bmc.images.catalogue import FILE_NAME, NAME, Catalogue, Image, Proof, SeedKind, describe, lies_in
from bmc.images.encodings import SUFFIXES, Encoding, format_of
from bmc.images.shelf import Arrived, Part, Shelf
from bmc.images.uses import written_by
from bmc.model.boot import BootMode
from bmc.model.errors import BackendFailed, Busy, InvalidRequest, NotFound, Refused
from bmc.model.job import Job
from bmc.model.node import NodeSnapshot
from bmc.model.url import shown


class ImageStore(Shelf):
    """Images in `directory`, which take at most `quota` bytes; and those whose file stays where the operator has it,
    in one of the directories `outside`. `catalogue` shows them behind the images in the directories `built`.

    A request says `format`, `title`, `description`, `kernel`, `firmware`, `seed` and `proofs`.
    """

    word, section, names = "image", "images", NAME

    def __init__(self, directory: Path, quota: int, built: Sequence[Path], outside: Sequence[Path] = ()) -> None:
        self._outside = tuple(outside)
        self._own = Catalogue(directory, outside=outside)
        self.catalogue = Catalogue(*built, directory, outside=outside)
        super().__init__(directory, quota)

    def has(self, name: str) -> bool:
        return name in {image.name for image in self.catalogue.list()} or self.is_own(name)

    def check(self, request: Mapping[str, object]) -> tuple[Mapping[str, object], Sequence[str]]:
        name, wrong = str(request["image"]), []
        if self.has(name):
            raise Refused(f"there is an image {name} already; delete it first, or choose another name")
        source = str(request.get("url") or request.get("file") or "")
        if request.get("format") is None and (found := format_of(shown(source))) is not None:
            request = {**request, "format": found}
        if request.get("format") is None:
            wrong.append("format: the file's name does not tell; say raw or qcow2, with .gz, .xz or .zst if packed")
        given = cast("Mapping[str, Any]", request)
        if proofless := unprovable(given.get("seed") or "none", given.get("proofs") or ()):
            wrong.append(proofless)
        return request, wrong

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

    def add(self, request: Mapping[str, object], arrived: Arrived, part: Part | None) -> None:
        given = cast("Mapping[str, Any]", request)
        name = given["image"]
        image = Image(
            name=name,
            title=given.get("title") or name,
            path=arrived.file or self._directory / file_name(name, arrived.encoding),
            encoding=arrived.encoding,
            size=arrived.size,
            sha256=arrived.sha256,
            firmware=frozenset(map(BootMode, given.get("firmware") or BootMode)),
            seed=given.get("seed") or "none",
            proofs=frozenset(given.get("proofs") or ()),
            description=given.get("description") or "",
            kernel=given.get("kernel") or "other",
            file_sha256=arrived.file_sha256,
            account=arrived.account,
            added=arrived.at,
        )
        self._keep(name, image.path.name, part, lambda: self._text(image))

    def change(self, name: str, **fields: Any) -> Image:
        """Say something else of an image. :raise InvalidRequest: it cannot be so. :raise NotFound:
        :raise Refused: it was built here. :raise BackendFailed:
        """
        with self._writing:
            self._check_own(name)
            image = replace(self._own.get(name), **fields)
            if wrong := unprovable(image.seed, image.proofs):
                raise InvalidRequest(wrong)
            try:
                self._write(name, self._text(image))
            except OSError as error:
                raise BackendFailed(f"the image cannot be changed: {error.strerror}") from error
        return image

    def check_unused(self, name: str, nodes: Sequence[NodeSnapshot], jobs: Sequence[Job]) -> None:
        """Nodes that have it keep it."""
        for job in written_by(name, jobs):
            raise Busy(f"job {job.id} puts the image {name} on {job.node}; wait for it or cancel it")

    def _is_there(self, name: str) -> bool:
        return self._json(name).exists()

    def _check_own(self, name: str) -> None:
        if not self.is_own(name):
            self.catalogue.get(name)
            raise Refused(f"the image {name} was built here and cannot be changed or deleted")

    def _json(self, name: str) -> Path:
        return self._directory / f"{name}.json"

    def _file_names(self, name: str) -> list[str]:
        return [file_name(name, encoding) for encoding in SUFFIXES]

    def _text(self, image: Image) -> str:
        return describe(image, outside=image.path.parent != self._directory)

    def _sweep(self) -> None:
        """Images that nothing lists, too. All else is somebody's, as lost+found."""
        super()._sweep()
        listed = {name for file in self._directory.glob("*.json") for name in self._file_names(file.stem)}
        endings = tuple(self._file_names(""))
        for file in self._directory.iterdir():
            if file.name.endswith(endings) and file.name not in listed:
                file.unlink()


def file_name(name: str, encoding: Encoding) -> str:
    """What the file of an image is called here."""
    return f"{name}.raw{SUFFIXES[encoding]}"


def unprovable(seed: SeedKind, proofs: Collection[Proof]) -> str:
    """Why an image cannot give these proofs, each of which is told to the new system by its seed; "" if it can."""
    if seed != "none" or not proofs:
        return ""
    return "proofs: an image with seed none is told nothing that it could prove itself by; say which seed it reads"
