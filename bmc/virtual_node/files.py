"""Where one node keeps its things, and how the service touches those that QEMU's own user may change.

    NODE/            the service's, 0700: state.json, pid, qemu.log
    NODE/guest/      QEMU's working directory, 0700 and owned by QEMU's user: sockets, disks, logs, UEFI variables

QEMU only ever uses names relative to its working directory and the service dials through /proc/self/fd, so that neither
the length of a path (a unix socket's is limited to 107 bytes) nor the rights of the directories above it matter.
"""

import asyncio
import errno
import os
import socket
import stat
import struct
from dataclasses import dataclass
from pathlib import Path

from bmc.model.errors import BackendFailed

QMP_SOCKET = "qmp.sock"
EVENTS_SOCKET = "events.sock"
EVENTS_LOG = "events.jsonl"
SERIAL_SOCKET = "serial.sock"
SERIAL_LOG = "serial.log"
VNC_SOCKET = "vnc.sock"
BMC_SOCKET = "bmc.sock"
UEFI_VARIABLES = "uefi-vars.fd"
SERCON_PORT = "sercon-port"

CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


@dataclass(frozen=True, slots=True)
class NodeFiles:
    node: Path

    @property
    def guest(self) -> Path:
        return self.node / "guest"

    @property
    def state(self) -> Path:
        return self.node / "state.json"

    @property
    def pid(self) -> Path:
        """ "PID START-TIME" of QEMU, written by its launcher before QEMU is there."""
        return self.node / "pid"

    @property
    def log(self) -> Path:
        """QEMU's own output."""
        return self.node / "qemu.log"

    def last_written(self) -> float:
        """When the guest last wrote anything, its last sign of life, in seconds since the epoch."""
        return max((entry.stat(follow_symlinks=False).st_mtime for entry in os.scandir(self.guest)), default=0.0)

    def make(self) -> None:
        """:raise BackendFailed: the directories cannot be made."""
        try:
            for path in (self.node, self.guest):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BackendFailed(f"cannot make the node's directory {self.guest}: {error.strerror}") from None


def disk_file(index: int) -> str:
    return f"disk{index}.raw"


def open_guest_file(path: Path, flags: int, mode: int = 0o600) -> int:
    """Open a plain file that QEMU's user owns, never what a link there points to.

    :raise OSError: also when it is no plain file.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, mode)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is no plain file")
    return descriptor


def write_guest_file(path: Path, content: bytes) -> None:
    """Replace a file in QEMU's directory. :raise OSError: it cannot be written."""
    scratch = path.with_name(path.name + ".new")
    scratch.unlink(missing_ok=True)
    descriptor = open_guest_file(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    scratch.replace(path)


def read_tail(path: Path, limit: int) -> bytes:
    """The last `limit` bytes; b"" when there is no such file."""
    try:
        descriptor = open_guest_file(path, os.O_RDONLY)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        file.seek(max(0, os.fstat(descriptor).st_size - limit))
        return file.read(limit)


def keep_quota(path: Path, quota: int) -> bool:
    """Once the log is longer than `quota` bytes, keep its newest half beside it as NAME.1 and begin anew.

    QEMU opened it to append, so it goes on at the new end. Tells whether that was done.

    :raise OSError: the newest half could not be kept; the log was begun anew all the same.
    """
    try:
        descriptor = open_guest_file(path, os.O_RDWR)
    except OSError:
        return False
    try:
        if os.fstat(descriptor).st_size <= quota:
            return False
        try:
            write_guest_file(path.with_name(path.name + ".1"), read_tail(path, quota // 2))
        finally:
            os.ftruncate(descriptor, 0)
        return True
    finally:
        os.close(descriptor)


async def dial(directory: Path, name: str, pid: int) -> socket.socket:
    """Connect to a unix socket however long the directory's path is.

    :raise OSError: nobody listens there, or another process than `pid`: its user can make the name lead anywhere.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            await asyncio.get_running_loop().sock_connect(connection, f"/proc/self/fd/{descriptor}/{name}")
        finally:
            os.close(descriptor)
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        listener, _, _ = CREDENTIALS.unpack(credentials)
        if listener == 0:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{name} does not answer: QEMU hangs")
        if listener != pid:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{name} leads to process {listener}, not to QEMU ({pid})")
    except BaseException:
        connection.close()
        raise
    return connection
