"""A qcow2 is read only when it stands for itself alone."""

import os
import struct
import subprocess
from pathlib import Path

import pytest

from bmc.images.qcow2 import read_disk, virtual_size
from bmc.model.errors import InvalidRequest
from tests.images.packing import qcow2

MIB = 1 << 20
CONTENT = os.urandom(MIB) + bytes(6 * MIB) + b"end".ljust(1024, b".")


def image(directory: Path, *options: str, size: str = "8M") -> Path:
    path = directory / "made.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, path, size], check=True)
    return path


def forged(path: Path, offset: int, form: str, value: int) -> Path:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(struct.pack(form, value))
    return path


def test_the_content_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / 'odd "name", it is.qcow2'
    path.write_bytes(qcow2(CONTENT, tmp_path))
    assert virtual_size(path) == len(CONTENT)
    assert b"".join(read_disk(path)) == CONTENT


def test_a_file_that_refers_to_another_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"root:x:0" * 10_000)
    with pytest.raises(InvalidRequest, match="has a backing file"):
        next(read_disk(image(tmp_path, "-b", str(secret), "-F", "raw")))
    options = f"data_file={tmp_path / 'data'},data_file_raw=on"
    with pytest.raises(InvalidRequest, match="data in another file"):
        next(read_disk(image(tmp_path, "-o", options)))
    with pytest.raises(InvalidRequest, match="names a data file"):
        next(read_disk(forged(image(tmp_path, "-o", options), 72, ">Q", 0)))


@pytest.mark.parametrize(
    ("offset", "form", "value", "words"),
    [
        (0, ">I", 0, "no qcow2"),
        (4, ">I", 9, "version 9"),
        (8, ">Q", 512, "backing file"),
        (20, ">I", 63, "clusters of 2\\^63"),
        (32, ">I", 2, "encrypted"),
        (72, ">Q", 2, "marked as corrupt"),
        (72, ">Q", 1 << 40, "not known here"),
        (40, ">Q", 1 << 62, "damaged"),
    ],
)
def test_a_forged_header_is_refused(tmp_path: Path, offset: int, form: str, value: int, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        next(read_disk(forged(image(tmp_path), offset, form, value)))


def test_a_file_that_is_cut_off_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.qcow2"
    path.write_bytes(qcow2(os.urandom(4 * MIB), tmp_path)[:200_000])
    with pytest.raises(InvalidRequest, match="damaged"):
        list(read_disk(path))


def test_whoever_stops_reading_leaves_no_program_behind(tmp_path: Path) -> None:
    path = tmp_path / "left-alone.qcow2"
    path.write_bytes(qcow2(CONTENT, tmp_path))
    reading = read_disk(path)
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert subprocess.run(["pgrep", "-f", str(path)], capture_output=True).stdout == b""
