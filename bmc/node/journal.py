"""The power journal of one node: what was intended, written to disk before it is tried.

What still stands here when the service starts was cut off by a crash.
"""

from dataclasses import dataclass

from bmc.model.power import PowerAction
from bmc.store import Store

BUCKET = "power-journal"


@dataclass(frozen=True, slots=True)
class Intent:
    """`deadline` is when a graceful action gives up; 0 for one that has none. Times in seconds since the epoch."""

    action: PowerAction
    account: str
    at: float
    deadline: float = 0.0


class Journal:
    def __init__(self, store: Store, node: str) -> None:
        self._store = store
        self._node = node

    async def write(self, intent: Intent) -> None:
        """Returns once the intent is on disk. :raise StoreFailed: it is not, so nothing may be tried."""
        value = {
            "action": intent.action.value,
            "account": intent.account,
            "at": intent.at,
            "deadline": intent.deadline,
        }
        await self._store.put(BUCKET, self._node, value)

    async def clear(self) -> None:
        await self._store.delete(BUCKET, self._node)

    async def left(self) -> Intent | None:
        """The intent that no outcome followed."""
        entry = await self._store.get(BUCKET, self._node)
        if entry is None:
            return None
        value = entry.value
        action = PowerAction(value["action"])
        return Intent(action, str(value["account"]), float(str(value["at"])), float(str(value["deadline"])))
