"""What is in a file, looked at as it comes: its digest, how it is packed, and the raw disk in it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bmc.images.encodings import Decoder, Encoding, looks_like
from bmc.images.shelf import Part
from bmc.model.errors import InvalidRequest

STRETCH = 16 << 20
"""Bytes that are unpacked before a look at whether the job is still wanted."""
HEAD = 32
"""Bytes by which a file is known."""


@dataclass(slots=True)
class Content:
    """Of the raw disk."""

    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, raw: bytes) -> bytes:
        self.size += len(raw)
        self.digest.update(raw)
        return raw


class Intake:
    """Takes the file as it comes, and knows at its end what is in it.

    `part` gets a raw disk as it came, a qcow2 unpacked, as it must be read from any place.
    """

    def __init__(self, kind: str, encoding: Encoding, part: Part | None, largest: int) -> None:
        self.kind = kind
        self.file_size = 0
        self.file_digest = hashlib.sha256()
        self.content = Content(digest=self.file_digest) if encoding == "raw" else Content()  # digested once
        self._encoding = encoding
        self._decoder = Decoder(encoding)
        self._part = part
        self._largest = largest
        self._file_head = self._head = b""

    def expect(self, total: int) -> None:
        """So many bytes will come. :raise BackendFailed: there is no room for them."""
        if self._part is not None:
            self._part.expect(total)

    def push(self, chunk: bytes) -> Iterator[bool]:
        """Work that is done as it is iterated over, in stretches, since a few bytes may be packed gigabytes.

        :raise InvalidRequest: it is something else than was said, or too large. :raise BackendFailed: no room.
        """
        self.file_size += len(chunk)
        if self.content.digest is not self.file_digest:
            self.file_digest.update(chunk)
        if len(self._file_head) < HEAD:
            self._file_head += chunk[:HEAD]
            self._check(self._file_head, self.kind if self._encoding == "raw" else self._encoding)
        if self._part is not None and self.kind == "raw":
            self._part.write(chunk)
        worked = 0
        for raw in self._decoder.push(chunk):
            self._take(raw)
            worked += len(raw)
            if worked >= STRETCH:
                worked = 0
                yield True

    def end(self) -> None:
        """:raise InvalidRequest: there should be more."""
        self._decoder.end()
        size = self.content.size
        if not size or (self.kind == "raw" and size % 512):
            raise InvalidRequest(f"the image has {size} bytes, which is no whole number of sectors: is it truncated?")

    def _take(self, raw: bytes) -> None:
        if len(self._head) < HEAD:
            self._head += raw[:HEAD]
            self._check(self._head, self.kind)
        if self.content.size + len(raw) > self._largest:
            raise InvalidRequest(
                f"the image has more than {self._largest >> 30} GiB (images.largest_gib) when unpacked"
            )
        self.content.add(raw)
        if self._part is not None and self.kind == "qcow2":
            self._part.write(raw)

    def _check(self, head: bytes, said: str) -> None:
        found = looks_like(head)
        if len(head) >= HEAD and found != ("" if said == "raw" else said):
            raise InvalidRequest(f"the file was said to be {said}, but it is {found or 'something else'}")
