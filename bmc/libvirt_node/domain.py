"""One domain as libvirt shows it: what was seen last, and what happens to it, in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID
from xml.etree.ElementTree import Element

from bmc.libvirt_node.definition import disk_names, on_reboot, parse
from bmc.libvirt_node.library import libvirt
from bmc.libvirt_node.link import (
    Connection,
    DomainGone,
    Lifecycle,
    Link,
    LinkDown,
    LinkEvent,
    LinkUp,
    QemuShutdown,
)
from bmc.model.clock import Clock
from bmc.model.errors import BmcError, Refused

RESETS = ("guest-reset", "host-qmp-system-reset")

T = TypeVar("T")
VirDomain = Any
"""A `libvirt.virDomain`."""
Handler = Callable[[LinkEvent], Awaitable[None]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """`live` is what runs, or would; `saved` what the next start makes, None for a transient domain. `id` is -1 when it
    is off, and another at each start. `sizes` of the disks in bytes."""

    uuid: str
    id: int
    live: Element
    saved: Element | None
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        return self.id >= 0

    @property
    def reboots_held(self) -> bool:
        """Its reboot ends it, though its definition says otherwise."""
        return self.saved is not None and on_reboot(self.live) == "destroy" != on_reboot(self.saved)


class Domain:
    """Its handlers are given each event one after the other, after `now` was brought up to date."""

    def __init__(self, link: Link, name: str, clock: Clock) -> None:
        self.link = link
        self.name = name
        self.clock = clock
        self.now: Look | None = None
        self.rebooting = False
        """It is off for as long as we take to start it again."""
        self.reset_asked = float("-inf")
        self.rang = asyncio.Condition()
        self._handlers: list[Handler] = []
        self._events: asyncio.Queue[LinkEvent] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, handler: Handler) -> None:
        self._handlers.append(handler)

    async def start(self) -> None:
        self.link.follow(self._on_event)
        if self.link.settled.is_set():
            self._on_event(LinkUp() if self.link.connected else LinkDown(self.link.down))
        self._task = asyncio.create_task(self._deal(), name=f"events of {self.name}")

    async def close(self) -> None:
        self.link.unfollow(self._on_event)
        tasks = [*self._tasks, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def call(self, work: Callable[[VirDomain], T], deadline: float | None = None) -> T:
        """`work` with the domain, in one of the connection's threads. Raises as `Link.call`."""
        return await self.link.call(lambda connection: work(self.find(connection)), deadline)

    async def look(self) -> Look:
        """See it anew. Raises as `Link.call`."""
        try:
            self.now = await self.link.call(lambda connection: _look(self.find(connection)))
        except DomainGone:
            self.now = None
            raise
        return self.now

    async def define(self, xml: str) -> Look:
        """Give it another definition, for its next start. Raises as `Link.call`."""
        await self.link.call(lambda connection: connection.defineXML(xml))
        return await self.look()

    def find(self, connection: Connection) -> VirDomain:
        try:
            uuid = UUID(self.name)
        except ValueError:
            return connection.lookupByName(self.name)
        return connection.lookupByUUIDString(str(uuid))

    def _on_event(self, event: LinkEvent) -> None:
        uuid = getattr(event, "uuid", None)
        if uuid is not None and self.now is not None and uuid != self.now.uuid:
            return
        if isinstance(event, QemuShutdown) and self.now is not None and self.now.reboots_held:
            self.rebooting |= any(reason in event.details for reason in RESETS)  # a signal of libvirt's own follows
        self._events.put_nowait(event)

    async def _deal(self) -> None:
        while True:
            event = await self._events.get()
            if not isinstance(event, LinkDown | QemuShutdown):
                try:
                    look = await self.look()
                    if getattr(event, "uuid", look.uuid) != look.uuid:
                        continue  # another's, that came before we knew which is ours
                except Refused:
                    if isinstance(event, Lifecycle) and self.now is None and event.event != _UNDEFINED:
                        continue
                except BmcError as error:
                    log.info("%s: %s", self.name, error)
            for handler in self._handlers:
                try:
                    await handler(event)
                except BmcError as error:
                    log.warning("%s: %s", self.name, error)
            async with self.rang:
                self.rang.notify_all()


def started(event: LinkEvent) -> bool:
    """It began to boot, rather than to go on from where it was saved."""
    return (
        isinstance(event, Lifecycle)
        and event.event == libvirt.VIR_DOMAIN_EVENT_STARTED
        and event.detail == libvirt.VIR_DOMAIN_EVENT_STARTED_BOOTED
    )


def stopped(event: LinkEvent) -> bool:
    return isinstance(event, Lifecycle) and event.event == libvirt.VIR_DOMAIN_EVENT_STOPPED


_UNDEFINED = libvirt.VIR_DOMAIN_EVENT_UNDEFINED


def _look(domain: VirDomain) -> Look:
    secure = libvirt.VIR_DOMAIN_XML_SECURE  # without it a definition that is given back has lost its passwords
    live = parse(domain.XMLDesc(secure))
    saved = parse(domain.XMLDesc(secure | libvirt.VIR_DOMAIN_XML_INACTIVE)) if domain.isPersistent() else None
    return Look(domain.UUIDString(), domain.ID(), live, saved, {name: _size(domain, name) for name in disk_names(live)})


def _size(domain: VirDomain, disk: str) -> int:
    try:
        return int(domain.blockInfo(disk)[0])
    except libvirt.libvirtError:  # a volume of a pool that is not up
        return 0
