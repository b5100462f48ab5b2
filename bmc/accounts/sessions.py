"""Sign-in sessions: only a hash of each token is kept, in memory and in the store."""

import hashlib
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bmc.accounts.values import Limits, Session
from bmc.model.caller import Door
from bmc.model.clock import Clock
from bmc.store import Store, StoreFailed

BUCKET = "sessions"
PERSIST_AFTER = 60
"""Seconds by which the stored time of last use may lag."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Open:
    session: Session
    hash: str
    used: float
    stored: float


class Sessions:
    """A session ends by closing, by idling, by age, or with its account; each end is told once to every callback."""

    def __init__(self, store: Store, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._by_hash: dict[str, _Open] = {}
        self._left_over: set[str] = set()
        self._callbacks: list[Callable[[str], None]] = []

    async def load(self, accounts: frozenset[str]) -> None:
        """Take up what an earlier run left, but for sessions of accounts that are gone, those of SSH, which ended with
        their connections, and what cannot be read: whose it was signs in again.

        Those at a node's own endpoint stay: whether its slot still works is asked at each use.
        """
        for entry in await self._store.list(BUCKET):
            try:
                opened = _read(entry.key, entry.value)
            except (KeyError, TypeError, ValueError) as error:
                log.warning("session %s cannot be read (%r), so it has ended", entry.key, error)
                await self._erase(entry.key)
                continue
            session = opened.session
            if not session.node and (session.account not in accounts or session.door is Door.SSH):
                await self._erase(entry.key)
                continue
            self._by_hash[opened.hash] = opened

    async def open(
        self, account: str, address: str, door: Door, node: str = "", slot: int = 0, user: str = ""
    ) -> Session:
        now = self._clock.now()
        token = secrets.token_urlsafe(32)
        session = Session(secrets.token_hex(8), "", account, now, address, door, node, slot, user or account)
        opened = _Open(session, _hash(token), now, now)
        self._by_hash[opened.hash] = opened
        await self._store_session(opened)
        mine = [each for each in self.all(node) if (each.account, each.slot) == (account, slot)]
        for surplus in mine[: -self._limits.sessions_per_account]:
            await self.close(surplus.id, node)
        return replace(session, token=token)

    def find(self, token: str, node: str = "", used: bool = True) -> Session | None:
        """The live session of this token at the endpoint of `node`, or at the fleet's root; asking counts as use,
        unless it is not `used` by anybody.
        """
        opened = self._by_hash.get(_hash(token))
        if opened is None or opened.session.node != node or self._expired(opened):
            return None
        if used:
            opened.used = self._clock.now()
        return opened.session

    def all(self, node: str = "") -> tuple[Session, ...]:
        """Those at the endpoint of `node`, or at the fleet's root, oldest first."""
        ours = (opened for opened in self._by_hash.values() if opened.session.node == node)
        live = (replace(opened.session, used=opened.used) for opened in ours if not self._expired(opened))
        return tuple(sorted(live, key=lambda session: session.created))

    def count(self) -> Counter[Door]:
        """By door, at the fleet's root and at all nodes' endpoints."""
        return Counter(opened.session.door for opened in self._by_hash.values() if not self._expired(opened))

    def on_closed(self, callback: Callable[[str], None]) -> None:
        self._callbacks.append(callback)

    async def close(self, id: str, node: str = "") -> bool:
        """Ends the session at once, also where the store fails; False if there is none there."""
        found = (each for each in self._by_hash.values() if (each.session.id, each.session.node) == (id, node))
        opened = next(found, None)
        if opened is None:
            return False
        self._end(opened)
        await self._erase(id)
        return True

    async def close_account(self, account: str, door: Door | None = None) -> None:
        """Those at the fleet's root, or of one door there."""
        doors = (door,) if door else tuple(Door)
        await self._close_all(lambda each: each.account == account and not each.node and each.door in doors)

    async def close_slot(self, node: str, slot: int) -> None:
        await self._close_all(lambda session: (session.node, session.slot) == (node, slot))

    async def _close_all(self, ends: Callable[[Session], bool]) -> None:
        ended = [opened for opened in self._by_hash.values() if ends(opened.session)]
        for opened in ended:
            self._end(opened)
        for opened in ended:
            await self._erase(opened.session.id)

    async def sweep(self) -> None:
        """Close what has run out, and store when the others were used last."""
        for id in list(self._left_over):
            await self._erase(id)
        for opened in list(self._by_hash.values()):
            if self._expired(opened):
                await self.close(opened.session.id, opened.session.node)
            elif opened.used - opened.stored >= PERSIST_AFTER:
                opened.stored = opened.used
                await self._store_session(opened)

    def _end(self, opened: _Open) -> None:
        del self._by_hash[opened.hash]
        for callback in self._callbacks:
            try:
                callback(opened.session.id)
            except Exception:  # one door's trouble must not keep another's consoles open
                log.exception("a door failed to close session %s", opened.session.id)

    async def _erase(self, id: str) -> None:
        try:
            await self._store.delete(BUCKET, id)
            self._left_over.discard(id)
        except StoreFailed as error:  # the session has ended all the same; the next sweep tries again
            self._left_over.add(id)
            log.warning("session %s has ended, but stays in the store for now: %s", id, error)

    def _expired(self, opened: _Open) -> bool:
        now = self._clock.now()
        idle, age = now - opened.used, now - opened.session.created
        return idle >= self._limits.session_idle or age >= self._limits.session_longest

    async def _store_session(self, opened: _Open) -> None:
        session = opened.session
        try:
            await self._store.put(
                BUCKET,
                session.id,
                {
                    "hash": opened.hash,
                    "account": session.account,
                    "created": session.created,
                    "used": opened.used,
                    "address": session.address,
                    "door": session.door.value,
                    "node": session.node,
                    "slot": session.slot,
                    "user": session.user,
                },
            )
        except StoreFailed as error:  # a full disk must not keep the operator out who comes to look at it
            log.warning("session %s will not survive a restart: %s", session.id, error)


def _read(id: str, value: Mapping[str, Any]) -> _Open:
    """:raise KeyError, TypeError, ValueError: it is damaged, or of a version that knew less or more."""
    account, address, hash, node = value["account"], value["address"], value["hash"], value.get("node", "")
    user, slot, created, used = value.get("user", account), int(value.get("slot", 0)), value["created"], value["used"]
    if not all(isinstance(each, str) for each in (account, address, hash, node, user)):
        raise TypeError("a name is no text")
    session = Session(id, "", account, float(created), address, Door(value["door"]), node, slot, user)
    used = float(used)
    return _Open(session, hash, used, used)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
