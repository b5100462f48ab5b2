"""What was tried of late to deliver, and how it ended: the history of each destination, in the store."""

import logging
from dataclasses import dataclass
from enum import Enum
from typing import Any

from bmc.events import event_from_json, event_to_json
from bmc.model.events import Event
from bmc.store import Json, Record, Store, StoreFailed

STREAM = "deliveries"
KEPT = 10_000
"""Of all destinations; one that has many pushes out its own alone."""

log = logging.getLogger(__name__)


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
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, destination: str, delivery: Delivery) -> None:
        """What cannot be kept is let go: the events were sent all the same, and must not be sent again for it."""
        value: dict[str, Json] = {
            "at": delivery.at,
            "event": event_to_json(delivery.event),
            "sequence": delivery.event.sequence,
            "events": delivery.events,
            "outcome": delivery.outcome.value,
            "reason": delivery.reason,
            "seconds": delivery.seconds,
        }
        try:
            sequence = await self._store.append(STREAM, value, subject=destination)
            if sequence % 100 == 0:
                await self._store.trim(STREAM, KEPT)
        except StoreFailed as error:
            log.warning("hook %s: the history of its deliveries has a gap: %s", destination, error)

    async def newest(self, destination: str, limit: int) -> list[Delivery]:
        """The last `limit`, oldest first."""
        return [_delivery(record) for record in await self._store.newest(STREAM, limit, subject=destination)]


def _delivery(record: Record) -> Delivery:
    value: dict[str, Any] = record.value
    event = event_from_json(value["event"], value["sequence"])
    outcome = Outcome(value["outcome"])
    return Delivery(value["at"], event, value["events"], outcome, value["reason"], value["seconds"])
