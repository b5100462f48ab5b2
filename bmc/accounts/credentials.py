"""What the service signs in with at machines: sealed in the store, open only in memory."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bmc.accounts.keyfile import Sealer, open_key_file
from bmc.model.errors import InvalidRequest, NotFound, Refused
from bmc.store import Store

BUCKET = "credentials"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Credential:
    user: str
    password: str = field(repr=False)


class Credentials:
    """`fixed` are those of the configuration file, by name, with their users: one that stands there is changed there,
    and wins over one of the same name in the store.
    """

    def __init__(self, store: Store, sealer: Sealer, kept: dict[str, Credential], fixed: Mapping[str, str]) -> None:
        self._store = store
        self._sealer = sealer
        self._kept = kept
        self._changing = asyncio.Lock()
        self.fixed = fixed

    @classmethod
    async def open(cls, store: Store, key_file: Path, fixed: Mapping[str, str]) -> "Credentials":
        """:raise KeyFileUnusable: the stored ones cannot be opened."""
        sealer = open_key_file(key_file, may_make=False)
        kept = {}
        for entry in await store.list(BUCKET):
            value: Mapping[str, Any] = entry.value
            password = sealer.unseal(value["password"], _context(entry.key)).decode()
            kept[entry.key] = Credential(value["user"], password)
        return cls(store, sealer, kept, fixed)

    def users(self) -> Mapping[str, str]:
        """The users of all that are in the store, by name."""
        return {name: self._kept[name].user for name in sorted(self._kept)}

    def find(self, name: str) -> tuple[bytes, bytes] | None:
        """User and password of one in the store."""
        found = self._kept.get(name)
        return (found.user.encode(), found.password.encode()) if found else None

    async def put(self, name: str, user: str, password: str) -> None:
        """Set it, or set it anew: who signs in with it from now on does so with this.

        :raise InvalidRequest: the name is none. :raise Refused: it stands in the configuration file.
        """
        if not NAME.fullmatch(name):
            raise InvalidRequest(
                f"Name is {name[:80]!r}; expected 1 to 64 letters, digits, dots, dashes or underscores, "
                "the first a letter or digit"
            )
        if name in self.fixed:
            raise Refused(f"credential {name!r} stands in the configuration file; change it there")
        async with self._changing:
            value = {"user": user, "password": self._sealer.seal(password.encode(), _context(name))}
            await self._store.put(BUCKET, name, value)
            self._kept[name] = Credential(user, password)

    async def delete(self, name: str) -> None:
        """:raise NotFound: the store has none of that name."""
        async with self._changing:
            if name not in self._kept:
                raise NotFound(f"there is no credential {name!r} in the store")
            await self._store.delete(BUCKET, name)
            del self._kept[name]


def _context(name: str) -> str:
    return f"credential {name}"
