"""What was tried of late to deliver, and how it ended: kept in memory, of each destination."""

from collections import deque
from dataclasses import dataclass
from enum import Enum

from bmc.model.events import Event

KEPT = 50


class Outcome(Enum):
    """`FAILED` is tried again; `DEAD` is not: the events became dead letters."""

    DELIVERED = "Delivered"
    FAILED = "Failed"
    DEAD = "Dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try, of so many `events`, of which `event` is the first. `at` is its end in seconds since the epoch."""

    at: float
    event: Event
    events: int
    outcome: Outcome
    reason: str
    seconds: float


class Deliveries:
    """Of one destination; the oldest gives way."""

    def __init__(self) -> None:
        self._kept: deque[Delivery] = deque(maxlen=KEPT)

    def add(self, delivery: Delivery) -> None:
        self._kept.append(delivery)

    def newest(self) -> tuple[Delivery, ...]:
        """Oldest first."""
        return tuple(self._kept)
