"""A long operation as a value: durable, with stored steps; doors show it as a Redfish Task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class JobState(Enum):
    """Redfish `TaskState` values that we use."""

    NEW = "New"
    RUNNING = "Running"
    CANCELLING = "Cancelling"
    COMPLETED = "Completed"
    EXCEPTION = "Exception"
    CANCELLED = "Cancelled"

    @property
    def ended(self) -> bool:
        return self in (JobState.COMPLETED, JobState.EXCEPTION, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class JobMessage:
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """`step` is the row now running, one of `steps`; `percent` is 0 to 100 over the whole job.

    `request` is what was asked (JSON values, no secrets); `details` is what doors may show beside it:
    bytes_done and bytes_total of the present step, proofs, the tail of the serial console on failure.
    Times are seconds since the epoch. `nodes` are those of a job that is of no single node, whose `node` is "". A job
    of the service itself has neither; see `subject`. `former`: its node, or one of them, was removed since, and one
    that has the name now is another. `token` is the id of the API token by which a job that goes on asking for its
    account was started.
    """

    id: str
    kind: str
    node: str
    account: str
    request: Mapping[str, object]
    steps: tuple[str, ...]
    started: float
    state: JobState = JobState.NEW
    step: str = ""
    percent: int = 0
    message: str = ""
    messages: tuple[JobMessage, ...] = ()
    ended: float | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    former: bool = False
    token: str = ""

    @property
    def title(self) -> str:
        if not self.node and not self.nodes:
            return f"{self.kind} of {' '.join(subject(self.request))}"
        return f"{self.kind} of {self.node or f'{len(self.nodes)} nodes'}"


def subject(request: Mapping[str, object]) -> tuple[str, str]:
    """What a job of the service itself is about: the word for it, and its name."""
    word = "medium" if "medium" in request else "image"
    return word, str(request.get(word, ""))
