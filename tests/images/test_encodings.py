"""What is packed comes out as it was, in bounded pieces; what is not sound says so."""

import lzma
import os
import subprocess
from pathlib import Path

import pytest

from bmc.images.encodings import CHUNK, Damaged, Decoder, Encoding, looks_like
from tests.images.packing import packed, qcow2

CONTENT = os.urandom(300_000) + bytes(5 * CHUNK) + b"end".ljust(512, b".")
PACKED: tuple[Encoding, ...] = ("gzip", "xz", "zstd")


def decoded(encoding: Encoding, data: bytes, step: int = 50_000) -> bytes:
    decoder, found = Decoder(encoding), bytearray()
    for start in range(0, len(data), step):
        for piece in decoder.push(data[start : start + step]):
            assert len(piece) <= CHUNK
            found += piece
    decoder.end()
    return bytes(found)


@pytest.mark.parametrize("step", [1000, 10**9])
@pytest.mark.parametrize("encoding", PACKED)
def test_what_was_packed_comes_out_as_it_was(encoding: Encoding, step: int) -> None:
    assert decoded(encoding, packed(encoding, CONTENT), step) == CONTENT


@pytest.mark.parametrize("encoding", PACKED)
def test_members_one_behind_another_are_one_content(encoding: Encoding) -> None:
    assert decoded(encoding, packed(encoding, b"a" * 9) + packed(encoding, b"b" * 9)) == b"a" * 9 + b"b" * 9


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-4], "truncated"),
        (lambda data: data[:100_000], "truncated"),
        (lambda data: data + b"more" * 30, "no sound"),
        (lambda data: b"<!DOCTYPE html>" * 30, "no sound"),
        (lambda data: data[:50_000] + os.urandom(5_000) + data[55_000:], "no sound|truncated"),
    ],
    ids=["tail cut", "half", "tail of garbage", "garbage", "rotten"],
)
def test_what_is_not_sound_says_so(encoding: Encoding, damage, words: str) -> None:
    with pytest.raises(Damaged, match=words):
        decoded(encoding, damage(packed(encoding, CONTENT)))


def test_what_takes_more_memory_than_a_node_may_have_is_refused(tmp_path: Path) -> None:
    huge = lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 27}])
    with pytest.raises(Damaged, match="more than 64 MiB of memory"):
        decoded("xz", huge)
    long = subprocess.run(["zstd", "-3", "--long=27", "-c"], input=CONTENT * 60, capture_output=True, check=True)
    with pytest.raises(Damaged, match="more than 64 MiB of memory"):
        decoded("zstd", long.stdout)
    best = subprocess.run(["xz", "-9", "-c"], input=b"small", capture_output=True, check=True)
    assert decoded("xz", best.stdout) == b"small"


def test_a_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    for encoding in PACKED:
        assert looks_like(packed(encoding, CONTENT)) == encoding
    assert looks_like(qcow2(bytes(CHUNK), tmp_path)) == "qcow2"
    assert looks_like(CONTENT[-512:]) == ""
