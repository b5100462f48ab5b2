"""The accounts as they are kept: everything in memory, every change in the store first."""

import asyncio
from collections.abc import Mapping
from typing import Any

from bmc.accounts.gate import Stored
from bmc.accounts.values import Account, AccountKey
from bmc.model.caller import Role, Scope
from bmc.model.errors import NotFound
from bmc.model.ssh_key import SshKey
from bmc.store import Json, Store

BUCKET = "accounts"


class Book:
    """Whoever changes an account holds `changing` meanwhile."""

    def __init__(self, store: Store) -> None:
        self.changing = asyncio.Lock()
        self._store = store
        self._accounts: dict[str, Stored] = {}

    async def load(self) -> None:
        for entry in await self._store.list(BUCKET):
            self._accounts[entry.key] = _load(entry.key, entry.value)

    def all(self) -> tuple[Account, ...]:
        """By name."""
        return tuple(self._accounts[name].account for name in sorted(self._accounts))

    def find(self, name: str) -> Stored | None:
        return self._accounts.get(name)

    def get(self, name: str) -> Stored:
        """:raise NotFound:"""
        stored = self._accounts.get(name)
        if stored is None:
            raise NotFound(f"there is no account {name[:64]!r}")
        return stored

    async def add(self, new: Stored) -> None:
        """:raise Conflict: there is one of this name."""
        await self._store.put(BUCKET, new.account.name, _dump(new), expect=0)
        self._accounts[new.account.name] = new

    async def put(self, changed: Stored) -> None:
        await self._store.put(BUCKET, changed.account.name, _dump(changed))
        self._accounts[changed.account.name] = changed

    async def delete(self, name: str) -> None:
        await self._store.delete(BUCKET, name)
        del self._accounts[name]


def _dump(stored: Stored) -> Mapping[str, Json]:
    account = stored.account
    return {
        "role": account.role.value,
        "all_nodes": account.scope.all_nodes,
        "nodes": sorted(account.scope.nodes),
        "tags": sorted(account.scope.tags),
        "enabled": account.enabled,
        "password": stored.hash,
        "keys": [
            {"line": each.key.line, "comment": each.key.comment, "description": each.description}
            for each in account.keys
        ],
    }


def _load(name: str, value: Mapping[str, Any]) -> Stored:
    scope = Scope(value["all_nodes"], frozenset(value["nodes"]), frozenset(value["tags"]))
    keys = (AccountKey(SshKey(each["line"], each["comment"]), each["description"]) for each in value.get("keys", ()))
    return Stored(Account(name, Role(value["role"]), scope, value["enabled"], tuple(keys)), value["password"])
