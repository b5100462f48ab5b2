"""All jobs: starts, resumes, cancels and lists them; one job a node."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from bmc.accounts import decide
from bmc.accounts.keyfile import Sealer
from bmc.events import REFUSED, Audit, Events, Target
from bmc.fleet import Fleet
from bmc.jobs.chore import Chore, carry_out_chore
from bmc.jobs.ledger import Ledger, Written
from bmc.jobs.recipe import Recipe
from bmc.jobs.run import Run, Work, caller_of
from bmc.jobs.runner import carry_out, holds, let_go
from bmc.jobs.sweep import GONE, KIND, STEP, Find, carry_out_sweep, request_of, waiting
from bmc.model.caller import Caller, Role
from bmc.model.clock import Clock, within
from bmc.model.commands import Release, Reserve
from bmc.model.errors import BmcError, Busy, Denied, NotFound, WrongState
from bmc.model.events import EventKind
from bmc.model.job import Job, JobMessage, JobState, subject
from bmc.model.power import PowerAction
from bmc.ports import ByteStream
from bmc.store import Json, Store

log = logging.getLogger(__name__)

KEPT = 100
"""How many ended jobs are remembered."""

MOST_SWEEPS, MOST_OF_ONE = 100, 20
"""Under way at once; and of one account, whose long delays must not keep others from theirs."""

LET_END = 10.0
"""Seconds that the end of a job, which has let go of its node, may take to be written before the next is refused."""

NO_SECRETS: Mapping[str, Any] = MappingProxyType({})


class Jobs:
    """Kinds: `recipes` on one node, `chores` of the service itself, and sweeps. `find` finds the account of a sweep."""

    def __init__(
        self,
        store: Store,
        events: Events,
        audit: Audit,
        fleet: Fleet,
        find: Find,
        clock: Clock,
        sealer: Sealer,
        recipes: Iterable[Recipe],
        chores: Iterable[Chore] = (),
    ) -> None:
        self._ledger = Ledger(store, events, sealer)
        self._audit = audit
        self._fleet = fleet
        self._find = find
        self._clock = clock
        self._recipes = {recipe.kind: recipe for recipe in recipes}
        self._chores = {chore.kind: chore for chore in chores}
        self._beginning = asyncio.Lock()
        self._runs: dict[str, Work] = {}
        self._ended: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting: dict[str, str] = {}
        self._last = 0

    async def resume(self) -> None:
        """Take up, after a restart, every job that has not ended, and let go of what dead ones held.

        Call it once, when the fleet has been opened.
        """
        going_on: list[tuple[Recipe, Run]] = []
        for written in await self._ledger.load():
            self._last = int(written.job.id)
            if written.job.state.ended:
                self._ended[written.job.id] = written.job
            else:
                found = await self._resume(written)
                going_on += [found] if found else []
        for recipe, run in going_on:
            recipe.resumed(run)
        for recipe, run in going_on:
            self._spawn(recipe, run, resumed=True)
        for job in set(await self._ledger.secret_jobs()) - set(self._runs):
            await self._ledger.forget_secrets(job)
        await self._forget_old()

    async def start(
        self,
        kind: str,
        node: str,
        request: Mapping[str, object],
        caller: Caller,
        secrets: Mapping[str, object] = NO_SECRETS,
    ) -> Job:
        """Check everything that can be checked, reserve the node, write the job down, and begin it.

        :raise NotFound: no such kind or node. :raise Denied: by role or scope. :raise InvalidRequest: every problem.
        :raise Busy: a job or a person has reserved the node. Nothing was done then.
        """
        recipe = self._recipes.get(kind)
        if recipe is None:
            raise NotFound(f"there is no job “{kind}”; there is {', '.join(sorted(self._recipes))}")
        await self._authorise(caller, recipe.role, node, kind)
        await self._let_end(node)
        self._one_a_node(node)
        self._starting[node] = kind
        try:
            run = await self._prepare(recipe, node, request, caller, secrets)
        except BmcError as error:
            await self._audit.record(caller, kind, node, str(error))
            raise
        finally:
            del self._starting[node]
        self._spawn(recipe, run, resumed=False)
        return run.job

    async def sweep(self, action: PowerAction, nodes: Sequence[str], batch: int, delay: int, caller: Caller) -> Job:
        """Carry out a power action on `nodes`, `batch` of them at once and `delay` seconds between two batches.

        :raise NotFound, Denied: one of them, and nothing was done. :raise Busy: too many of these are under way.
        """
        for node in nodes:
            self._fleet.node(node)
            await self._authorise(caller, Role.OPERATOR, node, KIND)
        sweeps = [work.job for work in self._runs.values() if work.job.nodes]
        mine = sum(job.account == caller.account for job in sweeps)
        if mine >= MOST_OF_ONE or len(sweeps) >= MOST_SWEEPS:
            there = f"{len(sweeps)} jobs over many nodes are under way, {mine} of them of {caller.account}"
            raise Busy(f"{there}; wait for one or cancel it")
        self._last += 1
        request = request_of(action, batch, delay)
        job = Job(
            *(str(self._last), KIND, "", caller.account, request, (STEP,), self._clock.now()),
            state=JobState.RUNNING,
            details=waiting(nodes),
            nodes=tuple(nodes),
            token=caller.token,
        )
        await self._ledger.add(Written(job), {})
        await self._audit.record(caller, KIND, "", "ok", {"job": job.id, "nodes": list(nodes), **request})
        text = f"{job.title} started by {caller.account}"
        await self._ledger.tell(EventKind.JOB_STARTED, job, text)
        self._begin_sweep(Written(job))
        return job

    async def begin(
        self, kind: str, request: Mapping[str, object], caller: Caller, secrets: Mapping[str, Json] = NO_SECRETS
    ) -> Job:
        """Check a job of the service itself, write it down, and begin it.

        :raise Denied: :raise InvalidRequest: every problem. Nothing was done then.
        """
        chore = self._chores[kind]
        word, name = subject(request)
        try:
            decide(caller, chore.role, action=kind)
            async with self._beginning:  # each is checked beside all before it
                request = chore.prepare(request, self.under_way)
                self._last += 1
                job = Job(str(self._last), kind, "", caller.account, request, chore.steps, self._clock.now())
                await self._ledger.add(Written(job), dict(secrets))
                self._begin_chore(Written(job), secrets)
        except BmcError as error:
            await self._audit.record(caller, kind, name, str(error), kind=Target(word))
            raise
        await self._audit.record(caller, kind, name, "ok", {"job": job.id, **request}, Target(word))
        await self._ledger.tell(EventKind.JOB_STARTED, job, f"{job.title} started by {caller.account}")
        return self.get(job.id)

    @property
    def under_way(self) -> Sequence[Job]:
        """Everybody's."""
        return [work.job for work in self._runs.values()]

    def get(self, id: str, caller: Caller | None = None) -> Job:
        """:raise NotFound: also where `caller` may not see it: then it does not exist for them."""
        job = self._runs[id].job if id in self._runs else self._ended.get(id)
        if job is None or (caller is not None and not self._in_scope(job, caller)):
            raise NotFound(f"there is no such job; the last {KEPT} that ended are kept")
        return job

    def list(self, caller: Caller) -> list[Job]:
        """Those of nodes in the caller's scope, oldest first; of a sweep whose nodes are not all there any more, one's
        own.
        """
        jobs = [*self._ended.values(), *(run.job for run in self._runs.values())]
        return sorted((job for job in jobs if self._in_scope(job, caller)), key=lambda job: int(job.id))

    async def put_away(self, node: str) -> None:
        """The node is removed for good: what was done to it stays in the list of all, and is none of a namesake's; and
        a sweep that has not come to it yet does nothing to one.
        """
        for work in [work for work in self._runs.values() if node in work.job.nodes]:
            work.state[GONE] = [*work.state.get(GONE, ()), node]
            await work.save()
        for job in [job for job in self._ended.values() if node in (job.node, *job.nodes)]:
            await self._set_former(job)

    async def _set_former(self, job: Job) -> None:
        former = replace(job, former=True)
        await self._ledger.save(Written(former))
        self._ended[job.id] = former

    async def cancel(self, id: str, caller: Caller) -> Job:
        """Ask the job to stop; it cleans up and ends as Cancelled soon after. Doing so twice does no harm.

        :raise NotFound, Denied: :raise WrongState: it has ended.
        """
        job = self.get(id)
        recipe = self._recipes.get(job.kind) or self._chores.get(job.kind)
        for node in job.nodes or (job.node,):
            await self._authorise(caller, recipe.role if recipe else Role.OPERATOR, node, f"cancel-{job.kind}")
        run = self._runs.get(id)
        if run is None:
            raise WrongState(f"job {id} has ended already ({job.state.value})")
        if run.ending is None and not run.cancelled.is_set():
            run.job = replace(run.job, state=JobState.CANCELLING)
            await run.say(f"{caller.account} cancels it")
            run.cancelled.set()
        await self._audit.record(caller, f"cancel-{job.kind}", job.node, "ok", {"job": id})
        return run.job

    async def finish(self, kind: str, node: str, caller: Caller) -> Job:
        """Have the job of this kind come to its good end; it has none of its own. Doing so twice does no harm.

        :raise NotFound, Denied: :raise WrongState: no such job has reserved the node.
        """
        self._fleet.node(node)
        await self._authorise(caller, Role.OPERATOR, node, f"end-{kind}")
        run = self._of_node(kind, node)
        run.state["finishing"] = True
        await run.save()
        run.finishing.set()
        await self._audit.record(caller, f"end-{kind}", node, "ok", {"job": run.job.id})
        return run.job

    async def connect(self, kind: str, node: str, caller: Caller) -> ByteStream:
        """A way into the guest of this job, for the account that asked for it; the caller closes it.

        :raise NotFound, Denied: :raise WrongState: there is none now. :raise Busy: all ways are taken.
        """
        led_to = self._fleet.node(node)
        action = f"connect-{kind}"
        await self._authorise(caller, Role.OPERATOR, node, action)
        try:
            run = self._of_node(kind, node)
            if run.job.account != caller.account:
                raise Denied(f"job {run.job.id} is {run.job.account}'s; nobody else is led into its guest")
            recipe = self._recipes[kind]
            if recipe.connect is None:
                raise WrongState(f"no way leads into the guest of a {kind}")
            stream = await recipe.connect(run)
            led_to.note_opened(stream, caller)
        except BmcError as error:
            await self._audit.record(caller, action, node, str(error))
            raise
        await self._audit.record(caller, action, node, "ok", {"job": run.job.id})
        return stream

    async def close(self) -> None:
        """Suspend what is under way: nodes are left as they are, and `resume` goes on at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _prepare(
        self,
        recipe: Recipe,
        node: str,
        request: Mapping[str, object],
        caller: Caller,
        secrets: Mapping[str, object],
    ) -> Run:
        subject, backend = self._fleet.node(node), self._fleet.backend(node)
        prepared = await recipe.prepare(subject, backend, request, secrets)
        self._last += 1
        steps = tuple(step.name for step in recipe.steps(prepared.request))
        job = Job(str(self._last), recipe.kind, node, caller.account, prepared.request, steps, self._clock.now())
        run = Run(Written(job), prepared.secrets, subject, backend, self._clock, self._ledger)
        await self._ledger.add(Written(job), prepared.secrets)
        self._runs[job.id] = run  # whoever reads that the node is held for it finds it
        try:
            await run.do(Reserve(recipe.why))
            if not run.cancelled.is_set():
                run.job = replace(run.job, state=JobState.RUNNING)
            await run.save()
            await self._audit.record(caller, recipe.kind, node, "ok", {"job": job.id, **job.request})
            text = f"{recipe.kind} of {node} started by {caller.account}"
            run.sequence = (await self._ledger.tell(EventKind.JOB_STARTED, run.job, text)).sequence
        except BaseException:
            del self._runs[job.id]
            with suppress(BmcError):  # what cannot be stored now is let go at the next start
                await let_go(run)
            await self._ledger.delete(job.id)
            raise
        return run

    async def _resume(self, written: Written) -> tuple[Recipe, Run] | None:
        """What is to go on by a recipe; the rest is begun here, or ended."""
        job = written.job
        if job.nodes:
            self._begin_sweep(written)
            return None
        if job.kind in self._chores:
            self._begin_chore(written, await self._ledger.secrets(job.id))
            return None
        recipe = self._recipes.get(job.kind)
        try:
            node, backend = self._fleet.node(job.node), self._fleet.backend(job.node)
            if recipe is None or job.state is JobState.NEW:
                held = node.snapshot.reservation
                if held is not None and held.job == job.id:
                    await node.do(Release(), caller_of(job))
        except BmcError as error:
            await self._fail(written, str(error))
            return None
        if recipe is None:
            await self._fail(written, f"this version knows no job “{job.kind}”; look at the node")
            return None
        if job.state is JobState.NEW:
            await self._fail(written, "the service ended before it began; nothing was done to the node")
            return None
        run = Run(written, await self._ledger.secrets(job.id), node, backend, self._clock, self._ledger)
        if job.state is JobState.CANCELLING:
            run.cancelled.set()
        if run.state.get("finishing"):
            run.finishing.set()
        if run.ending is None:
            await run.say("the service was restarted; going on")
        return recipe, run

    async def _fail(self, written: Written, message: str) -> None:
        """End in the open a job that cannot be taken up."""
        line = JobMessage(self._clock.now(), message)
        job = replace(
            written.job,
            state=JobState.EXCEPTION,
            message=message,
            messages=(*written.job.messages, line),
            ended=line.at,
        )
        await self._ledger.save(Written(job, written.state))
        self._ended[job.id] = job
        await self._ledger.tell(EventKind.JOB_ENDED, job, f"{job.title} failed: {message}")

    def _spawn(self, recipe: Recipe, run: Run, resumed: bool) -> None:
        self._begin(run, lambda: carry_out(recipe, run, resumed))

    def _begin_sweep(self, written: Written) -> None:
        work = self._work(written)
        self._begin(work, lambda: carry_out_sweep(self._fleet, self._find, work))

    def _begin_chore(self, written: Written, secrets: Mapping[str, object]) -> None:
        work, chore = self._work(written), self._chores[written.job.kind]
        self._begin(work, lambda: carry_out_chore(chore, work, secrets))

    def _work(self, written: Written) -> Work:
        work = Work(written, self._clock, self._ledger)
        if work.job.state is JobState.CANCELLING:
            work.cancelled.set()
        return work

    def _begin(self, work: Work, doing: Callable[[], Awaitable[None]]) -> None:
        self._runs[work.job.id] = work
        task = asyncio.create_task(self._carry_out(work, doing), name=f"job {work.job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, work: Work, doing: Callable[[], Awaitable[None]]) -> None:
        try:
            await doing()
        finally:
            work.over.set()
        del self._runs[work.job.id]
        self._ended[work.job.id] = work.job
        if GONE in work.state:
            await self._set_former(work.job)
        await self._forget_old()

    async def _forget_old(self) -> None:
        """Of the node that has most jobs, or of the account that has most sweeps: none pushes out another's."""
        while len(self._ended) > KEPT:
            shares = Counter(map(_of_whom, self._ended.values()))
            most = max(shares.values())
            id = min((id for id, job in self._ended.items() if shares[_of_whom(job)] == most), key=int)
            del self._ended[id]
            await self._ledger.delete(id)

    async def _let_end(self, node: str) -> None:
        """Whoever sees the node free may start the next job; the end of the last one is written and told before."""
        for run in tuple(self._runs.values()):
            if isinstance(run, Run) and run.job.node == node and run.ending is not None and not holds(run):
                await within(self._clock, LET_END, run.over.wait())

    def _one_a_node(self, node: str) -> None:
        for run in self._runs.values():
            if run.job.node == node:
                since = datetime.fromtimestamp(run.job.started, UTC).strftime("%H:%M")
                whose = f"{run.job.kind} (job {run.job.id})"
                raise Busy(f"{node} is reserved by {whose} since {since} UTC; cancel it or wait")
        if node in self._starting:
            raise Busy(f"a {self._starting[node]} of {node} is just being started")

    def _of_node(self, kind: str, node: str) -> Run:
        for run in self._runs.values():
            if isinstance(run, Run) and (run.job.kind, run.job.node) == (kind, node):
                return run
        raise WrongState(f"there is no {kind} of {node} under way")

    async def _authorise(self, caller: Caller, role: Role, node: str, action: str) -> None:
        try:
            decide(caller, role, node, self._tags(node), action)
        except Denied:
            await self._audit.record(caller, action, node, REFUSED)
            raise

    def _in_scope(self, job: Job, caller: Caller) -> bool:
        if job.former:
            return caller.scope.all_nodes or (bool(job.nodes) and job.account == caller.account)
        return caller.scope.covers_all(job.nodes or (job.node,), self._tags)

    def _tags(self, node: str) -> frozenset[str]:
        """A node that is gone has none: it is in the scope of whoever may see it by its name."""
        try:
            return self._fleet.node(node).snapshot.definition.tags
        except NotFound:
            return frozenset()


def _of_whom(job: Job) -> tuple[str, str]:
    return (job.node, "") if job.node else ("", job.account)
