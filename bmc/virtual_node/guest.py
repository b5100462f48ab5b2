"""The QEMU of one node while the service watches it: started, adopted, told about, let go.

It turns QEMU's event log and the end of the process into facts, in order, and gives each to its followers.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from uuid import UUID

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Unreachable, WrongState
from bmc.virtual_node import process
from bmc.virtual_node.events import EventLog, Fact, FactKind, Interpreter, QemuEvent
from bmc.virtual_node.files import EVENTS_LOG, EVENTS_SOCKET, QMP_SOCKET, NodeFiles
from bmc.virtual_node.process import QemuProcess
from bmc.virtual_node.qmp import Monitor
from bmc.virtual_node.state import Run, StateFile

START_DEADLINE = 15.0
QUIT_DEADLINE = 3.0
TICK = 1.0
EVENTS_QUOTA = 1024 * 1024
HOST_RESTARTED = "this host was restarted while the node was on"
_PARTING = frozenset({FactKind.SHUTDOWN, FactKind.QUIT, FactKind.KILLED, FactKind.MAINS_LOST})

log = logging.getLogger(__name__)

Follower = Callable[[Fact], None]


class Guest:
    """`up` is set while there is a QEMU process."""

    def __init__(self, name: str, uuid: UUID, files: NodeFiles, state: StateFile, clock: Clock) -> None:
        self.name = name
        self.files = files
        self.state = state
        self.clock = clock
        self.up = asyncio.Event()
        self._uuid = uuid
        self._process: QemuProcess | None = None
        self._monitor: Monitor | None = None
        self._events = EventLog(files.guest / EVENTS_LOG)
        self._interpreter = Interpreter()
        self._followers: list[Follower] = []
        self._on_connected: list[Callable[[], Coroutine[None, None, None]]] = []
        self._connecting = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._bell = asyncio.Event()
        self._starting = False
        self._parting: Fact | None = None
        self._resets = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int:
        """:raise WrongState: the node is off."""
        if self._process is None or not self._process.alive:
            raise WrongState(f"{self.name} is off; power it on first")
        return self._process.pid

    @property
    def connected(self) -> bool:
        return self._monitor is not None

    @property
    def reboot_held(self) -> bool:
        return self._interpreter.held

    @property
    def parting(self) -> Fact | None:
        """What the guest or QEMU said before it went: SHUTDOWN, QUIT, KILLED or MAINS_LOST."""
        return self._parting

    def follow(self, follower: Follower) -> None:
        self._followers.append(follower)

    def when_connected(self, settle: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run `settle` whenever the monitor of a running QEMU was connected again: after adoption, after a break."""
        self._on_connected.append(settle)

    def presume_booted(self) -> None:
        """The guest is known to have booted, whether or not the beginning of the log still tells."""
        self._interpreter.presume_running()

    async def start(self, argv: list[str], largest_file: int, run: Run, descriptors: Mapping[int, int]) -> None:
        """Start QEMU, stopped before its first instruction, with open files by the numbers that it has them as.

        :raise BackendFailed: it did not come up, and why.
        """
        if self._process is not None:
            await self._gone()
        self._starting = True
        try:
            self._clear_away(EVENTS_LOG, QMP_SOCKET, EVENTS_SOCKET)
            self._begin_log()
            self.state.now.run, self.state.now.booting, self.state.now.events_read = run, None, 0
            await self.state.save()
            self._attach(process.spawn(self.files, argv, largest_file, descriptors))
            try:
                await self._connect_when_up()
                await self._open_event_log()
            except BmcError as error:
                ended = await self._ended()
                await self.kill()
                raise BackendFailed(f"QEMU did not start: {ended or error}") from None
        except BaseException:
            self.state.now.run = None
            raise
        finally:
            self._starting = False

    def _clear_away(self, *names: str) -> None:
        """:raise BackendFailed: what is there cannot be removed; QEMU's user may have made a directory of it."""
        for name in names:
            path = self.files.guest / name
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise BackendFailed(f"{path} cannot be removed: {error.strerror}; remove it") from None

    async def adopt(self) -> None:
        """Find what runs already, without touching it, and tell what was missed; a process that is gone is told too.

        What it waits for is taken up before anybody looks at it: a QEMU that the service died over is no power On.
        """
        self.state.load()
        self._begin_log(self.state.now.events_read)
        found = process.find(self.files, self._uuid)
        if found is None:
            if self.state.now.run is not None:
                await self._read_events()
                self._tell_lost()
            return
        self._attach(found)
        settling = await self._reconnect()
        await self._read_events()
        await asyncio.gather(*settling)

    async def execute(self, command: str, **arguments: object) -> object:
        """Run a monitor command; underscores in argument names stand for hyphens.

        :raise Unreachable: QEMU is not there or its monitor is not connected. :raise BackendFailed: QEMU refused it.
        """
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        return await self._connected().execute(command, named)

    async def hand_over(self, descriptor: int, label: str) -> str:
        return await self._connected().hand_over(descriptor, label)

    async def status(self) -> str:
        return await self._connected().status()

    async def reset(self) -> None:
        """Reset the machine and wait until QEMU has done it. :raise BackendFailed: it does not."""
        before = self._resets
        await self.execute("system_reset")
        try:
            async with asyncio.timeout(QUIT_DEADLINE), self._changed:
                await self._changed.wait_for(lambda: self._resets > before)
        except TimeoutError:
            raise BackendFailed("QEMU took a reset but did not carry it out") from None

    async def stop(self) -> None:
        """End QEMU: its disks are flushed if it still listens, else it is killed. Not a fault."""
        leaving = self._process
        if leaving is None:
            return
        try:
            await self._connected().execute("quit", deadline=QUIT_DEADLINE)
        except BmcError as error:
            log.info("%s: quit: %s", self.name, error)
            listening = not isinstance(error, Unreachable)
        else:
            listening = True
        if not listening or not await leaving.wait(QUIT_DEADLINE):
            self._parting = self._parting or Fact(FactKind.QUIT, self.clock.now())
            leaving.kill()
        await self._gone()

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._gone()

    def spawn(self, work: Coroutine[None, None, None], what: str) -> "asyncio.Task[None]":
        """Run something beside; its failure is logged, and it ends with us."""
        task = asyncio.create_task(self._guarded(work, what), name=f"{what} of {self.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # cancelled before its first step it never began
        return task

    async def close(self) -> None:
        """Let go without touching the guest."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._monitor is not None:
            await self._monitor.close()
            self._monitor = None
        if self._process is not None:
            self._process.close()

    async def destroy(self) -> None:
        """End what still runs; for a node that was let go of. :raise OutcomeUnknown: it does not end."""
        left = process.find(self.files, self._uuid)
        if left is None:
            return
        left.kill()
        if not await left.wait(QUIT_DEADLINE):
            left.close()
            raise OutcomeUnknown(f"QEMU of {self.name} was killed but is still there (waiting for a disk?)")

    def _begin_log(self, offset: int = 0) -> None:
        """Read from `offset` on; what comes before it was told and only has to be understood."""
        self._parting = None
        self._interpreter = Interpreter()
        self._events = EventLog(self.files.guest / EVENTS_LOG)
        for event in self._events.read_until(offset):
            self._remember(self._fold(event))

    def _attach(self, found: QemuProcess) -> None:
        self._process = found
        self.up.set()
        self.spawn(self._watch_process(found), "process")
        self.spawn(self._watch_events(found), "events")

    async def _connect_when_up(self) -> None:
        deadline = self.clock.monotonic() + START_DEADLINE
        while True:
            try:
                return await self._connect()
            except Unreachable:
                if not self.alive or self.clock.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.005)

    async def _connect(self) -> None:
        """:raise Unreachable: QEMU is gone, or its monitor does not answer."""
        if self._process is None or not self._process.alive:
            raise Unreachable("QEMU has ended")
        where = (self.files.guest, QMP_SOCKET, self._process.pid)
        self._monitor = await Monitor.connect(*where, self._bell.set, self._lost_monitor)

    async def _reconnect(self) -> "list[asyncio.Task[None]]":
        """What now looks at the guest; nothing where the monitor is not reached, or was not lost."""
        async with self._connecting:
            if self._monitor is not None:
                return []
            try:
                await self._connect()
            except Unreachable as error:
                log.warning("%s: %s", self.name, error)
                return []
        await self._read_events()
        return self._settle()

    def _settle(self) -> "list[asyncio.Task[None]]":
        return [self.spawn(settle(), "settling") for settle in self._on_connected]

    def _lost_monitor(self) -> None:
        self._monitor = None
        self._bell.set()

    async def _open_event_log(self) -> None:
        """Open the second monitor once: from then on QEMU writes all its events into the monitor's log."""
        monitor = await Monitor.connect(self.files.guest, EVENTS_SOCKET, self.pid, lambda: None, lambda: None)
        await monitor.close()

    async def _watch_events(self, watched: QemuProcess) -> None:
        """Read at each ring, and once a second, since a ring may be missed."""
        while watched.alive:
            rung = True
            try:
                async with asyncio.timeout(TICK):
                    await self._bell.wait()
            except TimeoutError:
                rung = False
            self._bell.clear()
            await self._read_events()
            async with self._changed:
                self._changed.notify_all()
            if not rung and self._monitor is None and not self._starting and watched.alive:
                await self._reconnect()
            if self._events.restart(EVENTS_QUOTA):
                self._keep_offset()
                self._settle()

    async def _read_events(self) -> None:
        """All that is there, a piece at a time, so that a long log delays nobody else."""
        while (events := self._events.read()) is not None:
            for event in events:
                self._resets += event.name == "RESET"
                fact = self._fold(event)
                self._remember(fact)
                if fact is not None:
                    self._tell(fact)
            self._keep_offset()
            await asyncio.sleep(0)

    def _keep_offset(self) -> None:
        self.state.now.events_read = self._events.offset
        self.state.note()

    def _remember(self, fact: Fact | None) -> None:
        if fact is not None and fact.kind in _PARTING:
            self._parting = self._parting or fact

    def _fold(self, event: QemuEvent) -> Fact | None:
        """A host that goes down in order ends QEMU by a signal."""
        fact = self._interpreter.fold(event)
        if fact is not None and fact.kind is FactKind.KILLED and self._host_restarted:
            return replace(fact, kind=FactKind.MAINS_LOST, text=HOST_RESTARTED)
        return fact

    @property
    def _host_restarted(self) -> bool:
        run = self.state.now.run
        return run is not None and run.boot_id != process.host_boot_id()

    def _tell(self, fact: Fact) -> None:
        for follower in self._followers:
            follower(fact)
        if fact.kind is FactKind.SHUTDOWN and self.alive:
            self.spawn(self.stop(), "quit after shutdown")

    async def _watch_process(self, watched: QemuProcess) -> None:
        ended = await asyncio.shield(watched.ended)
        await self._read_events()
        self.up.clear()
        if self._monitor is not None:
            await self._monitor.close()
            self._monitor = None
        self._process = None
        if not self._starting:
            self._tell_end(ended.text)
        async with self._changed:
            self._changed.notify_all()

    def _tell_lost(self) -> None:
        """QEMU went while there was no service."""
        if self._host_restarted and self._parting is None:
            self._parting = Fact(FactKind.MAINS_LOST, self.files.last_written(), text=HOST_RESTARTED)
            self._tell(self._parting)
        self._tell_end(process.Ended(None, process.log_tail(self.files.log)).text)

    def _tell_end(self, text: str) -> None:
        """What was said before decides whether the end of the process is a fault."""
        self.state.now.run = None
        self.state.now.booting = None
        self._keep_offset()
        kind = FactKind.ENDED if self._parting is not None else FactKind.DIED
        self._tell(Fact(kind, self.clock.now(), text=text))

    async def _gone(self) -> None:
        """Wait until the end has been told."""
        try:
            async with asyncio.timeout(2 * QUIT_DEADLINE), self._changed:
                await self._changed.wait_for(lambda: self._process is None)
        except TimeoutError:
            raise OutcomeUnknown(f"QEMU of {self.name} was killed but is still there (waiting for a disk?)") from None

    async def _ended(self) -> str:
        """Why QEMU ended, if it has."""
        if self._process is None or await self._process.wait(0.2):
            return process.log_tail(self.files.log)
        return ""

    def _connected(self) -> Monitor:
        if self._monitor is None:
            why = "QEMU's monitor does not answer" if self.alive else "the node is off"
            raise Unreachable(f"{self.name}: {why}")
        return self._monitor

    async def _guarded(self, work: Coroutine[None, None, None], what: str) -> None:
        try:
            await work
        except BmcError as error:
            log.log(logging.WARNING if self.alive else logging.DEBUG, "%s: %s: %s", self.name, what, error)
        except Exception:
            log.exception("%s: %s failed", self.name, what)
