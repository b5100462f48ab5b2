"""Disks packed in every way that an image may come."""

import gzip
import lzma
import subprocess
from pathlib import Path

from bmc.images.encodings import Encoder


def packed(encoding: str, content: bytes) -> bytes:
    if encoding == "gzip":
        return gzip.compress(content, 1)
    if encoding == "xz":
        return lzma.compress(content, preset=0)
    if encoding == "zstd":
        encoder = Encoder()
        return encoder.push(content) + encoder.end()
    return content


def qcow2(content: bytes, directory: Path) -> bytes:
    raw, out = directory / "content.raw", directory / "content.qcow2"
    raw.write_bytes(content)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", raw, out], check=True)
    made = out.read_bytes()
    raw.unlink()
    out.unlink()
    return made
