"""The image catalogue: what can be written to a node's disk, described by one JSON file for each image."""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bmc.images.encodings import CHUNK, Decoder, Encoding
from bmc.model.boot import BootMode
from bmc.model.errors import BackendFailed, InvalidRequest, NotFound

SeedKind = Literal["lightsout", "nocloud", "configdrive", "none"]
"""How a new system learns what is its own: as ours do, as cloud-init's NoCloud or ConfigDrive, or not at all."""
LABELS: dict[SeedKind, str] = {"lightsout": "CIDATA", "nocloud": "CIDATA", "configdrive": "config-2"}
"""What the FAT file system is called that the files of a seed are in."""
Proof = Literal["serial-nonce", "phone-home", "ssh-login"]
Kernel = Literal["linux", "windows", "bsd", "other"]
NAME = r"^[a-z0-9][a-z0-9.-]{0,63}$"
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Image:
    """One operating-system image. `size` (bytes) and `sha256` are those of the raw content, however `path` is encoded.

    `proofs` names what the installed system can give. `file_sha256` is the digest of the file that it was made from,
    "" if nobody said it. `account` added it at `added` (seconds since the epoch): "" and 0 for one that was built here.
    """

    name: str
    title: str
    path: Path
    encoding: Encoding
    size: int
    sha256: str
    firmware: frozenset[BootMode]
    seed: SeedKind
    proofs: frozenset[Proof]
    description: str = ""
    kernel: Kernel = "other"
    file_sha256: str = ""
    account: str = ""
    added: float = 0.0

    def boots_by(self, firmware: BootMode | None) -> bool:
        """On a node with this firmware; None: nobody knows which, and it may."""
        return firmware is None or firmware in self.firmware


class Entry(BaseModel):
    """The JSON file of an image; `file` lies beside it, or in `directory`, as it was at `modified` (nanoseconds)."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=NAME)
    title: str
    description: str = ""
    file: str = Field(pattern=FILE_NAME)
    encoding: Encoding
    size: int = Field(gt=0, multiple_of=512)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    firmware: list[BootMode] = Field(min_length=1)
    seed: SeedKind = "none"
    proofs: list[Proof] = []
    kernel: Kernel = "other"
    file_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    directory: str = ""
    modified: int = 0
    account: str = ""
    added: float = 0.0


class Catalogue:
    """The images of these directories. Read anew at each call, so that an image added is an image seen.

    Of two with one name that of the earlier directory counts. Images may lie in the directories `outside`, too.
    """

    def __init__(self, *directories: Path, outside: Sequence[Path] = ()) -> None:
        self._directories = directories
        self._outside = tuple(outside)

    def list(self) -> list[Image]:
        """All images by name, but those outside that cannot be had now.

        :raise BackendFailed: a JSON file is no description of an image, or its image is gone.
        """
        found: dict[str, Image] = {}
        for file in self._files():
            entry = _entry(file)
            if entry.name in found:
                continue
            try:
                found[entry.name] = self._image(file, entry)
            except BackendFailed as error:
                if not entry.directory:
                    raise
                log.warning("%s", error)
        return [found[name] for name in sorted(found)]

    def get(self, name: str) -> Image:
        """:raise NotFound: no such image; the text names those that there are. :raise BackendFailed: as `list`."""
        for file in self._files():
            if (entry := _entry(file)).name == name:
                return self._image(file, entry)
        known = ", ".join(image.name for image in self.list()) or "none; `bmc image build` makes some"
        raise NotFound(f"there is no image '{name}'; known are: {known}")

    def stamp(self) -> tuple[int, ...]:
        """Another one once an image has been added or removed, or its description replaced; cheap to ask for."""
        return tuple(map(_changed, self._directories))

    def _files(self) -> Iterator[Path]:
        return (file for directory in self._directories for file in sorted(directory.glob("*.json")))

    def _image(self, file: Path, entry: Entry) -> Image:
        path = (Path(entry.directory) if entry.directory else file.parent) / entry.file
        if not path.is_file():
            raise BackendFailed(f"image description {file} names {entry.file}, which is not there")
        if entry.directory:
            self._check_outside(entry, path)
        return Image(
            name=entry.name,
            title=entry.title,
            path=path,
            encoding=entry.encoding,
            size=entry.size,
            sha256=entry.sha256,
            firmware=frozenset(entry.firmware),
            seed=entry.seed,
            proofs=frozenset(entry.proofs),
            description=entry.description,
            kernel=entry.kernel,
            file_sha256=entry.file_sha256,
            account=entry.account,
            added=entry.added,
        )

    def _check_outside(self, entry: Entry, path: Path) -> None:
        if path.parent not in self._outside or not lies_in(path, self._outside):
            raise BackendFailed(f"image {entry.name}: {path.parent} is not in images.directories any more")
        if path.stat().st_mtime_ns != entry.modified:
            raise BackendFailed(f"image {entry.name}: {path} was changed since it was added; delete it and add it anew")


def lies_in(path: Path, directories: Sequence[Path]) -> bool:
    """Wherever links lead to."""
    return any(path.resolve().is_relative_to(directory.resolve()) for directory in directories)


def _changed(directory: Path) -> int:
    try:
        return directory.stat().st_mtime_ns
    except OSError:
        return 0


def _entry(file: Path) -> Entry:
    try:
        return Entry.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise BackendFailed(f"image description {file}: {error}") from error


def describe(image: Image, outside: bool = False) -> str:
    """The JSON that a Catalogue reads back as `image`; its file lies `outside` of the catalogue's own directories."""
    entry = Entry(
        name=image.name,
        title=image.title,
        description=image.description,
        file=image.path.name,
        encoding=image.encoding,
        size=image.size,
        sha256=image.sha256,
        firmware=sorted(image.firmware, key=lambda mode: mode.value),
        seed=image.seed,
        proofs=sorted(image.proofs),
        kernel=image.kernel,
        file_sha256=image.file_sha256,
        directory=str(image.path.parent) if outside else "",
        modified=image.path.stat().st_mtime_ns if outside else 0,
        account=image.account,
        added=image.added,
    )
    return json.dumps(entry.model_dump(mode="json"), indent=2) + "\n"


def unpack(image: Image, out: Path) -> None:
    """Write the raw content to the new file `out` (0600, sparse), which appears only when it is whole and right.

    :raise BackendFailed: the content is not what the catalogue promises.
    """
    descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}-")
    partial = Path(name)
    try:
        digest, size = hashlib.sha256(), 0
        with os.fdopen(descriptor, "wb") as target:
            for chunk in _raw(image):
                digest.update(chunk)
                size += len(chunk)
                if chunk.count(0) == len(chunk):
                    target.seek(size)
                else:
                    target.write(chunk)
            target.truncate(size)
        if digest.hexdigest() != image.sha256:
            found = digest.hexdigest()
            raise BackendFailed(f"image {image.name}: {image.path} has SHA-256 {found}, not {image.sha256}")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _raw(image: Image) -> Iterator[bytes]:
    decoder = Decoder(image.encoding)
    try:
        with image.path.open("rb") as source:
            while chunk := source.read(CHUNK):
                yield from decoder.push(chunk)
        decoder.end()
    except (OSError, InvalidRequest) as error:
        raise BackendFailed(f"image {image.name}: {image.path}: {error}") from error
