"""API tokens: named secrets by which programs act for an account. Only a hash of each is kept, in memory and stored."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bmc.accounts.book import Book
from bmc.accounts.keys import Tell
from bmc.accounts.values import Account, ApiToken
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.clock import Clock
from bmc.model.errors import Denied, InvalidRequest, NotFound, Refused
from bmc.store import Json, Store, StoreFailed

BUCKET = "tokens"
PREFIX = "lightsout_"
"""What every token begins with, so that people and scanners of repositories know one."""
MOST_TOKENS = 32
"""Of one account."""
NAME_MAX = 64
PERSIST_AFTER = 60
"""Seconds by which the stored time of last use may lag."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    token: ApiToken
    hash: str = field(repr=False)
    stored: float


class Tokens:
    """A token may what its account may at that moment, and no more than was said when it was made.

    What it opened ends with it, and when its account loses something. `tell(account, text)` publishes what was done.
    """

    def __init__(self, store: Store, book: Book, clock: Clock, tell: Tell) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._tell = tell
        self._kept: dict[str, _Kept] = {}
        self._callbacks: list[Callable[[str], None]] = []

    async def load(self) -> None:
        """Those of accounts that are gone are forgotten."""
        for entry in await self._store.list(BUCKET):
            if self._book.find(entry.value["account"]) is None:
                await self._store.delete(BUCKET, entry.key)
            else:
                token = _load(entry.key, entry.value)
                self._kept[entry.key] = _Kept(token, entry.value["hash"], token.used)

    async def create(
        self, caller: Caller, name: str, role: Role, scope: Scope, expires: float | None
    ) -> tuple[ApiToken, str]:
        """One of the caller's own account, and its secret, which is shown this once. `expires` in epoch seconds.

        :raise InvalidRequest: the name is empty or too long, or the end is past.
        :raise Denied: it would have a greater role than the caller, who may be a token himself.
        :raise Refused: the account has a token of this name, or enough.
        """
        if not name.strip() or len(name) > NAME_MAX:
            raise InvalidRequest(f"Name has {len(name)} characters; expected 1 to {NAME_MAX}, so that it can be told")
        now = self._clock.now()
        if expires is not None and expires <= now:
            raise InvalidRequest("Expires is past; expected a moment to come, or null for a token that stays")
        if caller.token:
            raise Denied("a token cannot make tokens; sign in with the password")
        if role.rank > caller.role.rank:
            raise Denied(f"a token of {role.value} takes that role; {caller.account} has {caller.role.value}")
        account = caller.account
        async with self._book.changing:
            self._book.get(account)
            mine = [kept.token.name for kept in self._kept.values() if kept.token.account == account]
            if name in mine:
                raise Refused(f"{account} has a token {name!r} already; revoke it first, or choose another name")
            if len(mine) >= MOST_TOKENS:
                raise Refused(f"{account} has {MOST_TOKENS} tokens already; revoke one first")
            id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
            kept = _Kept(ApiToken(id, account, name, role, scope, now, expires), _hash(secret), 0.0)
            await self._put(kept)
            self._kept[id] = kept
        await self._tell(account, f"account {account}: API token {name!r} made")
        return kept.token, f"{PREFIX}{id}_{secret}"

    async def revoke(self, id: str) -> None:
        """At once, for what it has opened too. :raise NotFound:"""
        async with self._book.changing:
            kept = self._kept.get(id)
            if kept is None:
                raise NotFound(f"there is no token {id[:64]!r}")
            await self._store.delete(BUCKET, id)
            del self._kept[id]
        self._close(id)
        await self._tell(kept.token.account, f"account {kept.token.account}: API token {kept.token.name!r} revoked")

    def all(self) -> tuple[ApiToken, ...]:
        """Also those that have expired, oldest first."""
        return tuple(sorted((kept.token for kept in self._kept.values()), key=lambda token: token.created))

    def caller(self, text: str, address: str) -> Caller | None:
        """Who asks with the token `text` from `address`; it counts as use. As quick for one that does not exist."""
        id, _, secret = text.removeprefix(PREFIX).partition("_")
        kept = self._kept.get(id)
        right = hmac.compare_digest(_hash(secret), kept.hash if kept else _hash(""))
        stored = self._book.find(kept.token.account) if kept else None
        if kept is None or not right or stored is None or not stored.account.enabled or self._expired(kept.token):
            return None
        kept.token = replace(kept.token, used=self._clock.now(), address=address)
        return caller_of(kept.token, stored.account, address)

    def leave(self, id: str, account: Account) -> Account | None:
        """What the token leaves its account, for work that goes on after the request; None once it is no good."""
        kept = self._kept.get(id)
        if kept is None or kept.token.account != account.name or self._expired(kept.token):
            return None
        caller = caller_of(kept.token, account, "")
        return replace(account, role=caller.role, scope=caller.scope)

    def on_closed(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the id of a token when what it opened must end."""
        self._callbacks.append(callback)

    def interrupt(self, account: str) -> None:
        """The account has lost something: what its tokens opened ends, and may be opened anew with what is left."""
        for kept in self._kept.values():
            if kept.token.account == account:
                self._close(kept.token.id)

    async def forget(self, account: str) -> None:
        """The account is gone; its lock is held."""
        for id in [id for id, kept in self._kept.items() if kept.token.account == account]:
            await self._store.delete(BUCKET, id)
            del self._kept[id]
            self._close(id)

    async def sweep(self) -> None:
        """End what expired tokens have opened, and store when the others were used last."""
        for kept in list(self._kept.values()):
            if self._expired(kept.token):
                self._close(kept.token.id)
            if kept.token.used - kept.stored >= PERSIST_AFTER:
                kept.stored = kept.token.used
                try:
                    await self._put(kept)
                except StoreFailed as error:  # a full disk must not keep the token from working
                    log.warning("when token %s was used last is not stored: %s", kept.token.id, error)

    def _expired(self, token: ApiToken) -> bool:
        return token.expires is not None and self._clock.now() >= token.expires

    def _close(self, id: str) -> None:
        for callback in self._callbacks:
            try:
                callback(id)
            except Exception:  # one door's trouble must not keep another's consoles open
                log.exception("a door failed to close what token %s opened", id)

    async def _put(self, kept: _Kept) -> None:
        await self._store.put(BUCKET, kept.token.id, _dump(kept))


def caller_of(token: ApiToken, account: Account, address: str) -> Caller:
    """The lesser of the two roles, and the nodes that are in both scopes."""
    role = min(account.role, token.role, key=lambda role: role.rank)
    return Caller(account.name, role, account.scope.narrowed_by(token.scope), Door.REDFISH, address, token=token.id)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _dump(kept: _Kept) -> Mapping[str, Json]:
    token = kept.token
    return {
        "hash": kept.hash,
        "account": token.account,
        "name": token.name,
        "role": token.role.value,
        "all_nodes": token.scope.all_nodes,
        "nodes": sorted(token.scope.nodes),
        "tags": sorted(token.scope.tags),
        "created": token.created,
        "expires": token.expires,
        "used": token.used,
        "address": token.address,
    }


def _load(id: str, value: Mapping[str, Any]) -> ApiToken:
    scope = Scope(value["all_nodes"], frozenset(value["nodes"]), frozenset(value["tags"]))
    times = (value["created"], value["expires"], value["used"])
    return ApiToken(id, value["account"], value["name"], Role(value["role"]), scope, *times, value["address"])
