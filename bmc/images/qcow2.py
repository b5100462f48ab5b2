"""qcow2 images: looked at first, then read by QEMU's tools, which get nothing but this one file."""

import json
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bmc.images.encodings import CHUNK
from bmc.model.errors import BackendFailed, InvalidRequest

MAGIC = b"QFI\xfb"
START_SECONDS = 20.0
READ_SECONDS = 120.0
CHECK_SECONDS = 100.0
LIMITS = ("prlimit", f"--as={2 << 30}", "--core=0")
"""A forged file must not take the memory of the machine."""

_HEAD = struct.Struct(">4sIQIIQIIQQII")
_DIRTY, _CORRUPT, _DATA_FILE, _COMPRESSION, _EXTENDED_L2 = 1, 2, 4, 8, 16
_LEAKS_ONLY = 3
"""What `qemu-img check` ends with when only room is wasted."""
_EXTENSION_DATA_FILE = 0x44415441

# NBD, "fixed newstyle" (github.com/NetworkBlockDevice/nbd, doc/proto.md).
_GREETING = b"NBDMAGICIHAVEOPT"
_NO_ZEROES = 2
_EXPORT_NAME = 1
_READ = 0
_REQUEST, _REPLY = struct.Struct(">IHHQQI"), struct.Struct(">IIQ")
_REQUEST_MAGIC, _REPLY_MAGIC = 0x25609513, 0x67446698


def virtual_size(path: Path) -> int:
    """Bytes of the disk in a qcow2 file, which stands for itself alone.

    :raise InvalidRequest: it is no sound qcow2, is encrypted, or refers to another file.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if len(head) < _HEAD.size or not head.startswith(MAGIC):
        raise InvalidRequest("the file is no qcow2: it does not begin as one")
    _, version, backing, _, cluster_bits, size, crypt, *_ = _HEAD.unpack_from(head)
    if version not in (2, 3):
        raise InvalidRequest(f"the file is qcow2 of version {version}; expected 2 or 3")
    if backing:
        raise InvalidRequest("the qcow2 has a backing file; flatten it first: qemu-img convert -O qcow2 OLD NEW")
    if crypt:
        raise InvalidRequest("the qcow2 is encrypted; an image must be readable without a key")
    if not 9 <= cluster_bits <= 21:
        raise InvalidRequest(f"the qcow2 is damaged: clusters of 2^{cluster_bits} bytes do not exist")
    if version == 3:
        _check_version_3(head)
    return int(size)


def _check_version_3(head: bytes) -> None:
    """Features that a reader must know, and what stands behind the header."""
    if len(head) < 104:
        raise InvalidRequest("the qcow2 is damaged: its header is cut off")
    (features,) = struct.unpack_from(">Q", head, 72)
    (length,) = struct.unpack_from(">I", head, 100)
    if features & _DATA_FILE:
        raise InvalidRequest("the qcow2 keeps its data in another file; flatten it first: qemu-img convert -O qcow2")
    if features & _CORRUPT:
        raise InvalidRequest("the qcow2 is marked as corrupt; see qemu-img check")
    if features & ~(_DIRTY | _CORRUPT | _DATA_FILE | _COMPRESSION | _EXTENDED_L2):
        raise InvalidRequest(f"the qcow2 has features that are not known here ({features:#x})")
    place = length
    while place + 8 <= len(head):
        kind, size = struct.unpack_from(">II", head, place)
        if kind == 0:
            return
        if kind == _EXTENSION_DATA_FILE:
            raise InvalidRequest("the qcow2 names a data file; flatten it first: qemu-img convert -O qcow2 OLD NEW")
        place += 8 + (size + 7) // 8 * 8


def read_disk(path: Path) -> Iterator[bytes]:
    """The raw content, in pieces of at most a MiB; blocks. Nothing is written anywhere.

    :raise InvalidRequest: as `virtual_size`, or the file is damaged. :raise BackendFailed: qemu-nbd cannot be run.
    """
    virtual_size(path)
    _check(path)
    with _serving(path) as export:
        size = _greet(export)
        for offset in range(0, size, CHUNK):
            yield _read(export, offset, min(CHUNK, size - offset))


def _check(path: Path) -> None:
    """What a qcow2 has lost, QEMU reads as zeros without a word."""
    try:
        done = subprocess.run(
            (*LIMITS, "qemu-img", "check", "-q", _alone(path)),
            stdin=subprocess.DEVNULL, capture_output=True, timeout=CHECK_SECONDS,
        )  # fmt: skip
    except OSError as error:
        raise BackendFailed(f"prlimit cannot be run: {error.strerror}; see scripts/packages") from error
    except subprocess.TimeoutExpired as error:
        raise InvalidRequest(f"the qcow2 could not be checked within {CHECK_SECONDS:.0f} s") from error
    if done.returncode not in (0, _LEAKS_ONLY):
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"qemu-img ended with {done.returncode}"]
        raise InvalidRequest(f"the qcow2 is damaged: {said[0][-300:]}")


def _alone(path: Path) -> str:
    """The file as QEMU's tools take it, with no other beside it."""
    file = {"driver": "file", "filename": str(path)}
    return "json:" + json.dumps({"driver": "qcow2", "read-only": True, "backing": None, "file": file})


@contextmanager
def _serving(path: Path) -> Iterator[socket.socket]:
    """A connection to a qemu-nbd on this file, which ends with the connection, also when we are killed."""
    with tempfile.TemporaryDirectory(prefix="lightsout-nbd-") as directory, socket.socket(socket.AF_UNIX) as export:
        address = str(Path(directory) / "socket")
        serve = ("qemu-nbd", "--read-only", f"--socket={address}", _alone(path))
        said = Path(directory) / "said"
        try:
            with said.open("wb") as stderr:
                process = subprocess.Popen(
                    (*LIMITS, *serve), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr
                )
        except OSError as error:
            raise BackendFailed(f"prlimit cannot be run: {error.strerror}; see scripts/packages") from error
        try:
            if not _connect(process, address, export):
                why = said.read_text(errors="replace").strip().rpartition("': ")[2]
                raise InvalidRequest(f"the qcow2 cannot be opened: {why}")
            export.settimeout(READ_SECONDS)
            yield export
        except OSError as error:
            raise InvalidRequest(f"the qcow2 cannot be read: qemu-nbd broke off ({error})") from error
        finally:
            export.close()
            process.kill()
            process.wait()


def _connect(process: "subprocess.Popen[bytes]", address: str, export: socket.socket) -> bool:
    """False: it has ended."""
    late = time.monotonic() + START_SECONDS
    while process.poll() is None:
        try:
            export.connect(address)
            return True
        except OSError as error:
            if time.monotonic() > late:
                raise BackendFailed(f"qemu-nbd does not listen after {START_SECONDS:.0f} s") from error
            time.sleep(0.02)
    return False


def _greet(export: socket.socket) -> int:
    """Returns the size of the export."""
    if not _take(export, 18).startswith(_GREETING):
        raise BackendFailed("qemu-nbd does not speak NBD")
    export.sendall(struct.pack(">I8sII", _NO_ZEROES | 1, b"IHAVEOPT", _EXPORT_NAME, 0))
    size, _ = struct.unpack(">QH", _take(export, 10))
    return int(size)


def _read(export: socket.socket, offset: int, length: int) -> bytes:
    export.sendall(_REQUEST.pack(_REQUEST_MAGIC, 0, _READ, offset, offset, length))
    magic, error, handle = _REPLY.unpack(_take(export, _REPLY.size))
    if (magic, handle) != (_REPLY_MAGIC, offset):
        raise BackendFailed("qemu-nbd answers something else")
    if error:
        raise InvalidRequest(f"the qcow2 is damaged: it cannot be read at {offset} (error {error})")
    return _take(export, length)


def _take(export: socket.socket, length: int) -> bytes:
    buffer = bytearray(length)
    view = memoryview(buffer)
    while view:
        got = export.recv_into(view, 0, socket.MSG_WAITALL)
        if not got:
            raise ConnectionResetError("it ended")
        view = view[got:]
    return bytes(buffer)
