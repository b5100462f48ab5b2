"""Named groups of nodes, to act on together."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import uuid4

from bmc.model.errors import Busy, NotFound
from bmc.store import Entry, Store

BUCKET = "aggregates"
MOST = 1000


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`nodes` are in the order in which they were added."""

    id: str
    name: str
    nodes: tuple[str, ...]


class Aggregates:
    """All groups. Who may see or change one is for its door to ask."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = asyncio.Lock()

    async def list(self) -> "list[Aggregate]":
        return [_aggregate(entry) for entry in await self._store.list(BUCKET)]

    async def get(self, id: str) -> Aggregate:
        """:raise NotFound:"""
        entry = await self._store.get(BUCKET, id)
        if entry is None:
            raise NotFound(f"there is no aggregate {id!r}")
        return _aggregate(entry)

    async def create(self, name: str, nodes: Iterable[str]) -> Aggregate:
        """:raise Busy: there are too many."""
        async with self._lock:
            if len(await self._store.list(BUCKET)) >= MOST:
                raise Busy(f"there are {MOST} aggregates already; delete some")
            return await self._put(Aggregate(uuid4().hex[:12], name, tuple(dict.fromkeys(nodes))))

    async def add(self, id: str, nodes: Iterable[str]) -> Aggregate:
        """Those that are in it already stay where they are. :raise NotFound:"""
        async with self._lock:
            found = await self.get(id)
            return await self._put(replace(found, nodes=tuple(dict.fromkeys((*found.nodes, *nodes)))))

    async def remove(self, id: str, nodes: Iterable[str]) -> Aggregate:
        """:raise NotFound:"""
        async with self._lock:
            found, gone = await self.get(id), set(nodes)
            return await self._put(replace(found, nodes=tuple(node for node in found.nodes if node not in gone)))

    async def delete(self, id: str) -> None:
        async with self._lock:
            await self._store.delete(BUCKET, id)

    async def forget(self, node: str) -> None:
        """The node was removed for good: its namesake is in none of them."""
        for aggregate in await self.list():
            if node in aggregate.nodes:
                await self.remove(aggregate.id, [node])

    async def _put(self, aggregate: Aggregate) -> Aggregate:
        await self._store.put(BUCKET, aggregate.id, {"name": aggregate.name, "nodes": aggregate.nodes})
        return aggregate


def _aggregate(entry: Entry) -> Aggregate:
    return Aggregate(entry.key, entry.value["name"], tuple(entry.value["nodes"]))
