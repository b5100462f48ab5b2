"""One power action over many nodes, batch after batch: a job of no single node, which reserves none.

What is about to be done to a node is stored first, so that a crash of the service does nothing twice.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any, TypeVar, cast

from bmc.accounts import Account
from bmc.fleet import Fleet
from bmc.jobs.run import COMMAND_GRACE, Work
from bmc.model.caller import Caller, Door, Role
from bmc.model.clock import within
from bmc.model.commands import Power
from bmc.model.errors import BmcError, Denied, NotFound, OutcomeUnknown
from bmc.model.job import Job, JobState
from bmc.model.power import PowerAction, PowerState
from bmc.node import Node
from bmc.power.table import reset_type
from bmc.store import Json, StoreFailed

R = TypeVar("R")
Find = Callable[[str, str], Account | None]
"""An account as it is now, with what the API token of that id leaves it; "" is no token."""

log = logging.getLogger(__name__)

KIND, STEP = "power", "Acting on the nodes"
GONE = "gone"
"""In the sweep's own memory: its nodes that were removed since it began. One that has such a name now is another."""
REACHES = {
    PowerAction.ON: PowerState.ON,
    PowerAction.FORCE_OFF: PowerState.OFF,
    PowerAction.GRACEFUL_SHUTDOWN: PowerState.OFF,
}
"""Actions of which a look at the node tells whether they had their effect."""


class Outcome(Enum):
    WAITING = "waiting"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


def request_of(action: PowerAction, batch: int, delay: int) -> dict[str, object]:
    return {"action": action.value, "batch": batch, "delay": delay}


def waiting(nodes: Sequence[str]) -> dict[str, Json]:
    """The details of a sweep that has not begun: per node its outcome, and in words why."""
    return {"results": {node: [Outcome.WAITING.value, ""] for node in nodes}}


def results(job: Job) -> dict[str, tuple[Outcome, str]]:
    """What became of each node, in the order in which they come."""
    stored = cast(Mapping[str, tuple[str, str]], job.details.get("results", {}))
    return {node: (Outcome(outcome), why) for node, (outcome, why) in stored.items()}


async def carry_out_sweep(fleet: Fleet, find: Find, work: Work) -> None:
    """Cancelling this suspends the sweep: it goes on with the nodes that are left."""
    sweep = _Sweep(fleet, find, work)
    try:
        await sweep.look_after_crash()
        await work.enter(STEP, 0, 100)
        await sweep.run()
        await sweep.end()
    except StoreFailed as error:
        log.error("job %s: %s", work.job.id, error)
        with suppress(StoreFailed):
            await work.finish(JobState.EXCEPTION, str(error))


class _Sweep:
    def __init__(self, fleet: Fleet, find: Find, work: Work) -> None:
        job = work.job
        self._fleet = fleet
        self._find = find
        self._work = work
        self._action = PowerAction(job.request["action"])
        self._batch = int(str(job.request["batch"]))
        self._delay = float(str(job.request["delay"]))
        self._results = results(job)

    @property
    def percent(self) -> float:
        left = sum(outcome in (Outcome.WAITING, Outcome.STARTED) for outcome, _ in self._results.values())
        return 100 * (len(self._results) - left) / max(1, len(self._results))

    async def look_after_crash(self) -> None:
        """Whatever had begun is not begun again; where its effect can be seen, it is."""
        for node, (outcome, _) in self._results.items():
            if outcome is Outcome.STARTED:
                self._results[node] = self._seen(node)
        await self._save()

    async def run(self) -> None:
        while batch := [node for node, (outcome, _) in self._results.items() if outcome is Outcome.WAITING]:
            if self._work.cancelled.is_set():
                return
            batch = batch[: self._batch]
            for node in batch:
                self._results[node] = (Outcome.STARTED, "")
            await self._save()
            await asyncio.gather(*(self._act(node) for node in batch))
            if self._delay and self.percent < 100:
                await within(self._work.clock, self._delay, self._work.cancelled.wait())

    async def end(self) -> None:
        for node, (outcome, _) in self._results.items():
            if outcome is Outcome.WAITING:
                self._results[node] = (Outcome.CANCELLED, "cancelled before it began")
        await self._save()
        wrong = [f"{node}: {why}" for node, (outcome, why) in self._results.items() if _went_wrong(outcome)]
        left = (Outcome.CANCELLED, Outcome.UNKNOWN) if self._work.cancelled.is_set() else (Outcome.CANCELLED,)
        if any(outcome in left for outcome, _ in self._results.values()):
            return await self._work.finish(JobState.CANCELLED, "; ".join(["cancelled", *wrong[:3]]))
        if wrong:
            more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
            text = f"{len(wrong)} of {len(self._results)} nodes failed: {'; '.join(wrong[:3])}{more}"
            return await self._work.finish(JobState.EXCEPTION, text)
        await self._work.finish(JobState.COMPLETED, "done")

    async def _act(self, name: str) -> None:
        try:
            node = self._node(name)
            asking = node.do(Power(reset_type(self._action, node.snapshot.power)), self._caller())
            state = await self._while_wanted(asking, COMMAND_GRACE)
            # A guest that was asked to shut down has not done so yet.
            wrong = await self._while_wanted(node.after_shutdown(), 0) if state is PowerState.POWERING_OFF else ""
            self._results[name] = (Outcome.FAILED if wrong else Outcome.DONE, wrong)
        except OutcomeUnknown as error:
            self._results[name] = (Outcome.UNKNOWN, str(error))
        except BmcError as error:
            self._results[name] = (Outcome.FAILED, str(error))
        except Exception as error:  # an error of ours with one node must not keep the others from their turn
            log.exception("%s of %s in job %s", self._action.value, name, self._work.job.id)
            self._results[name] = (Outcome.UNKNOWN, f"internal error: {error!r}")
        done = sum(outcome is Outcome.DONE for outcome, _ in self._results.values())
        try:
            await self._save()
            await self._work.progress(self.percent, f"{done} of {len(self._results)} nodes done")
        except StoreFailed as error:  # the next batch does not begin before its own is stored
            log.warning("job %s: the outcome of %s is not stored: %s", self._work.job.id, name, error)

    def _node(self, name: str) -> Node:
        """:raise NotFound:"""
        if name in self._work.state.get(GONE, ()):
            raise NotFound(f"{name} was removed since this began")
        return self._fleet.node(name)

    async def _while_wanted(self, work: Coroutine[Any, Any, R], grace: float) -> R:
        """:raise OutcomeUnknown: the job was cancelled, and within `grace` seconds `work` did not come to its end."""
        task, cancelled = asyncio.ensure_future(work), asyncio.ensure_future(self._work.cancelled.wait())
        try:
            await asyncio.wait({task, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and grace:
                await within(self._work.clock, grace, asyncio.wait({task}))
            if not task.done():
                raise OutcomeUnknown("this was cancelled once the node was asked, and the node may still do it")
            return task.result()
        finally:
            task.cancel()
            cancelled.cancel()
            await asyncio.gather(task, cancelled, return_exceptions=True)

    def _caller(self) -> Caller:
        """It acts as whoever started it, so that their own reservation does not keep it out; and with no more
        rights than they have by now, as it may last for days. :raise Denied:
        """
        job = self._work.job
        account = self._find(job.account, job.token)
        if account is None or not account.enabled:
            token = ", or its API token that did was revoked or has expired" if job.token else ""
            raise Denied(f"the account {job.account}, which started this, is deleted or disabled{token}")
        role = min(account.role, Role.OPERATOR, key=lambda role: role.rank)
        return Caller(account.name, role, account.scope, Door.JOB, request_id=f"job-{job.id}")

    def _seen(self, name: str) -> tuple[Outcome, str]:
        try:
            power = self._node(name).snapshot.power
        except BmcError as error:
            return Outcome.UNKNOWN, str(error)
        if REACHES.get(self._action) is power:
            return Outcome.DONE, ""
        return Outcome.UNKNOWN, "the service ended in the middle of it, and it is not repeated; look at the node"

    async def _save(self) -> None:
        stored: dict[str, Json] = {node: [outcome.value, why] for node, (outcome, why) in self._results.items()}
        await self._work.note(results=stored)


def _went_wrong(outcome: Outcome) -> bool:
    return outcome in (Outcome.FAILED, Outcome.UNKNOWN)
