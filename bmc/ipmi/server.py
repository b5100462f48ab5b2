"""The IPMI door's sockets: one UDP endpoint a node, drained on each wake."""

import asyncio
import errno
import ipaddress
import logging
import socket
from collections.abc import Mapping
from types import TracebackType

from bmc.accounts import Limits as SignInLimits
from bmc.accounts.lockout import Lockout
from bmc.ipmi.commands.call import ManagedNode
from bmc.ipmi.config import BUCKET, Buckets, ConfigKeeper
from bmc.ipmi.door import NodeDoor
from bmc.ipmi.handshake import Address
from bmc.ipmi.settings import AuditSink, Counters, DoorSettings, EventSink, Slots
from bmc.ipmi.wire.crypto import CipherSuite
from bmc.ipmi.wire.numbers import Privilege
from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, InvalidRequest, NotFound, WrongState
from bmc.model.node import Endpoint

log = logging.getLogger(__name__)

_LARGEST = 2048
_SO_RCVBUFFORCE = 33
_PER_WAKE = 64
_QUEUE = 1 << 20
"""Bytes that may wait to be read, so that a flood's bursts crowd out no legal datagram; no memory until they do."""
_HOUSEKEEPING = 1.0
_REMEDIES = {
    errno.EADDRNOTAVAIL: "no interface of this host has that address: add it to one, then restart the service",
    errno.EACCES: "a port below 1024 needs root or CAP_NET_BIND_SERVICE",
}


class _Socket:
    """One node's endpoint; it puts itself into `busy` when something comes."""

    __slots__ = ("_busy", "_counters", "_socket", "door")

    def __init__(self, sock: socket.socket, counters: Counters, busy: "set[_Socket]") -> None:
        self._socket = sock
        self._counters = counters
        self._busy = busy
        self.door: NodeDoor | None = None

    @property
    def endpoint(self) -> Endpoint:
        host, port = self._socket.getsockname()[:2]
        return Endpoint(host, port)

    def start(self, door: NodeDoor) -> None:
        self.door = door
        door.start()
        self._busy.add(self)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._drain, door)

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._busy.discard(self)
        self._socket.close()

    def send(self, datagram: bytes, peer: Address) -> None:
        """UDP promises nothing: what cannot be sent is counted, and the client tries again."""
        try:
            self._socket.sendto(datagram, peer)
        except OSError as error:
            self._counters["unsent"] += 1
            log.debug("to %s port %d: %s", *peer, error)

    def _drain(self, door: NodeDoor) -> None:
        """All that has come, but not more than a share, so that a flood here delays nobody else."""
        self._busy.add(self)
        for _ in range(_PER_WAKE):
            try:
                datagram, peer = self._socket.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            except OSError as error:
                log.debug("%s: %s", self.endpoint, error)
                return
            self._counters["datagrams"] += 1
            door.receive(datagram, peer[:2])


class IpmiServer:
    """Every node's IPMI endpoint. Enter it, then add nodes; they come and go while it runs."""

    def __init__(
        self,
        slots: Slots,
        store: Buckets,
        clock: Clock,
        settings: DoorSettings | None = None,
        events: EventSink | None = None,
        audit: AuditSink | None = None,
        lockout: Lockout | None = None,
    ) -> None:
        """`lockout` is shared with the nodes' other doors."""
        self.counters = Counters()
        self._store = store
        self._slots = slots
        self._clock = clock
        self._settings = settings or DoorSettings()
        self._events = events
        self._audit = audit
        self._lockout = lockout or Lockout(clock, SignInLimits())
        self._opened: dict[str, _Socket] = {}
        self._busy: set[_Socket] = set()
        self._housekeeper: asyncio.Task[None] | None = None
        slots.on_slot_changed(self._slot_changed)

    async def __aenter__(self) -> "IpmiServer":
        self._housekeeper = asyncio.get_running_loop().create_task(self._housekeeping())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._housekeeper is not None:
            self._housekeeper.cancel()
            await asyncio.wait({self._housekeeper})
        for name in list(self._opened):
            await self.remove(name)

    async def add(self, node: ManagedNode) -> Endpoint:
        """Listen for `node` where its definition says (port 0: any free one). Returns where that is.

        :raise InvalidRequest: the node has an endpoint already, or its host is no IP address.
        :raise BackendFailed: the address cannot be had, with the reason.
        """
        definition = node.snapshot.definition
        if definition.name in self._opened:
            raise InvalidRequest(f"node {definition.name} has an IPMI endpoint already")
        config = await ConfigKeeper.open(self._store, definition.name, self._audit)
        wanted = definition.ipmi or Endpoint(self._settings.host, 0)
        opened = _Socket(_bind(wanted, definition.name), self.counters, self._busy)
        where = opened.endpoint
        door = NodeDoor(
            node,
            self._slots,
            config,
            self._clock,
            self._settings,
            where,
            self.counters,
            opened.send,
            self._lockout,
            self._events,
        )
        opened.start(door)
        self._opened[definition.name] = opened
        log.info("%s: IPMI on %s port %d", definition.name, where.host, where.port)
        return where

    async def remove(self, name: str) -> None:
        """The others' sessions do not notice. :raise NotFound: no such endpoint."""
        opened = self._opened.pop(name, None)
        if opened is None:
            raise NotFound(f"node {name} has no IPMI endpoint")
        if opened.door is not None:
            await opened.door.close()
        opened.stop()

    async def forget(self, name: str) -> None:
        """The node was removed for good: what was set at its door goes with it."""
        await self._store.delete(BUCKET, name)

    @property
    def answers(self) -> Mapping[int, int]:
        """Requests answered over all endpoints, by completion code."""
        return self.counters.answers

    @property
    def sessions(self) -> int:
        """Open at all endpoints together."""
        return sum(opened.door.sessions for opened in self._busy if opened.door is not None)

    async def restart(self, name: str) -> None:
        """The BMC's own reset, as by Cold Reset; the node is untouched. :raise WrongState: its door is closed."""
        opened = self._opened.get(name)
        if opened is None or opened.door is None:
            raise WrongState(f"the IPMI door of {name} is closed; the event log of {name} tells why")
        await opened.door.restart()

    def endpoint(self, name: str) -> Endpoint | None:
        """Where the node's door listens."""
        found = self._opened.get(name)
        return found.endpoint if found else None

    def suites(self, name: str) -> Mapping[CipherSuite, Privilege]:
        """The most that a session with each cipher suite may do, strongest first; without those not in use."""
        found = self._opened.get(name)
        return found.door.suites if found and found.door else {}

    def _slot_changed(self, node: str, slot: int) -> None:
        opened = self._opened.get(node)
        if opened is not None and opened.door is not None:
            opened.door.revoke(slot)

    async def _housekeeping(self) -> None:
        """Time passes at the doors that are not idle; of thousands only those are looked at."""
        while True:
            await self._clock.sleep(_HOUSEKEEPING)
            for opened in list(self._busy):
                if opened.door is None or opened.door.idle:
                    self._busy.discard(opened)
                    continue
                try:
                    opened.door.expire()
                except Exception:
                    log.exception("housekeeping of the IPMI door at %s", opened.endpoint)


def _bind(wanted: Endpoint, name: str) -> socket.socket:
    try:
        address = ipaddress.ip_address(wanted.host)
    except ValueError as error:
        raise InvalidRequest(f"ipmi host {wanted.host!r} of node {name}: expected an IP address") from error
    sock = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        _deepen(sock)
        sock.bind((wanted.host, wanted.port))
    except OSError as error:
        sock.close()
        remedy = _REMEDIES.get(error.errno or 0, "give the node another ipmi endpoint, or end what holds this one")
        raise BackendFailed(
            f"node {name} cannot listen for IPMI on {wanted.host} UDP port {wanted.port}: {error.strerror}; {remedy}"
        ) from error
    return sock


def _deepen(sock: socket.socket) -> None:
    """As far as we are let: beyond `net.core.rmem_max` it takes CAP_NET_ADMIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _QUEUE)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE)
