"""The power journal of one node: what was intended, written to disk before it is tried, and how that ended.

An intent without an outcome, when the service starts, was cut off by a crash.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bmc.model.power import LastAction, PowerAction
from bmc.store import Json, Store

BUCKET = "power-journal"


@dataclass(frozen=True, slots=True)
class Intent:
    """`deadline` is when a graceful action gives up; 0 for one that has none. Times in seconds since the epoch."""

    action: PowerAction
    account: str
    at: float
    deadline: float = 0.0


class Journal:
    """`last` is the action that was tried last, as far as it has come; None before the first, and before `left`."""

    def __init__(self, store: Store, node: str) -> None:
        self._store = store
        self._node = node
        self._intent: Intent | None = None
        self.last: LastAction | None = None

    async def write(self, intent: Intent) -> None:
        """Returns once the intent is on disk. :raise StoreFailed: it is not, so nothing may be tried."""
        await self._put(intent, LastAction(intent.action, intent.account, intent.at))

    def handed_over(self, at: float) -> None:
        """The switch has it; written with the outcome, since nothing follows from it."""
        if self.last is not None:
            self.last = replace(self.last, handed=at)

    async def end(self, outcome: str, at: float, problem: str = "") -> None:
        """How what was intended has ended; `problem` is empty where it went well."""
        if self._intent is not None and self.last is not None:
            await self._put(self._intent, replace(self.last, outcome=outcome, ended=at, problem=problem))

    async def left(self) -> Intent | None:
        """The intent that no outcome followed."""
        entry = await self._store.get(BUCKET, self._node)
        if entry is None:
            return None
        value: Mapping[str, Any] = entry.value
        intent = Intent(PowerAction(value["action"]), value["account"], value["at"], value["deadline"])
        ended = value.get("ended"), value.get("outcome", ""), value.get("problem", ""), value.get("handed")
        self._intent, self.last = intent, LastAction(intent.action, intent.account, intent.at, *ended)
        return intent if self.last.ended is None else None

    async def forget(self) -> None:
        await self._store.delete(BUCKET, self._node)

    async def _put(self, intent: Intent, last: LastAction) -> None:
        value: dict[str, Json] = {
            "action": intent.action.value,
            "account": intent.account,
            "at": intent.at,
            "deadline": intent.deadline,
            "ended": last.ended,
            "outcome": last.outcome,
            "problem": last.problem,
            "handed": last.handed,
        }
        await self._store.put(BUCKET, self._node, value)
        self._intent, self.last = intent, last
