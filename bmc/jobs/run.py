"""One job under way, as its steps see it."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, TypeVar

from bmc.jobs.ledger import Ledger, Written
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.clock import Clock
from bmc.model.commands import Command
from bmc.model.events import EventKind, Severity
from bmc.model.job import Job, JobMessage, JobState
from bmc.node import Node
from bmc.ports import Backend
from bmc.store import Json

R = TypeVar("R")

TELL_EVERY = 0.5
"""Seconds between two progress events of a job, and between two writes of its progress."""

MESSAGES_KEPT = 200
COMMAND_GRACE = 30.0
"""Seconds that a command which has begun gets to come to its end when its step is cancelled."""

OUTCOME = {JobState.COMPLETED: "completed", JobState.CANCELLED: "was cancelled", JobState.EXCEPTION: "failed"}
SEVERITY = {
    JobState.COMPLETED: Severity.OK,
    JobState.CANCELLED: Severity.WARNING,
    JobState.EXCEPTION: Severity.CRITICAL,
}


class Work:
    """A job under way: its progress, told and stored. `state` is the steps' own memory, stored with the job by `save`.

    `sequence` is that of the last event told. `finishing` is set once it was asked to come to its good end: that is for
    jobs which have none of their own. `over` is set when nothing of it is under way any more.
    """

    def __init__(self, written: Written, clock: Clock, ledger: Ledger) -> None:
        self.job = written.job
        self.state: dict[str, Any] = dict(written.state)
        self.ending = written.ending
        self.clock = clock
        self.cancelled = asyncio.Event()
        self.finishing = asyncio.Event()
        self.over = asyncio.Event()
        self.sequence = 0
        self.active = clock.monotonic()
        self._ledger = ledger
        self._share = (0.0, 0.0)
        self._told = float("-inf")

    async def progress(self, percent: float, message: str = "", **details: Json) -> None:
        """`percent` is of the present step. Told and stored at most twice a second; `job` is always the newest."""
        self.active = self.clock.monotonic()
        start, width = self._share
        before = self.job
        self.job = replace(
            before,
            percent=max(before.percent, int(start + width * min(max(percent, 0.0), 100.0) / 100)),
            message=message or before.message,
            details={**before.details, **details},
        )
        if self.job != before and self.active - self._told >= TELL_EVERY:
            await self._tell()

    async def say(self, text: str) -> None:
        """Add a line to the job's messages, for good."""
        line = JobMessage(self.clock.now(), text)
        self.job = replace(self.job, message=text, messages=(*self.job.messages, line)[-MESSAGES_KEPT:])
        await self._tell()

    async def note(self, **details: Json) -> None:
        """Set what doors show beside the job, for good; None removes a detail."""
        kept = {**self.job.details, **details}
        self.job = replace(self.job, details={name: value for name, value in kept.items() if value is not None})
        await self.save()

    async def save(self) -> None:
        await self._ledger.save(Written(self.job, self.state, self.ending))

    async def enter(self, step: str, start: float, width: float) -> None:
        """The step named now runs; its share of the percentage begins at `start`. Stored before this returns."""
        self._share = (start, width)
        self.active = self.clock.monotonic()
        details = {k: v for k, v in self.job.details.items() if k not in ("bytes_done", "bytes_total")}
        percent = max(self.job.percent, int(start))
        self.job = replace(self.job, state=JobState.RUNNING, step=step, percent=percent, details=details)
        await self.say(step)

    async def finish(self, state: JobState, message: str) -> None:
        """The end, seen once it is stored and told. The secrets are forgotten.

        :raise StoreFailed: it has ended all the same, for as long as we live.
        """
        now = self.clock.now()
        lines = self.job.messages
        if not lines or lines[-1].text != message:
            lines = (*lines, JobMessage(now, message))
        percent = 100 if state is JobState.COMPLETED else self.job.percent
        job = replace(self.job, state=state, percent=percent, message=message, messages=lines, ended=now)
        try:
            await self._ledger.save(Written(job, self.state, self.ending))
            await self._ledger.forget_secrets(job.id)
            text = f"{job.title} {OUTCOME[state]}: {message}"
            await self._ledger.tell(EventKind.JOB_ENDED, job, text, SEVERITY[state])
        finally:
            self.job = job

    async def _tell(self) -> None:
        self._told = self.clock.monotonic()
        await self.save()
        text = f"{self.job.title}: {self.job.message}"
        self.sequence = (await self._ledger.tell(EventKind.JOB_PROGRESS, self.job, text)).sequence


class Run(Work):
    """Work on one node. `secrets` live until the job's end.

    `stack` closes what belongs to this process only (listeners, watchers), also when the service stops and the
    job is to go on later. `sequence`: watch the node's events from there.
    """

    def __init__(
        self, written: Written, secrets: Mapping[str, Any], node: Node, backend: Backend, clock: Clock, ledger: Ledger
    ) -> None:
        super().__init__(written, clock, ledger)
        self.secrets = secrets
        self.node = node
        self.backend = backend
        self.caller = caller_of(written.job)
        self.stack = AsyncExitStack()

    async def do(self, command: Command[R]) -> R:
        """Ask the node on the job's behalf.

        A step cancelled meanwhile lets a command that has begun come to its end, so that the clean-up does not
        meet it half done.
        """
        task = asyncio.ensure_future(self.node.do(command, self.caller))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            late = asyncio.ensure_future(self.clock.sleep(COMMAND_GRACE))
            await asyncio.wait({task, late}, return_when=asyncio.FIRST_COMPLETED)
            late.cancel()
            task.cancel()
            raise


def caller_of(job: Job) -> Caller:
    """The job itself as a caller; it passes its own reservation."""
    return Caller(job.account, Role.ADMINISTRATOR, Scope(), Door.JOB, job=job.id)
