"""A job of the service itself, which is of no node and reserves none."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bmc.jobs.run import Work
from bmc.jobs.runner import Cancelled, attempt, limited
from bmc.model.caller import Role
from bmc.model.errors import BmcError
from bmc.model.job import Job, JobState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """`prepare` checks a request before anything is done, beside the jobs that are under way, and returns what doors
    may show of it; it raises InvalidRequest with every problem.

    `run` does all of it, from the beginning also after a crash; it is given the secrets. It is cancelled when the job
    is, when it has taken `timeout` seconds, or `idle` without progress. `clean_up`, in a thread, lets go of what
    outlives a crash for the job to find it again.
    """

    kind: str
    steps: tuple[str, ...]
    prepare: Callable[[Mapping[str, object], Sequence[Job]], Mapping[str, object]]
    run: Callable[[Work, Mapping[str, Any]], Coroutine[Any, Any, None]]
    clean_up: Callable[[Job], None]
    timeout: float
    idle: float
    role: Role = Role.ADMINISTRATOR


async def carry_out_chore(chore: Chore, work: Work, secrets: Mapping[str, Any]) -> None:
    """Cancelling this suspends the job: it begins anew later."""
    end, text = JobState.COMPLETED, "done"
    try:
        await limited(chore, work, chore.run(work, secrets))
    except Cancelled:
        end, text = JobState.CANCELLED, f"cancelled during “{work.job.step}”"
    except BmcError as error:
        end, text = JobState.EXCEPTION, str(error)
    except Exception as error:
        # As in carry_out: an error of ours in one job must not end the service.
        log.exception("job %s failed", work.job.id)
        end, text = JobState.EXCEPTION, f"internal error: {error!r}"
    await attempt("cleaning up", lambda: asyncio.to_thread(chore.clean_up, work.job))
    await attempt("writing down its end", lambda: work.finish(end, text))
