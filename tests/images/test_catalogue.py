"""The catalogue tells only the truth about its images, and a seed finds its partition."""

import gzip
import hashlib
import json
import struct
from pathlib import Path

import pytest

from bmc.images.catalogue import Catalogue, Image, describe, unpack
from bmc.model.boot import BootMode
from bmc.model.errors import BackendFailed, InvalidRequest, NotFound
from bmc.reinstall.build_tools import run
from bmc.reinstall.images_seed import seed_image

MIB = 1 << 20
CONTENT = b"head".ljust(512, b".") + bytes(3 * MIB) + b"tail".ljust(512, b".")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    path = tmp_path / "tiny.raw.gz"
    path.write_bytes(gzip.compress(CONTENT))
    image = Image("tiny", "Tiny", path, "gzip", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(),
                  frozenset(BootMode), "lightsout", frozenset({"serial-nonce"}), "A small one.")  # fmt: skip
    (tmp_path / "tiny.json").write_text(describe(image))
    return image


def test_what_was_described_is_read_back(image: Image) -> None:
    catalogue = Catalogue(image.path.parent)
    assert catalogue.list() == [image]
    assert catalogue.get("tiny") == image


def test_an_unknown_image_is_answered_with_the_known_ones(image: Image) -> None:
    with pytest.raises(NotFound, match="no image 'huge'; known are: tiny"):
        Catalogue(image.path.parent).get("huge")


def test_an_empty_catalogue_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="bmc image build"):
        Catalogue(tmp_path).get("tiny")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("file", "../../etc/shadow"),
        ("sha256", "abc"),
        ("size", 100),
        ("firmware", []),
        ("encoding", "bzip2"),
        ("odd", 1),
    ],
)
def test_a_description_that_is_wrong_is_named(image: Image, key: str, value: object) -> None:
    file = image.path.parent / "tiny.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    with pytest.raises(BackendFailed, match=rf"tiny\.json[\s\S]*{key}"):
        Catalogue(image.path.parent).list()


def test_an_image_whose_file_is_gone_is_named(image: Image) -> None:
    image.path.unlink()
    with pytest.raises(BackendFailed, match=r"names tiny\.raw\.gz, which is not there"):
        Catalogue(image.path.parent).list()


def test_an_image_is_unpacked_whole_sparse_and_private(image: Image, tmp_path: Path) -> None:
    unpack(image, tmp_path / "disk")
    assert (tmp_path / "disk").read_bytes() == CONTENT
    status = (tmp_path / "disk").stat()
    assert status.st_mode & 0o777 == 0o600
    assert status.st_blocks * 512 < MIB * 3


@pytest.mark.parametrize("damage", [lambda data: data[:-2000], lambda data: gzip.compress(b"other" * 1000)])
def test_a_damaged_image_is_never_unpacked_by_half(image: Image, tmp_path: Path, damage) -> None:
    image.path.write_bytes(damage(image.path.read_bytes()))
    with pytest.raises(BackendFailed, match=r"tiny\.raw\.gz"):
        unpack(image, tmp_path / "disk")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["tiny.json", "tiny.raw.gz"]


def disk_with_seed(path: Path, table: str, fat: int) -> int:
    """A raw disk with one partition labelled CIDATA; returns where it starts, in bytes."""
    size = 40 * MIB if fat == 32 else 2 * MIB
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.truncate(size)
    run("mkfs.vfat", "-F", str(fat), "-n", "CIDATA", part)
    with path.open("wb") as disk:
        if table == "mbr":
            disk.seek(446)
            disk.write(struct.pack("<B3sB3sII", 0, b"", 0x0C, b"", MIB // 512, size // 512))
        else:
            disk.seek(512)
            disk.write(struct.pack("<8sIIIIQQQQ16sQII", b"EFI PART", 65536, 92, 0, 0, 1, 0, 34, 0, b"", 2, 128, 128))
            disk.seek(1024 + 128)  # the second entry: the first one is free
            disk.write(struct.pack("<16s16sQQ", b"type", b"id", MIB // 512, (MIB + size) // 512 - 1))
        disk.seek(MIB)
        disk.write(part.read_bytes())
    return MIB


@pytest.mark.parametrize(("table", "fat"), [("mbr", 12), ("mbr", 32), ("gpt", 12), ("gpt", 32)])
def test_a_seed_is_written_over_the_one_before(tmp_path: Path, table: str, fat: int) -> None:
    disk = tmp_path / "disk"
    offset = disk_with_seed(disk, table, fat)
    seed_image(disk, {"meta-data": b"old and longer", "lightsout.env": b"hostname='n1'\n"})
    seed_image(disk, {"meta-data": b"new"})
    assert run("mcopy", "-i", f"{disk}@@{offset}", "::meta-data", "-") == b"new"
    assert run("mcopy", "-i", f"{disk}@@{offset}", "::lightsout.env", "-") == b"hostname='n1'\n"


def test_a_disk_without_a_seed_partition_is_refused(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(bytes(MIB))
    with pytest.raises(BackendFailed, match="no FAT partition labelled CIDATA"):
        seed_image(tmp_path / "disk", {"meta-data": b""})


def test_a_seed_file_with_a_path_for_a_name_is_refused(tmp_path: Path) -> None:
    disk_with_seed(tmp_path / "disk", "mbr", 12)
    with pytest.raises(InvalidRequest, match="plain file name"):
        seed_image(tmp_path / "disk", {"../x": b""})
