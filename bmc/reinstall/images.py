"""The image catalogue: what can be written to a node's disk, described by one JSON file beside each image."""

import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bmc.model.boot import BootMode
from bmc.model.errors import BackendFailed, NotFound

Encoding = Literal["raw", "gzip", "zstd"]
SeedKind = Literal["lightsout", "nocloud", "configdrive", "none"]
"""How a new system learns what is its own: as ours do, as cloud-init's NoCloud or ConfigDrive, or not at all."""
LABELS: dict[SeedKind, str] = {"lightsout": "CIDATA", "nocloud": "CIDATA", "configdrive": "config-2"}
"""What the FAT file system is called that the files of a seed are in."""
Proof = Literal["serial-nonce", "phone-home", "ssh-login"]
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Image:
    """One operating-system image. `size` (bytes) and `sha256` are those of the raw content, however `path` is encoded.

    `proofs` names what the installed system can give.
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


class Entry(BaseModel):
    """The JSON file of an image; `file` lies beside it."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    description: str = ""
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    encoding: Encoding
    size: int = Field(gt=0, multiple_of=512)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    firmware: list[BootMode] = Field(min_length=1)
    seed: SeedKind = "none"
    proofs: list[Proof] = []


class Catalogue:
    """The images of these directories. Read anew at each call, so that an image added is an image seen."""

    def __init__(self, *directories: Path) -> None:
        self._directories = directories

    def list(self) -> list[Image]:
        """All images by name. :raise BackendFailed: a JSON file is no description of an image, or its image is gone."""
        files = (file for directory in self._directories for file in directory.glob("*.json"))
        return sorted(map(self._read, files), key=lambda image: image.name)

    def get(self, name: str) -> Image:
        """:raise NotFound: no such image; the text names those that there are."""
        images = self.list()
        for image in images:
            if image.name == name:
                return image
        known = ", ".join(image.name for image in images) or "none; `bmc image build` makes some"
        raise NotFound(f"there is no image '{name}'; known are: {known}")

    def _read(self, file: Path) -> Image:
        try:
            entry = Entry.model_validate_json(file.read_bytes())
        except (OSError, ValidationError) as error:
            raise BackendFailed(f"image description {file}: {error}") from error
        path = file.parent / entry.file
        if not path.is_file():
            raise BackendFailed(f"image description {file} names {entry.file}, which is not there")
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
        )


def describe(image: Image) -> str:
    """The JSON that a Catalogue reads back as `image`."""
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
    )
    return json.dumps(entry.model_dump(mode="json"), indent=2) + "\n"


def unpack(image: Image, out: Path) -> None:
    """Write the raw content to the new file `out` (0600, sparse), which appears only when it is whole and right.

    :raise BackendFailed: the content is not what the catalogue promises, or the encoding is not raw or gzip.
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
    if image.encoding == "zstd":
        raise BackendFailed(f"image {image.name} is encoded as zstd; only raw and gzip can be unpacked here")
    try:
        with cast(BinaryIO, gzip.open(image.path) if image.encoding == "gzip" else image.path.open("rb")) as source:
            while chunk := source.read(CHUNK):
                yield chunk
    except (OSError, EOFError) as error:
        raise BackendFailed(f"image {image.name}: {image.path}: {error}") from error
