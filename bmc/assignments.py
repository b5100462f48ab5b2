"""What people are asked to do at machines, and their answers. One board for the service; a restart withdraws all."""

import asyncio
from collections.abc import Sequence
from itertools import count

from bmc.events import Events
from bmc.model.assignment import Answer, Assignment
from bmc.model.caller import Caller
from bmc.model.clock import Clock, within
from bmc.model.errors import BackendFailed, NotFound, OutcomeUnknown
from bmc.model.events import Event, EventKind, Severity


class Assignments:
    def __init__(self, events: Events, clock: Clock) -> None:
        self._events = events
        self._clock = clock
        self._ids = count(1)
        self._open: dict[str, tuple[Assignment, asyncio.Future[tuple[Answer, str]]]] = {}

    def open(self) -> Sequence[Assignment]:
        """Those that wait for an answer, oldest first."""
        return [assignment for assignment, _ in self._open.values()]

    async def ask(self, node: str, text: str, patience: float) -> None:
        """Ask, and return when somebody says that it is done.

        :raise BackendFailed: somebody says that it could not be done.
        :raise OutcomeUnknown: nobody has answered within `patience` seconds.
        """
        now = self._clock.now()
        assignment = Assignment(f"{now:.0f}-{next(self._ids)}", node, text, now, now + patience)
        answer: asyncio.Future[tuple[Answer, str]] = asyncio.get_running_loop().create_future()
        self._open[assignment.id] = assignment, answer
        try:
            await self._tell(EventKind.ASSIGNMENT_OPENED, assignment, text, Severity.WARNING)
            if not await within(self._clock, patience, _wait(answer)):
                raise OutcomeUnknown(f"nobody answered within {patience:.0f} s: {text}")
        finally:
            self._open.pop(assignment.id, None)
            if not answer.done():
                answer.cancel()
                await self._tell(EventKind.ASSIGNMENT_ENDED, assignment, f"no longer asked for: {text}")
        given, account = answer.result()
        said = f"{account} says {given.value}: {text}"
        await self._tell(EventKind.ASSIGNMENT_ENDED, assignment, said, account=account)
        if given is Answer.COULD_NOT:
            raise BackendFailed(f"{account} says that it could not be done: {text}")

    def answer(self, id: str, given: Answer, caller: Caller) -> Assignment:
        """:raise NotFound: it was answered, or nobody waits any more."""
        found = self._open.pop(id, None)
        if found is None:
            raise NotFound(f"there is no open assignment {id}; it was answered, or its time is up")
        assignment, future = found
        future.set_result((given, caller.account))
        return assignment

    async def _tell(
        self,
        kind: EventKind,
        assignment: Assignment,
        message: str,
        severity: Severity = Severity.OK,
        account: str = "",
    ) -> None:
        details = {"assignment": assignment.id, "deadline": assignment.deadline}
        node, now = assignment.node, self._clock.now()
        await self._events.publish(Event(kind, f"{node}: {message}", now, node, severity, account, details))


async def _wait(answer: asyncio.Future[tuple[Answer, str]]) -> None:
    await asyncio.shield(answer)
