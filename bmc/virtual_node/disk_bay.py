"""The node's disks as seen from outside while it is off: what was built elsewhere is put onto one."""

import asyncio
import os
from pathlib import Path

from bmc.model.errors import BackendFailed, InvalidRequest, NotFound, WrongState
from bmc.virtual_node.files import disk_file, open_guest_file
from bmc.virtual_node.guest import Guest
from bmc.virtual_node.options import MIB
from bmc.virtual_node.shape import Shape


class VirtualDisks:
    def __init__(self, guest: Guest, shape: Shape) -> None:
        self._guest = guest
        self._shape = shape

    async def write(self, index: int, source: Path) -> None:
        self._require_off(index)
        size, room = source.stat().st_size, self._shape.now.disks[index].size
        if size > room:
            raise InvalidRequest(f"{size // MIB} MiB do not fit on disk {index} of {room // MIB} MiB")
        await asyncio.to_thread(self._copy, index, source, room)

    async def clear(self, index: int) -> None:
        self._require_off(index)
        await asyncio.to_thread(self._zero, self._guest.files.guest / disk_file(index))

    def _require_off(self, index: int) -> None:
        if self._guest.alive:
            raise WrongState(f"{self._guest.name} is not off; power it off before a disk is written")
        disks = self._shape.now.disks
        if not 0 <= index < len(disks):
            raise NotFound(f"{self._guest.name} has no disk {index}; it has {len(disks)}")

    def _copy(self, index: int, source: Path, room: int) -> None:
        """Holes stay holes, and nothing of what was there before is left."""
        path = self._guest.files.guest / disk_file(index)
        try:
            self._guest.files.make()
            descriptor = open_guest_file(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            with os.fdopen(descriptor, "wb") as target, source.open("rb") as content:
                while chunk := content.read(MIB):
                    if chunk.count(0) == len(chunk):
                        target.seek(len(chunk), os.SEEK_CUR)
                    else:
                        target.write(chunk)
                target.truncate(room)
        except OSError as error:
            raise BackendFailed(f"cannot write {path}: {error.strerror}") from None

    @staticmethod
    def _zero(path: Path) -> None:
        """On the host's disk when this returns: it is done because of a failure."""
        try:
            with os.fdopen(open_guest_file(path, os.O_RDWR), "r+b") as disk:
                disk.write(bytes(MIB))
                disk.flush()
                os.fsync(disk.fileno())
        except OSError as error:
            raise BackendFailed(f"cannot clear {path}: {error.strerror}") from None
