"""A clock that moves when told to, and recipes whose steps a test opens one by one."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bmc.accounts import Account
from bmc.accounts.keyfile import Sealer
from bmc.jobs import Chore, Jobs, Prepared, Recipe, Run, Step
from bmc.jobs.ledger import SECRETS
from bmc.model.clock import SystemClock
from bmc.model.errors import InvalidRequest
from bmc.model.job import Job
from bmc.node import Node
from bmc.ports import Backend
from bmc.store import Store
from tests.world import ADMIN, OPERATOR, VIEWER, World, open_world, until


class Bench:
    """Makes a recipe of steps a, b and c. Each step is noted in `ran`, then waits for its gate."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.released: list[str] = []
        self.gates = {name: asyncio.Event() for name in "abc"}
        self.errors: dict[str, Exception] = {}
        self.inside: dict[str, Callable[[Run], object]] = {}
        self.repeatable = dict.fromkeys("abc", True)
        self.look: dict[str, object] = {}
        self.release_gate = asyncio.Event()
        self.release_gate.set()
        self.release_error: Exception | None = None
        self.runs: list[Run] = []

    def recipe(self) -> Recipe:
        return Recipe(
            "demo",
            lambda request: tuple(self._step(name) for name in "abc"),
            self._prepare,
            self._release,
            "a demonstration",
        )

    def open(self, names: str = "abc") -> None:
        for name in names:
            self.gates[name].set()

    async def reached(self, name: str) -> None:
        await until(lambda: self.ran[-1:] == [name])

    def _step(self, name: str) -> Step:
        async def run(run: Run) -> None:
            self.runs.append(run)
            self.ran.append(name)
            if name in self.errors:
                raise self.errors[name]
            if name in self.inside:
                await self.inside[name](run)  # type: ignore[misc]
            await self.gates[name].wait()

        async def look(run: Run) -> bool:
            found = self.look[name]
            if isinstance(found, Exception):
                raise found
            return bool(found)

        looking = look if name in self.look else None
        return Step(
            name, run, self.repeatable[name], {"a": 1, "b": 2, "c": 1}[name], 100, f"{name} failed", 30, looking
        )

    async def _prepare(
        self, node: Node, backend: Backend, request: Mapping[str, object], secrets: Mapping[str, object]
    ) -> Prepared:
        if "wrong" in request:
            raise InvalidRequest("wrong: is wrong")
        return Prepared(dict(request), dict(secrets))  # type: ignore[arg-type]

    async def _release(self, run: Run) -> None:
        assert run.ending is not None
        self.released.append(run.ending.value)
        await self.release_gate.wait()
        if self.release_error:
            raise self.release_error


ACCOUNTS = {each.account: Account(each.account, each.role, each.scope) for each in (ADMIN, OPERATOR, VIEWER)}


SEALER = Sealer(bytes(32))


async def secrets_kept(store: Store) -> list[Mapping[str, Any]]:
    """Those of each job, opened."""
    entries = await store.list(SECRETS)
    return [json.loads(SEALER.unseal(entry.value["sealed"], f"job {entry.key}")) for entry in entries]


def jobs_of(
    world: World,
    clock: SystemClock,
    *recipes: Recipe,
    accounts: Mapping[str, Account] = ACCOUNTS,
    chores: Sequence[Chore] = (),
) -> Jobs:
    """`accounts` are by name, and what API tokens leave them by the tokens' ids."""

    def find(name: str, token: str) -> Account | None:
        return accounts.get(token or name)

    return Jobs(world.store, world.events, world.audit, world.fleet, find, clock, SEALER, recipes, chores)


async def ended(jobs: Jobs, id: str) -> Job:
    await until(lambda: jobs.get(id).state.ended)
    return jobs.get(id)


@asynccontextmanager
async def killed_and_started_again(world: World, jobs: Jobs, copy: Path) -> AsyncIterator[World]:
    """The world as a service killed just now finds it: what was stored at this instant, and the same servers."""
    await world.store.backup(copy)
    await jobs.close()
    await world.fleet.close()
    async with open_world(copy, world.drivers) as again:
        yield again
