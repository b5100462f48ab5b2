"""The node's CD drive: what is in it is remembered while the node is off and handed to QEMU as an open file.

QEMU's user need not be able to open the file, and the path never enters QEMU's options.
"""

import asyncio
import os

from bmc.model.errors import BackendFailed, NotFound, Refused
from bmc.model.node import MediaSlot
from bmc.virtual_node.argv import CD
from bmc.virtual_node.guest import Guest
from bmc.virtual_node.state import Medium


class VirtualMedia:
    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._lock = asyncio.Lock()

    async def slots_known(self) -> None:
        """At once."""

    def slots(self) -> tuple[MediaSlot, ...]:
        medium = self._guest.state.now.media.get(CD)
        return (MediaSlot(CD, medium.image if medium else ""),)

    async def insert(self, slot: str, path: str, image: str) -> None:
        self._check(slot)
        medium = Medium(path, image)
        async with self._lock:
            if self._guest.alive:
                await self._hand_over(medium)
            else:
                os.close(_open(medium))
            self._guest.state.now.media[CD] = medium
            await self._guest.state.save()

    async def eject(self, slot: str) -> None:
        self._check(slot)
        async with self._lock:
            if CD not in self._guest.state.now.media:
                return
            if self._guest.alive:
                await self._guest.execute("eject", id=CD, force=True)
                await self._guest.execute("blockdev-close-tray", id=CD)
            del self._guest.state.now.media[CD]
            await self._guest.state.save()

    async def load(self) -> None:
        """Put what is remembered into a QEMU that was just started. :raise BackendFailed: the medium is gone."""
        medium = self._guest.state.now.media.get(CD)
        if medium is not None:
            await self._hand_over(medium)

    def require(self) -> None:
        """:raise Refused: the remembered medium cannot be opened any more."""
        medium = self._guest.state.now.media.get(CD)
        if medium is None:
            return
        try:
            os.close(_open(medium))
        except BackendFailed as error:
            raise Refused(f"{error}; eject it from {CD}, or insert it again") from None

    async def _hand_over(self, medium: Medium) -> None:
        descriptor = _open(medium)
        try:
            name = await self._guest.hand_over(descriptor, medium.image)
        finally:
            os.close(descriptor)
        await self._guest.execute(
            "blockdev-change-medium", id=CD, filename=name, format="raw", read_only_mode="read-only", force=True
        )
        # The drive has a copy of its own; the one handed over would keep the file open after it was ejected.
        await self._guest.execute("remove-fd", fdset_id=int(name.rpartition("/")[2]))

    def _check(self, slot: str) -> None:
        if slot != CD:
            raise NotFound(f"{self._guest.name} has no drive {slot!r}; it has {CD}")


def _open(medium: Medium) -> int:
    try:
        return os.open(medium.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise BackendFailed(f"medium {medium.image} cannot be read: {error.strerror}") from None
