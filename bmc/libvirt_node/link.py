"""One connection to a libvirt, shared by the nodes that live there.

libvirt is synchronous: its calls run in a few threads of the connection, each with a deadline, its events come from its
own loop's thread. A libvirt that is dead or hangs costs its nodes their state, which is then Unknown, and the service
nothing; the connection is made again by itself.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bmc.libvirt_node.library import libvirt, libvirt_qemu, run_events
from bmc.libvirt_node.workers import Workers
from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, NotSupported, OutcomeUnknown, Refused, Unreachable, WrongState

THREADS = 4
DEADLINE = 10.0
BACK_OFF = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before each attempt to connect again; the last repeats."""
CHECK = 60.0
"""Seconds from one look at every domain to the next, in case an event was lost."""
KEEP_ALIVE = (5, 3)
"""Seconds from one sign of life to the next, and how many may be missing."""

T = TypeVar("T")
Connection = Any
"""A `libvirt.virConnect`."""

log = logging.getLogger(__name__)


class DomainGone(Refused):
    """libvirt has no such domain (any more)."""


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The connection was made, for the first time or again."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """It is time for a look."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """`event` is a virDomainEventType, `detail` what goes with it."""

    uuid: str
    event: int
    detail: int


@dataclass(frozen=True, slots=True)
class Rebooted:
    uuid: str


@dataclass(frozen=True, slots=True)
class QemuShutdown:
    """QEMU is about to end, with its own reason: guest-reset, host-qmp-system-reset, guest-shutdown, …"""

    uuid: str
    details: str


@dataclass(frozen=True, slots=True)
class TrayMoved:
    uuid: str


LinkEvent = LinkUp | LinkDown | Checked | Lifecycle | Rebooted | QemuShutdown | TrayMoved
Follower = Callable[[LinkEvent], None]


class Link:
    """Alive from `start` to `close`."""

    def __init__(self, name: str, uri: str, clock: Clock) -> None:
        self.name = name
        self.domain = f"libvirt {name}"
        self.remote = bool(urlsplit(uri).hostname)
        self.keeps_owner = False
        self.settled = asyncio.Event()
        """Whether it can be reached is known, be it yes or no."""
        self._uri = uri
        self._clock = clock
        self._connection: Connection | None = None
        self._reason = "not connected yet"
        self._followers: list[Follower] = []
        self._lost = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> bool:
        return self._connection is not None

    @property
    def down(self) -> str:
        """Why it cannot be asked, in a sentence."""
        return f"{self.domain} cannot be reached: {self._reason}"

    def follow(self, follower: Follower) -> None:
        self._followers.append(follower)

    def unfollow(self, follower: Follower) -> None:
        self._followers.remove(follower)

    def start(self) -> None:
        run_events()
        self.settled.clear()
        self._loop = asyncio.get_running_loop()
        self._workers = Workers(self.domain, THREADS)
        self._tasks = [
            asyncio.create_task(self._keep(), name=self.domain),
            asyncio.create_task(self._check(), name=f"{self.domain} check"),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._let_go()
        self._workers.close()

    async def call(self, work: Callable[[Connection], T], deadline: float | None = None) -> T:
        """Run `work` in one of the threads; for DEADLINE seconds at most unless told otherwise.

        :raise Unreachable: libvirt was not asked. :raise OutcomeUnknown: it was, and its answer did not come.
        :raise DomainGone, WrongState, NotSupported, BackendFailed: what it answered.
        """
        connection = self._connection
        if connection is None:
            raise Unreachable(self.down)
        deadline = DEADLINE if deadline is None else deadline
        future = self._workers.submit(lambda: work(connection))
        if not await _within(future, deadline):
            text = f"{self.domain} did not answer within {deadline:.0f} s"
            raise Unreachable(text) if future.cancel() else OutcomeUnknown(text)
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, libvirt.libvirtError):
            raise self._translated(error, connection)
        raise error

    def _translated(self, error: Any, connection: Connection) -> Exception:
        text, code = str(error.get_error_message() or error), error.get_error_code()
        if error.get_error_domain() in (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE) or not connection.isAlive():
            self._on_closed(connection, text)
            return OutcomeUnknown(f"{self.domain} went away: {text}")
        if code == libvirt.VIR_ERR_NO_DOMAIN:
            return DomainGone(f"{self.domain} has no such domain (any more): {text}")
        if code == libvirt.VIR_ERR_OPERATION_INVALID:
            return WrongState(f"{self.domain}: {text}")
        unsupported = ("NO_SUPPORT", "OPERATION_UNSUPPORTED", "CONFIG_UNSUPPORTED", "ARGUMENT_UNSUPPORTED")
        if code in [getattr(libvirt, f"VIR_ERR_{name}") for name in unsupported]:
            return NotSupported(f"{self.domain}: {text}")
        return BackendFailed(f"{self.domain}: {text}")

    async def _keep(self) -> None:
        """Connect, and connect again, without end."""
        failures = 0
        while True:
            self._lost.clear()
            if await self._connect():
                failures = 0
                self._tell(LinkUp())
                self.settled.set()
                await self._lost.wait()
                self._let_go()
                log.warning("%s", self.down)
            self._tell(LinkDown(self.down))
            self.settled.set()
            await self._clock.sleep(BACK_OFF[min(failures, len(BACK_OFF) - 1)])
            failures += 1

    async def _connect(self) -> bool:
        """One attempt at a time: that of a libvirt that hangs is waited for, and told meanwhile."""
        future = self._workers.submit(self._dial)
        if not await _within(future, DEADLINE):
            self._reason = f"it does not answer within {DEADLINE:.0f} s"
            self._tell(LinkDown(self.down))
            self.settled.set()
            await _within(future, None)
        error = future.exception()
        if error is None:
            self._connection, self.keeps_owner = future.result()
            return True
        if not isinstance(error, libvirt.libvirtError):
            raise error
        reason = str(error.get_error_message() or error)
        if reason != self._reason:
            log.warning("%s cannot be reached: %s", self.domain, reason)
        self._reason = reason
        return False

    def _dial(self) -> tuple[Connection, bool]:
        connection = libvirt.open(self._uri)
        connection.setKeepAlive(*KEEP_ALIVE)
        connection.registerCloseCallback(lambda _, reason, __: self._closed_from_thread(connection), None)
        register = connection.domainEventRegisterAny
        register(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._on_lifecycle, None)
        register(None, libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, lambda _, d, __: self._post(Rebooted(d.UUIDString())), None)
        tray = libvirt.VIR_DOMAIN_EVENT_ID_TRAY_CHANGE
        register(None, tray, lambda _, d, *__: self._post(TrayMoved(d.UUIDString())), None)
        try:
            libvirt_qemu.qemuMonitorEventRegister(connection, None, "SHUTDOWN", self._on_qemu, None)
        except libvirt.libvirtError as error:  # another hypervisor than QEMU
            log.info("%s tells no QEMU events, so reboots cannot be held back: %s", self.domain, error)
        return connection, "<model>dac</model>" in connection.getCapabilities()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._workers.submit(lambda: _close(connection))

    async def _check(self) -> None:
        while True:
            await self._clock.sleep(CHECK)
            if self.connected:
                self._tell(Checked())

    def _on_closed(self, connection: Connection, reason: str) -> None:
        if connection is self._connection:
            self._reason = reason
            self._lost.set()

    def _tell(self, event: LinkEvent) -> None:
        for follower in list(self._followers):
            follower(event)

    # In the thread of libvirt's events:

    def _on_lifecycle(self, _: Connection, domain: Any, event: int, detail: int, __: object) -> None:
        self._post(Lifecycle(domain.UUIDString(), event, detail))

    def _on_qemu(self, _: Connection, domain: Any, __: str, ___: int, ____: int, details: str, _____: object) -> None:
        self._post(QemuShutdown(domain.UUIDString(), details or ""))

    def _closed_from_thread(self, connection: Connection) -> None:
        self._hand(lambda: self._on_closed(connection, "the connection was closed"))

    def _post(self, event: LinkEvent) -> None:
        self._hand(lambda: self._tell(event))

    def _hand(self, work: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:  # the service has ended meanwhile
            return


class Links:
    """The open connections, by name and URI; each lives as long as a node uses it."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, str], Link] = {}
        self._users: dict[Link, int] = {}

    def find(self, name: str, uri: str, clock: Clock) -> Link:
        """Not started before `take`."""
        return self._links.setdefault((name, uri), Link(name, uri, clock))

    def take(self, link: Link) -> None:
        self._users[link] = self._users.get(link, 0) + 1
        if self._users[link] == 1:
            link.start()

    async def give_back(self, link: Link) -> None:
        self._users[link] -= 1
        if not self._users[link]:
            del self._users[link]
            self._links = {key: each for key, each in self._links.items() if each is not link}
            await link.close()


async def _within(future: "Future[Any]", seconds: float | None) -> bool:
    """Whether it is done by then. Who leaves takes what was not begun along."""
    waiting = asyncio.wrap_future(future)
    try:
        done, _ = await asyncio.wait({waiting}, timeout=seconds)
    except asyncio.CancelledError:
        future.cancel()
        raise
    finally:
        waiting.add_done_callback(lambda each: each.cancelled() or each.exception())
    return bool(done)


def _close(connection: Connection) -> None:
    try:
        connection.unregisterCloseCallback()
        connection.close()
    except libvirt.libvirtError as error:
        log.debug("closing: %s", error)
