"""Where accounts have signed in from, kept over a restart: strangers lock nobody out there."""

import logging

from bmc.accounts.lockout import Lockout
from bmc.store import Store, StoreFailed

BUCKET = "sign-in-places"

log = logging.getLogger(__name__)


class Places:
    """Of each of these locks, by a name that stays the same."""

    def __init__(self, store: Store, locks: dict[str, Lockout]) -> None:
        self._store = store
        self._locks = locks

    async def load(self) -> None:
        for name, lockout in self._locks.items():
            try:
                if entry := await self._store.get(BUCKET, name):
                    lockout.know({user: [str(place) for place in places] for user, places in entry.value.items()})
            except (AttributeError, TypeError) as error:
                log.warning("where %s have signed in from cannot be read and is learned anew: %r", name, error)

    async def keep(self) -> None:
        """Store what has changed."""
        for name, lockout in self._locks.items():
            if not lockout.changed:
                continue
            lockout.changed = False
            try:
                await self._store.put(BUCKET, name, {user: [*places] for user, places in lockout.places.items()})
            except StoreFailed as error:
                lockout.changed = True
                log.warning("where %s have signed in from is not stored yet: %s", name, error)
