"""What a job by the ramdisk waits for: the reports of its guest, and what becomes of the node meanwhile."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

from bmc.events import Events
from bmc.jobs import Run, StepFailed
from bmc.model.errors import NotSupported, WrongState
from bmc.model.events import EventKind
from bmc.model.power import PowerState
from bmc.reinstall.desk import Desk
from bmc.reinstall.ticket import Stage, Ticket

NAMES = {"erase": "erasing", "write": "writing", "verify": "reading back", "seed": "writing the seed to"}
OWN = frozenset({EventKind.JOB_STARTED, EventKind.JOB_PROGRESS, EventKind.JOB_ENDED})


class DeployDoor(Protocol):
    """Speaks the deploy protocol over HTTP; bmc/http has it."""

    async def serve(
        self, node: str, listener: socket.socket, desk: Desk, admits: Callable[[str], bool]
    ) -> Callable[[], Awaitable[None]]:
        """Have `desk` answer what comes in by `listener`, which is `node`'s, from addresses that it `admits`; returns
        what ends that and closes it.
        """


class Guest:
    """Lives in `run.stack`. One for each job under way."""

    def __init__(self, run: Run, ticket: Ticket, desk: Desk, events: Events, door: DeployDoor) -> None:
        self.ticket = ticket
        self._desk = desk
        self._run = run
        self._events = events.subscribe(after=run.sequence)
        self._door = door
        self._wake = asyncio.Event()
        self._reset = False
        self._nothing_to_boot = False
        self._hang_up: Callable[[], Awaitable[None]] | None = None
        ticket.wake = self._wake.set
        self._task = asyncio.create_task(self._follow(), name=f"guest of job {run.job.id}")
        run.stack.push_async_callback(self._stop)
        run.stack.push_async_callback(self.hang_up)

    @property
    def lost(self) -> bool:
        """The ramdisk can do nothing any more."""
        return self._reset or self._run.node.snapshot.paused

    async def listen(self) -> None:
        """Open the deploy listener of the node's present boot, unless it is open or the node is off."""
        await self.known()
        if self._hang_up is not None or self._run.node.snapshot.power is PowerState.OFF:
            return
        link = self._run.backend.deploy
        if link is None:
            raise NotSupported(f"{self._run.job.node} has no way to the deploy listener")
        try:
            listener = await link.listener()
        except WrongState:
            return  # it has just gone off, and its event is on the way
        try:
            self._hang_up = await self._door.serve(self._run.job.node, listener, self._desk, link.admits)
        except BaseException:
            listener.close()
            raise

    async def hang_up(self) -> None:
        """The boot is over, and its listener with it."""
        hang_up, self._hang_up = self._hang_up, None
        if hang_up is not None:
            await hang_up()

    async def until(self, reached: Callable[[], bool]) -> None:
        """Listen and wait for it, telling progress.

        :raise StepFailed: the ramdisk gave up, or the node went off, has paused, was reset or had nothing to boot from.
        """
        while True:
            self._wake.clear()
            if reached():
                return
            self._check()
            await self.listen()
            await self._tell()
            await self._wake.wait()

    async def until_power(self, state: PowerState) -> None:
        """Wait until the node is known to be in `state`."""
        await self._until_node(lambda: self._run.node.snapshot.power is state)

    async def known(self) -> None:
        """Wait until the power state is known, as after a restart it may not be at once."""
        await self._until_node(lambda: self._run.node.snapshot.power is not PowerState.UNKNOWN)

    async def _until_node(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self._wake.clear()
            if self._task.done():
                self._task.result()
            await self._wake.wait()

    async def _stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _check(self) -> None:
        facts, node = self.ticket.facts, self._run.node.snapshot
        if self._task.done():
            self._task.result()
        if facts.failed:
            raise StepFailed(facts.failed)
        if node.power is PowerState.OFF:
            raise StepFailed(f"the node went off ({node.cause.value}){': ' + node.reason if node.reason else ''}")
        if node.paused:
            raise StepFailed(f"the node has stopped: {node.reason or node.cause.value}")
        if self._reset:
            raise StepFailed("the node was reset in the middle of it")
        heard = facts.proofs if self.ticket.stage is Stage.PROOF else facts.checked_in
        if self._nothing_to_boot and not heard:
            raise StepFailed("the node found nothing to boot from")

    async def _tell(self) -> None:
        facts = self.ticket.facts
        if facts.phase != self._run.job.step:  # reported for another step
            return
        if not facts.total:  # a sign of life
            return await self._run.progress(0)
        await self._run.progress(
            100 * facts.bytes / facts.total,
            f"{NAMES[facts.phase]} {facts.disk}",
            bytes_done=facts.bytes,
            bytes_total=facts.total,
        )

    async def _follow(self) -> None:
        """Look again whenever something is told of the node."""
        try:
            async for event in self._events:
                if event.node != self._run.job.node or event.kind in OWN:
                    continue
                facts = self.ticket.facts
                match event.kind:
                    case EventKind.NODE_RESET if facts.checked_in and not facts.done:
                        self._reset = True
                    case EventKind.BOOT_FAILED:
                        self._nothing_to_boot = True
                    case EventKind.POWER_CHANGED if event.details["to"] == PowerState.OFF.value:
                        self._nothing_to_boot = False
                self._wake.set()
        finally:
            self._wake.set()
