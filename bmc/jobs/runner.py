"""Carries one job out: step after step, within their times, to one of its three ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bmc.jobs.recipe import Recipe, Step, StepFailed
from bmc.jobs.run import Run, Work
from bmc.model.clock import in_time
from bmc.model.commands import Release, Reserve
from bmc.model.errors import BmcError, TimedOut
from bmc.model.job import JobState

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _End:
    state: JobState
    text: str


class Times(Protocol):
    """Seconds that something may take in all, and without progress."""

    @property
    def timeout(self) -> float: ...
    @property
    def idle(self) -> float | None: ...


class Cancelled(Exception):
    """Somebody cancelled the job."""


async def carry_out(recipe: Recipe, run: Run, resumed: bool) -> None:
    """Run what is left of the job, clean up, and end it; every part of that is tried, whatever became of the others.

    Cancelling this suspends the job: it is resumed later.
    """
    async with run.stack:
        if run.ending is None:
            end = await _steps(recipe, run, resumed)
            run.ending = end.state
            await attempt("writing down how it ends", lambda: run.say(end.text))
        else:
            end = _End(run.ending, run.job.message)
        trouble = [
            await attempt("cleaning up", lambda: in_time(run.clock, recipe.release_timeout, recipe.release(run))),
            await attempt("releasing the node", lambda: let_go(run)),
        ]
    text = "; ".join(filter(None, [end.text, *trouble]))
    await attempt("writing down its end", lambda: run.finish(end.state, text))


async def _steps(recipe: Recipe, run: Run, resumed: bool) -> _End:
    step: Step | None = None
    steps = recipe.steps(run.job.request)
    names = [step.name for step in steps]
    total = sum(step.weight for step in steps)
    first = names.index(run.job.step) if run.job.step in names else 0
    try:
        if resumed and not holds(run):
            await run.do(Reserve(recipe.why))
        for index in range(first, len(steps)):
            step = steps[index]
            _check_cancelled(run)
            if resumed and index == first and run.job.step and await _had_effect(step, run):
                continue
            before = sum(step.weight for step in steps[:index])
            await run.enter(step.name, 100 * before / total, 100 * step.weight / total)
            await limited(step, run, step.run(run))
    except Cancelled:
        return _End(JobState.CANCELLED, f"cancelled during “{step.name}”" if step else "cancelled before it began")
    except BmcError as error:
        return _End(JobState.EXCEPTION, f"{step.failure}: {error}" if step else str(error))
    except Exception as error:
        # An error of ours in one job must neither end the service nor keep the node reserved.
        log.exception("job %s failed", run.job.id)
        return _End(JobState.EXCEPTION, f"{step.failure if step else 'failed'}: internal error: {error!r}")
    return _End(JobState.COMPLETED, "done")


async def _had_effect(step: Step, run: Run) -> bool:
    """Whether the step that a crash cut off can be passed over. :raise StepFailed: nobody can tell."""
    if step.repeatable:
        return False
    if step.look is None:
        raise StepFailed("the service ended in the middle of it, and it cannot be repeated; look at the node")
    found: bool = await limited(step, run, step.look(run))
    return found


def holds(run: Run) -> bool:
    held = run.node.snapshot.reservation
    return held is not None and held.job == run.job.id


async def let_go(run: Run) -> None:
    """Of its node. :raise BmcError: as `Release`."""
    if holds(run):  # a person's reservation is theirs
        await run.do(Release())


def _check_cancelled(run: Run) -> None:
    if run.cancelled.is_set():
        raise Cancelled


async def limited(step: Times, run: Work, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, unless the job is cancelled or the step's time is up first.

    :raise Cancelled: :raise TimedOut:
    """
    task = asyncio.ensure_future(work)
    times = asyncio.ensure_future(_time_up(step, run))
    cancelled = asyncio.ensure_future(run.cancelled.wait())
    try:
        await asyncio.wait({task, times, cancelled}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if cancelled.done():
            raise Cancelled
        raise TimedOut(times.result())
    finally:
        for future in (task, times, cancelled):
            future.cancel()
        await asyncio.gather(task, times, cancelled, return_exceptions=True)


async def _time_up(step: Times, run: Work) -> str:
    """Returns when the step has taken too long, or went too long without progress, with what to say of it."""
    clock = run.clock
    end = clock.monotonic() + step.timeout
    while True:
        idle_end = run.active + step.idle if step.idle is not None else end
        now = clock.monotonic()
        if now >= end:
            return f"not done after {step.timeout:.0f} s"
        if now >= idle_end:
            return f"no progress for {step.idle:.0f} s"
        await clock.sleep(min(end, idle_end) - now)


async def attempt(what: str, work: Callable[[], Awaitable[object]]) -> str:
    """Do it; returns what went wrong, "" if nothing did."""
    try:
        await work()
    except BmcError as error:
        log.warning("%s: %s", what, error)
        return f"{what}: {error}"
    except Exception as error:  # as in _steps
        log.exception("%s failed", what)
        return f"{what}: internal error: {error!r}"
    return ""
