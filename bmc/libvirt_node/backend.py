"""The backend of one domain, composed. Needs the binding: only the driver imports this, once it knows that it is there.

The domain is not ours: letting go leaves it as it was found.
"""

import asyncio
import logging
from pathlib import Path

from bmc.libvirt_node.boot import DomainBoot
from bmc.libvirt_node.console import DomainScreen, DomainSerial
from bmc.libvirt_node.definition import hardware
from bmc.libvirt_node.domain import Domain
from bmc.libvirt_node.kept import Kept
from bmc.libvirt_node.link import Links
from bmc.libvirt_node.media import DomainMedia
from bmc.libvirt_node.options import LibvirtOptions
from bmc.libvirt_node.power import DomainSense, DomainSwitch
from bmc.libvirt_node.sensors import DomainSensors
from bmc.model.clock import Clock
from bmc.model.errors import BmcError
from bmc.model.node import Hardware
from bmc.ports import Backend

START_PATIENCE = 3.0
"""Seconds that a starting node waits for its libvirt; it is Unknown when that takes longer."""

log = logging.getLogger(__name__)


class DomainLifecycle:
    def __init__(self, links: Links, domain: Domain, kept: Kept, boot: DomainBoot) -> None:
        self._links = links
        self._domain = domain
        self._kept = kept
        self._boot = boot
        self._open = False

    async def start(self) -> None:
        self._kept.load()
        self._links.take(self._domain.link)
        self._open = True
        await self._domain.start()
        try:
            async with asyncio.timeout(START_PATIENCE):
                await self._domain.link.settled.wait()
                await self._domain.look()
        except TimeoutError:
            log.warning("%s: %s does not answer yet", self._domain.name, self._domain.link.domain)
        except BmcError as error:
            log.warning("%s: %s", self._domain.name, error)

    async def close(self) -> None:
        if not self._open:
            return
        self._open = False
        await self._domain.close()
        await self._links.give_back(self._domain.link)

    async def erase(self) -> None:
        """The domain and its disks stay; its own boot order is put back, if libvirt is there to do it.

        The node was closed before, so a connection is made anew.
        """
        if self._kept.own is not None:
            self._links.take(self._domain.link)
            try:
                await self._domain.link.settled.wait()
                await self._boot.restore()
            except BmcError as error:
                log.warning("%s may still have an override in its definition: %s", self._domain.name, error)
            finally:
                await self._links.give_back(self._domain.link)
        self._kept.erase()


class DomainInventory:
    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    def hardware(self) -> Hardware:
        """Nothing while libvirt has not been reached."""
        look = self._domain.now
        return hardware(look.live if look.saved is None else look.saved, look.sizes) if look else Hardware()


def open_domain(links: Links, options: LibvirtOptions, uri: str, clock: Clock, kept: Path) -> Backend:
    """Compose the backend; `kept` is the file of what must survive a restart."""
    domain = Domain(links.find(options.connection, uri, clock), options.domain, clock)
    record = Kept(kept)
    sense = DomainSense(domain)
    boot = DomainBoot(domain, record)
    return Backend(
        lifecycle=DomainLifecycle(links, domain, record, boot),
        switch=DomainSwitch(domain),
        senses=(sense,),
        boot=boot,
        media=DomainMedia(domain, record),
        screen=DomainScreen(domain),
        serial=DomainSerial(domain),
        inventory=DomainInventory(domain),
        sensors=DomainSensors(domain),
        here=not domain.link.remote,
    )
