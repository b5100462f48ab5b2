"""The one thread that writes: what is queued goes into one transaction, so that many callers share one fsync."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bmc.store.errors import StoreFailed
from bmc.store.schema import failure

BATCH = 512

R = TypeVar("R")


@dataclass(eq=False, slots=True)
class _Write:
    change: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class Writer:
    """Runs each change in a savepoint of its own: one that fails is undone alone; its neighbours are committed."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, change: Callable[[sqlite3.Connection], R]) -> R:
        """Returns when `change` is on the disk. A caller that gives up waiting does not undo it.

        :raise StoreFailed: nothing of it was written.
        """
        if self._closed:
            raise StoreFailed(f"the store {self._path} is closed")
        write = _Write(change, self._loop.create_future())
        self._queue.put(write)
        result: R = await write.future
        return result

    async def close(self) -> None:
        """Writes what is queued, then ends the thread."""
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, last = self._gather(first)
            try:
                self._commit(batch)
            except Exception as error:
                self._fail(batch, error)
            self._loop.call_soon_threadsafe(_resolve, batch)
            if last:
                return

    def _gather(self, first: _Write) -> tuple[list[_Write], bool]:
        batch = [first]
        while len(batch) < BATCH:
            try:
                write = self._queue.get_nowait()
            except queue.Empty:
                break
            if write is None:
                return batch, True
            batch.append(write)
        return batch, False

    def _commit(self, batch: list[_Write]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        for write in batch:
            connection.execute("SAVEPOINT one")
            try:
                write.result = write.change(connection)
            except Exception as error:
                if not connection.in_transaction:  # SQLite itself rolled everything back: disk full, I/O error
                    raise
                write.error = failure(self._path, error) if isinstance(error, sqlite3.Error) else error
                connection.execute("ROLLBACK TO one")
            connection.execute("RELEASE one")
        connection.execute("COMMIT")

    def _fail(self, batch: list[_Write], error: Exception) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        for write in batch:
            write.error = write.error or failure(self._path, error)


def _resolve(batch: list[_Write]) -> None:
    for write in batch:
        if write.future.done():
            continue
        if write.error is not None:
            write.future.set_exception(write.error)
        else:
            write.future.set_result(write.result)
