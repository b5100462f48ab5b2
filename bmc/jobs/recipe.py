"""A recipe: the table of steps that a kind of job is made of."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from bmc.jobs.run import Run
from bmc.model.caller import Role
from bmc.model.errors import BmcError
from bmc.node import Node
from bmc.ports import Backend, ByteStream
from bmc.store import Json


class StepFailed(BmcError):
    """A step could not do its work; the text is the job's last message."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row. It is stored before it runs.

    `repeatable` says whether it may run again after a crash of the service. For one that may not, `look` finds
    out from the node: True: it had its effect, go on; False: it has not begun, run it. It raises when neither is
    sure, and without a `look` the job fails in the open.
    `weight` is its share of the whole job's percentage. `timeout` is in seconds, and so is `idle`: how long it may
    go on without progress. `failure` opens the message when it fails.
    """

    name: str
    run: Callable[[Run], Coroutine[Any, Any, None]]
    repeatable: bool
    weight: int
    timeout: float
    failure: str
    idle: float | None = None
    look: Callable[[Run], Coroutine[Any, Any, bool]] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request found good: what doors may show of it, and what they may not."""

    request: Mapping[str, Json]
    secrets: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """`steps` are the rows for a request that was found good.

    `prepare` checks a request before anything is done: (node, backend, request, secrets) → Prepared; it raises
    InvalidRequest with every problem.

    `release` cleans up at every end: done, failed or cancelled, as `run.ending` says. After a crash it may run
    again. `why` is the reason that others read while the node is reserved. `connect` leads whoever asked for the job
    into the guest; it raises WrongState when there is no way. `resumed` is told of each job that a restart of the
    service finds under way, before any of them goes on.
    """

    kind: str
    steps: Callable[[Mapping[str, object]], tuple[Step, ...]]
    prepare: Callable[[Node, Backend, Mapping[str, object], Mapping[str, object]], Awaitable[Prepared]]
    release: Callable[[Run], Coroutine[Any, Any, None]]
    why: str
    role: Role = Role.OPERATOR
    release_timeout: float = 180.0
    connect: Callable[[Run], Awaitable[ByteStream]] | None = None
    resumed: Callable[[Run], None] = lambda run: None
