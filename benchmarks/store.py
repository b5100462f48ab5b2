"""Durable writes of the store with many callers, against one transaction per write: `python benchmarks/store.py`."""

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bmc.store import Json, Store

CALLERS, WRITES = 64, 20_000
EVENT: dict[str, Json] = {
    "kind": "power.changed",
    "node": "n1",
    "message": "n1 is On (command)",
    "details": {"from": "Off", "to": "On"},
}


async def grouped(path: Path) -> float:
    async with Store.open(path) as store:

        async def caller() -> None:
            for _ in range(WRITES // CALLERS):
                await store.append("events", EVENT)

        started = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        return WRITES / (time.perf_counter() - started)


def one_by_one(path: Path, writes: int = 2_000) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE records (sequence INTEGER PRIMARY KEY, value TEXT)")
        started = time.perf_counter()
        for _ in range(writes):
            connection.execute("INSERT INTO records (value) VALUES (?)", (str(EVENT),))
        return writes / (time.perf_counter() - started)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        ours = asyncio.run(grouped(Path(directory) / "ours" / "store.db"))
        plain = one_by_one(Path(directory) / "plain.db")
    print(f"store, {CALLERS} callers: {ours:,.0f} durable writes/s; one transaction each: {plain:,.0f}/s; ", end="")
    print(f"ratio {ours / plain:.1f}")


if __name__ == "__main__":
    main()
