"""The domain's CD-ROM drives. None is added: what the domain lacks it goes without."""

import asyncio
from pathlib import Path
from xml.etree.ElementTree import Element

from bmc.libvirt_node.definition import drives, medium, with_medium
from bmc.libvirt_node.domain import Domain
from bmc.libvirt_node.kept import Kept
from bmc.libvirt_node.library import libvirt
from bmc.model.errors import BackendFailed, NotFound, NotSupported
from bmc.model.node import MediaSlot

UNREADABLE = ("Permission denied", "No such file")


class DomainMedia:
    """Slots are named by the drives' targets, as `sda`. What others inserted is shown by its file's name."""

    def __init__(self, domain: Domain, kept: Kept) -> None:
        self._domain = domain
        self._kept = kept
        self._lock = asyncio.Lock()

    async def slots_known(self) -> None:
        """At once."""

    def slots(self) -> tuple[MediaSlot, ...]:
        look = self._domain.now
        return tuple(self._slot(name, drive) for name, drive in drives(look.live).items()) if look else ()

    def _slot(self, name: str, drive: Element) -> MediaSlot:
        inside, (path, image) = medium(drive), self._kept.media.get(name, ("", ""))
        return MediaSlot(name, image if inside == path else Path(inside).name)

    async def insert(self, slot: str, path: str, image: str) -> None:
        """:raise NotSupported: the domain is on another host, which does not have the file."""
        if self._domain.link.remote:
            raise NotSupported(f"{self._domain.name} is on another host, where our media are not; insert it there")
        await self._change(slot, path)
        self._kept.media[slot] = (path, image)
        self._kept.save()

    async def eject(self, slot: str) -> None:
        await self._change(slot, "")
        if self._kept.media.pop(slot, None) is not None:
            self._kept.save()

    async def _change(self, slot: str, path: str) -> None:
        async with self._lock:
            look = await self._domain.look()
            there = drives(look.live)
            if slot not in there:
                has = ", ".join(there) or "none; `virsh attach-disk … --type cdrom` adds one"
                raise NotFound(f"{self._domain.name} has no drive {slot!r}; it has {has}")
            if not path and not medium(there[slot]):
                return
            xml = with_medium(there[slot], path, self._domain.link.keeps_owner)
            flags = libvirt.VIR_DOMAIN_AFFECT_LIVE | libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE if look.active else 0
            flags |= libvirt.VIR_DOMAIN_AFFECT_CONFIG if look.saved is not None else 0
            try:
                await self._domain.call(lambda domain: domain.updateDeviceFlags(xml, flags))
            except BackendFailed as error:
                if not any(words in str(error) for words in UNREADABLE):
                    raise
                help_ = f"the user of libvirt's QEMU must be able to read {path}, and to enter each directory above it"
                raise BackendFailed(f"{error}; {help_}") from None
            await self._domain.look()
