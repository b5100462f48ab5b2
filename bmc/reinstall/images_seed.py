"""Puts a node's seed into an image on the host, as the deploy ramdisk does on the node."""

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from bmc.model.errors import BackendFailed, InvalidRequest
from bmc.reinstall.build_tools import run

SECTOR = 512
# Where the volume label lies in a FAT boot sector: FAT12 and FAT16, FAT32 (Microsoft FAT specification §3.2, §3.3).
LABELS = (43, 71)


def seed_image(path: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` into the FAT partition labelled CIDATA of the raw image at `path`, over those of the same name.

    :raise InvalidRequest: a file name that is no plain name.
    :raise BackendFailed: the image has no such partition, or the files do not fit.
    """
    for name in files:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise InvalidRequest(f"seed file '{name}': expected a plain file name")
    offset = _seed_offset(path)
    for name, content in files.items():
        # By standard input: a seed holds secrets, and neither argv nor a temporary file is a place for those.
        run("mcopy", "-o", "-i", f"{path}@@{offset}", "-", f"::{name}", stdin=content)


def _seed_offset(path: Path) -> int:
    with path.open("rb") as disk:
        for offset in _partitions(disk):
            for position in LABELS:
                disk.seek(offset + position)
                if disk.read(11).rstrip().upper() == b"CIDATA":
                    return offset
    raise BackendFailed(f"{path} has no FAT partition labelled CIDATA for a seed")


def _partitions(disk: BinaryIO) -> Iterator[int]:
    """Where each partition starts, in bytes; GPT (UEFI specification §5.3) where there is one, or MBR (§5.2)."""
    disk.seek(SECTOR)
    header = disk.read(92)
    if header[:8] == b"EFI PART":
        table, count, size = struct.unpack_from("<QII", header, 72)
        starts = [(table * SECTOR + index * size + 32, "<Q") for index in range(min(count, 128))]
    else:
        starts = [(446 + index * 16 + 8, "<I") for index in range(4)]
    for position, form in starts:
        disk.seek(position)
        (first,) = struct.unpack(form, disk.read(struct.calcsize(form)))
        if first:
            yield first * SECTOR
