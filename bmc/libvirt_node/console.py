"""Screen and serial line of a domain, both through libvirt: no path, port or password of theirs is needed."""

import asyncio
import logging
import socket
import threading
from functools import partial
from typing import Any

from bmc.libvirt_node.definition import has_serial_line, vnc_index
from bmc.libvirt_node.domain import Domain
from bmc.libvirt_node.library import libvirt
from bmc.libvirt_node.link import Connection, Link, LinkDown, LinkEvent
from bmc.model.errors import BackendFailed, BmcError, NotSupported, WrongState
from bmc.socket_stream import Inbox, SocketStream

READ = 65536
HELD = 1024 * 1024
"""Bytes that wait for a reader before the line is stopped."""
RETRY = 2.0
"""Seconds until the line is asked for again, which somebody else has: `virsh console`."""

log = logging.getLogger(__name__)


class DomainScreen:
    """RFB, one connection a viewer. libvirt hands the connection over already let in, whatever password it has."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    async def connect(self) -> SocketStream:
        """:raise NotSupported: the domain has no VNC, or is on another host."""
        look = await self._domain.look()
        if not look.active:
            raise WrongState(f"{self._domain.name} is off: it has no screen; power it on first")
        index = vnc_index(look.live)
        if index is None:
            raise NotSupported(f"{self._domain.name} has no VNC screen; add <graphics type='vnc'/> to it")
        if self._domain.link.remote:
            raise NotSupported(f"{self._domain.name} is on another host: libvirt hands its screen over there alone")
        skip = libvirt.VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH
        descriptor = await self._domain.call(lambda domain: domain.openGraphicsFD(index, skip))
        return await SocketStream.over(socket.socket(fileno=descriptor))


class DomainSerial:
    """The first serial line."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._line: Line | None = None
        domain.handle(self._on_event)

    async def connect(self) -> "Line":
        while True:
            async with self._domain.rang:
                await self._domain.rang.wait_for(self._there)
            try:
                self._line = await Line.open(self._domain)
                return self._line
            except BmcError as error:
                log.debug("%s: %s", self._domain.name, error)
                await self._domain.clock.sleep(RETRY)

    async def send_break(self) -> None:
        raise NotSupported("libvirt cannot send a break on a serial line")

    async def history(self, limit: int) -> bytes:
        return b""

    async def _on_event(self, event: LinkEvent) -> None:
        if isinstance(event, LinkDown) and self._line is not None:
            self._line.end()

    def _there(self) -> bool:
        look = self._domain.now
        return look is not None and look.active and self._domain.link.connected and has_serial_line(look.live)


class Line:
    """A libvirt stream as a ByteStream. What comes is taken in the thread of libvirt's events."""

    def __init__(self, link: Link, stream: Any) -> None:
        self._link = link
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._inbox = Inbox()
        self._guard = threading.Lock()
        self._held = 0
        self._stopped = False

    @classmethod
    async def open(cls, domain: Domain) -> "Line":
        """Without force: who has the line keeps it. Raises as `Link.call`."""

        def work(connection: Connection) -> Any:
            stream = connection.newStream(libvirt.VIR_STREAM_NONBLOCK)
            domain.find(connection).openConsole(None, stream, 0)
            return stream

        line = cls(domain.link, await domain.link.call(work))
        await domain.link.call(lambda _: line.listen())
        return line

    def listen(self) -> None:
        self._stream.eventAddCallback(self._wanted(), self._on_event, None)

    async def read(self, limit: int = 262144) -> bytes:
        data = await self._inbox.take(limit)
        with self._guard:
            self._held -= len(data)
            go_on = self._stopped and self._held < HELD // 2
            self._stopped = self._stopped and not go_on
        if go_on and not self._inbox.ended:
            try:
                await self._link.call(lambda _: self._stream.eventUpdateCallback(self._wanted()))
            except BmcError:
                self.end()
        return data

    async def write(self, data: bytes) -> None:
        while data:
            if self._inbox.ended:
                raise BackendFailed("the serial line is gone")
            sent = await self._link.call(partial(self._send, data))
            if sent > 0:
                data = data[sent:]
            else:
                await asyncio.sleep(0.01)  # libvirt takes no more just now, and tells nobody when it does

    def _send(self, data: bytes, _: Connection) -> int:
        return int(self._stream.send(data))

    async def close(self) -> None:
        ended = self._inbox.ended
        self._inbox.end()
        if not ended and self._link.connected:
            try:
                await self._link.call(lambda _: self._let_go())
            except BmcError as error:
                log.debug("closing a serial line: %s", error)

    def _wanted(self) -> int:
        return int(libvirt.VIR_STREAM_EVENT_READABLE | libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP)

    def _let_go(self) -> None:
        self._stream.eventRemoveCallback()
        self._stream.abort()

    def end(self) -> None:
        self._inbox.end()

    # In the thread of libvirt's events:

    def _on_event(self, stream: Any, events: int, _: object) -> None:
        data: bytes | int = b""
        try:
            if events & libvirt.VIR_STREAM_EVENT_READABLE:
                data = stream.recv(READ)
        except libvirt.libvirtError as error:
            log.debug("serial line: %s", error)
        if isinstance(data, int):
            return  # nothing to read after all
        if not data:
            self._ends(stream)
            return
        with self._guard:
            self._held += len(data)
            self._stopped = self._held >= HELD
            if self._stopped:
                stream.eventUpdateCallback(libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP)
        self._hand(data)

    def _ends(self, stream: Any) -> None:
        try:
            stream.eventRemoveCallback()
            stream.abort()
        except libvirt.libvirtError as error:
            log.debug("serial line: %s", error)
        self._hand(b"")

    def _hand(self, data: bytes) -> None:
        try:
            self._loop.call_soon_threadsafe(self._take, data)
        except RuntimeError:  # the service has ended meanwhile
            return

    def _take(self, data: bytes) -> None:
        if data:
            self._inbox.put(data)
        else:
            self.end()
