"""The gate: is this the account's password? Slow hashes, few at once, and locks for those who guess."""

import asyncio
import hashlib
import hmac
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bmc.accounts.lockout import Lockout
from bmc.accounts.passwords import PasswordHasher, encode
from bmc.accounts.values import ACCOUNT_NAME, Account, Limits
from bmc.model.clock import Clock
from bmc.model.errors import Denied

HASHES_AT_ONCE = 2
NO_ACCOUNT = "?"
"""For the locks, all names that no account can have are this one: they are as long as who sends them likes."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An account with the hash of its password."""

    account: Account
    hash: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended: `account` None when it failed, and then the seconds of the `lock` it led to, if any.

    `fresh` is False when the same password was right a moment ago.
    """

    account: Account | None
    fresh: bool = True
    lock: float = 0.0


@dataclass(frozen=True, slots=True)
class _Remembered:
    digest: bytes
    until: float


class Gate:
    """Finds accounts by `find`. Remembers right passwords for a while, as Basic authentication sends one each time."""

    def __init__(
        self, find: Callable[[str], Stored | None], clock: Clock, hasher: PasswordHasher, limits: Limits
    ) -> None:
        self._find = find
        self._clock = clock
        self._hasher = hasher
        self._limits = limits
        self.lockout = Lockout(clock, limits)
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._remembered: dict[str, _Remembered] = {}
        self._digest_key = secrets.token_bytes(32)
        self._nobody = hasher.hash(secrets.token_bytes(16))

    async def hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, encode(password))

    async def attempt(self, name: str, password: str, address: str) -> Attempt:
        """Takes as long for a name that does not exist. :raise Denied: locked, with the seconds to wait."""
        counted = name if ACCOUNT_NAME.fullmatch(name) else NO_ACCOUNT
        self._refuse_locked(counted, address)
        known = self._find(name)
        if known and self._was_right(name, password):
            return Attempt(known.account, fresh=False)
        async with self._hashing:
            self._refuse_locked(counted, address)  # those before us in the queue may have failed
            stored = self._find(name)
            hash = stored.hash if stored else self._nobody
            right = await asyncio.to_thread(self._hasher.verify, hash, encode(password))
            if not right or stored is None or not stored.account.enabled or self._find(name) is not stored:
                return Attempt(None, lock=self.lockout.failed(counted, address))
            self.lockout.succeeded(counted, address)
            until = self._clock.monotonic() + self._limits.remember_password
            self._remembered[name] = _Remembered(self._digest(password), until)
            return Attempt(stored.account)

    def changed(self, name: str) -> None:
        """The account has changed in any way: what was right may be wrong now."""
        self._remembered.pop(name, None)

    def locked(self, name: str) -> bool:
        return self.lockout.locked(name)

    def unlock(self, name: str) -> None:
        self.lockout.unlock(name)

    def forget(self, name: str) -> None:
        self.lockout.forget(name)

    def _refuse_locked(self, name: str, address: str) -> None:
        remaining = self.lockout.remaining(name, address)
        if remaining:
            raise Denied(f"too many failed sign-ins; try again in {math.ceil(remaining)} seconds")

    def _was_right(self, name: str, password: str) -> bool:
        known = self._remembered.get(name)
        if known is None or self._clock.monotonic() >= known.until:
            return False
        return hmac.compare_digest(known.digest, self._digest(password))

    def _digest(self, password: str) -> bytes:
        return hmac.digest(self._digest_key, encode(password), hashlib.sha256)
