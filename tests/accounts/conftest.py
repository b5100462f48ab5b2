"""Accounts on a real store, with a clock that stands still and a hasher that is quick."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bmc.accounts import Accounts, Limits
from bmc.events import Events
from bmc.model.errors import Denied
from bmc.store import Store
from tests.clocks import StillClock


class QuickHasher:
    """No password hash at all, but one can count the work."""

    def __init__(self) -> None:
        self.verified = 0

    def hash(self, password: bytes) -> str:
        return hashlib.sha256(password).hexdigest()

    def verify(self, stored: str, password: bytes) -> bool:
        self.verified += 1
        return stored == self.hash(password)


class House:
    """What accounts stand on; `restart` opens everything anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.key_file = path / "key"
        self.clock = StillClock()
        self.hasher = QuickHasher()
        self.limits = Limits()
        self._stack = AsyncExitStack()

    async def start(self) -> Accounts:
        self.store = await self._stack.enter_async_context(Store.open(self.path / "state" / "store.db"))
        self.events = Events(self.store, self.clock)
        self.accounts = await Accounts.open(
            self.store, self.events, self.clock, self.key_file, self.hasher, self.limits
        )
        return self.accounts

    async def stop(self) -> None:
        await self._stack.aclose()

    async def restart(self) -> Accounts:
        await self.stop()
        return await self.start()

    async def kinds(self) -> list[str]:
        return [event.kind.value for event in await self.events.history()]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    await house.start()
    yield house
    await house.stop()


Attempt = Callable[[str, str, str], Awaitable[str]]


@pytest.fixture
def attempt(house: House) -> Attempt:
    """Sign in and tell how it ended: "ok" or the refusal."""

    async def attempt(name: str, password: str, address: str) -> str:
        try:
            await house.accounts.authenticate(name, password, address)
        except Denied as error:
            return str(error)
        return "ok"

    return attempt
