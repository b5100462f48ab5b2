"""Events that a destination was not given, kept in the open with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bmc.events import event_from_json, event_to_json
from bmc.model.clock import Clock
from bmc.model.events import Event
from bmc.store import Json, Record, Store

STREAM = "dead-letters"
KEPT = 10_000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`at` is seconds since the epoch. Without an `event`, `missed` of them were gone before they could be sent."""

    at: float
    error: str
    event: Event | None
    missed: int = 0


class DeadLetters:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def bury(self, destination: str, events: Sequence[Event], error: str) -> None:
        for event in events:
            told: dict[str, Json] = {"event": event_to_json(event), "sequence": event.sequence}
            await self._append(destination, error, told)

    async def bury_missed(self, destination: str, missed: int, error: str) -> None:
        await self._append(destination, error, {"missed": missed})

    async def newest(self, destination: str, limit: int) -> list[DeadLetter]:
        """The last `limit`, oldest first."""
        return [_letter(record) for record in await self._store.newest(STREAM, limit, subject=destination)]

    async def _append(self, destination: str, error: str, told: dict[str, Json]) -> None:
        value = {"at": self._clock.now(), "error": error, **told}
        sequence = await self._store.append(STREAM, value, subject=destination)
        if sequence % 100 == 0:
            await self._store.trim(STREAM, KEPT)


def _letter(record: Record) -> DeadLetter:
    value: dict[str, Any] = record.value
    event = event_from_json(value["event"], value["sequence"]) if "event" in value else None
    return DeadLetter(value["at"], value["error"], event, value.get("missed", 0))
