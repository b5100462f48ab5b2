"""SSH keys of accounts: whoever holds one signs in at the SSH door without a password."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bmc.accounts.book import Book
from bmc.accounts.gate import Gate, Stored
from bmc.accounts.sessions import Sessions
from bmc.accounts.values import Account, AccountKey
from bmc.model.caller import Door
from bmc.model.errors import NotFound, Refused
from bmc.model.ssh_key import SshKey

MOST_KEYS = 32
"""Of one account."""

Tell = Callable[[str, str], Awaitable[None]]


class Keys:
    """A key names one account, and one only. `tell(account, text)` publishes what was done."""

    def __init__(self, book: Book, gate: Gate, sessions: Sessions, tell: Tell) -> None:
        self._book = book
        self._gate = gate
        self._sessions = sessions
        self._tell = tell

    async def add(self, name: str, key: SshKey, description: str = "") -> AccountKey:
        """Let whoever holds `key` sign in as `name` at the SSH door.

        :raise NotFound: :raise Refused: it is some account's already, or the account has enough.
        """
        added = AccountKey(key, description)
        async with self._book.changing:
            if any(key.id == there.key.id for account in self._book.all() for there in account.keys):
                raise Refused("this key is an account's already; a key names one account, and one only")
            old = self._book.get(name)
            if len(old.account.keys) >= MOST_KEYS:
                raise Refused(f"{name} has {MOST_KEYS} keys already; remove one first")
            await self._set(old, (*old.account.keys, added))
        await self._tell(name, f"account {name}: SSH key {key.fingerprint} added")
        return added

    async def describe(self, name: str, id: str, description: str) -> AccountKey:
        """:raise NotFound:"""
        async with self._book.changing:
            old = self._book.get(name)
            changed = replace(_key(old.account, id), description=description)
            await self._set(old, tuple(changed if each.key.id == id else each for each in old.account.keys))
        return changed

    async def remove(self, name: str, id: str) -> None:
        """The account's SSH sessions end, whatever they were opened with. :raise NotFound:"""
        async with self._book.changing:
            old = self._book.get(name)
            gone = _key(old.account, id)
            await self._set(old, tuple(each for each in old.account.keys if each != gone))
            await self._sessions.close_account(name, Door.SSH)
        await self._tell(name, f"account {name}: SSH key {gone.key.fingerprint} removed")

    def holder(self, key: bytes) -> Account | None:
        """The enabled account whose SSH key this is, as it goes over the wire."""
        having = (account for account in self._book.all() if any(each.key.blob == key for each in account.keys))
        return next((account for account in having if account.enabled), None)

    async def _set(self, old: Stored, keys: tuple[AccountKey, ...]) -> None:
        await self._book.put(replace(old, account=replace(old.account, keys=keys)))
        self._gate.changed(old.account.name)


def _key(account: Account, id: str) -> AccountKey:
    """:raise NotFound:"""
    for each in account.keys:
        if each.key.id == id:
            return each
    raise NotFound(f"{account.name} has no key {id[:64]!r}")
