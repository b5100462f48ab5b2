"""How an image may be packed: decoded and encoded piece by piece, in bounded memory."""

import lzma
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, Protocol, cast

from bmc.model.errors import InvalidRequest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Encoding = Literal["raw", "gzip", "xz", "zstd"]
Format = Literal["raw", "raw.gz", "raw.xz", "raw.zst", "qcow2", "qcow2.gz", "qcow2.xz", "qcow2.zst"]

SUFFIXES: Mapping[Encoding, str] = {"raw": "", "gzip": ".gz", "xz": ".xz", "zstd": ".zst"}
"""What the name of a file that is packed so ends with."""

CHUNK = 1 << 20
WINDOW_LOG_MAX = 26
WINDOW_MAX = 1 << WINDOW_LOG_MAX
"""Bytes of what was decoded that a decoder may have to keep: the ramdisk decodes, in the memory of the node."""

_MAGIC: Mapping[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"PK\x03\x04": "a ZIP archive",
    b"QFI\xfb": "qcow2",
    b"KDMV": "VMDK",
    b"# Disk DescriptorFile": "VMDK",
    b"vhdxfile": "VHDX",
    b"conectix": "VHD",
    b"<<< ": "VDI",
}


class Damaged(InvalidRequest):
    """The bytes are not what they were said to be."""


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """One member of a gzip file, with the manners of the other decoders."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        raw = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        self.needs_input = not self._stream.unconsumed_tail and len(raw) < max_length
        return raw


def _xz() -> _Stream:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=WINDOW_MAX + (4 << 20))


def _zstd() -> _Stream:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW_LOG_MAX})


_STREAMS: Mapping[Encoding, Callable[[], _Stream]] = {"gzip": _Gzip, "xz": _xz, "zstd": _zstd}


class Decoder:
    """Encoded bytes in, raw bytes out. Members that stand one behind another are one content."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._stream: _Stream | None = None

    def push(self, data: bytes) -> Iterator[bytes]:
        """What `data` brings, in pieces of at most a MiB, however much it is. :raise Damaged:"""
        if self._encoding == "raw":
            yield data
            return
        while True:
            if self._stream is None:
                data = data.lstrip(b"\0") if self._encoding != "zstd" else data  # padding between members
                if not data:
                    return
                self._stream = _STREAMS[self._encoding]()
            raw, stream = self._decompress(self._stream, data), self._stream
            if raw:
                yield raw
            data = b""
            if stream.eof:
                data, self._stream = stream.unused_data, None
            elif stream.needs_input:
                return

    def end(self) -> None:
        """There is no more. :raise Damaged: there should be."""
        if self._stream is not None:
            raise Damaged(f"the {self._encoding} data end too early: the file is truncated")

    def _decompress(self, stream: _Stream, data: bytes) -> bytes:
        try:
            return stream.decompress(data, CHUNK)
        except (zlib.error, lzma.LZMAError, zstd.ZstdError) as error:
            if "limit" in str(error).lower() or "too much memory" in str(error):
                raise Damaged(
                    f"the {self._encoding} data take more than {WINDOW_MAX >> 20} MiB of memory to decode, which a "
                    "node may not have; pack the image with `xz -9` or `zstd -19 --long=26` at most"
                ) from error
            raise Damaged(f"the file is no sound {self._encoding} data: {error}") from error


class Encoder:
    """Raw bytes in, zstd out: fast, and nearly nothing for zeros."""

    def __init__(self) -> None:
        self._stream = zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 1})

    def push(self, raw: bytes) -> bytes:
        return self._stream.compress(raw)

    def end(self) -> bytes:
        return self._stream.flush()


def format_of(name: str) -> Format | None:
    """What the end of a file's name says; None if it says nothing."""
    for suffix in SUFFIXES.values():
        for kind, written in (("raw", ".raw"), ("raw", ".img"), ("qcow2", ".qcow2")):
            if name.lower().endswith(written + suffix):
                return cast(Format, kind + suffix)
    return None


def format_parts(format: Format) -> tuple[str, Encoding]:
    """raw or qcow2, and how it is packed."""
    kind, dot, packed = format.partition(".")
    return kind, next(encoding for encoding, suffix in SUFFIXES.items() if suffix == dot + packed)


def looks_like(head: bytes) -> str:
    """What the first bytes of a file say that it is; "" for what a raw disk may begin with."""
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")
