"""Buckets of values with revisions, and streams of records with sequences."""

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from bmc.model.errors import InvalidRequest
from bmc.store.errors import Conflict, StoreFailed
from bmc.store.lock import sole_owner
from bmc.store.schema import failure, open_for_reading, open_for_writing, sync
from bmc.store.values import Entry, Facts, Json, Record
from bmc.store.writer import Writer

R = TypeVar("R")
Entries: TypeAlias = list[Entry]
Records: TypeAlias = list[Record]
Rows: TypeAlias = list[tuple[Any, ...]]

MOST = (1 << 63) - 1
"""No sequence is larger."""
BATCH = 500
"""So many records are read at once, so that others have their turn at the store."""
SIFTED_MOST = 100_000
"""So many records are looked through for some that are not left out: it takes tenths of a second, and all other reads
wait.
"""


class Store:
    """One SQLite file. A write has returned only when it is on the disk; a read sees every write that has returned.

    Every method may raise StoreFailed; then nothing was changed. Names with lone surrogates are InvalidRequest.
    """

    def __init__(self, path: Path, writer: Writer, reader: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._thread = thread

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator["Store"]:
        """Open the file `path`, made 0600 when missing, its directory 0700.

        :raise NewerStore: written by a later version. :raise StoreLocked: a service has it open.
        :raise StoreFailed: damaged or not accessible.
        """
        async with AsyncExitStack() as stack:
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise StoreFailed(f"cannot make the directory {path.parent}: {error.strerror}") from error
            stack.enter_context(sole_owner(path.with_name(path.name + ".lock")))
            connection = stack.enter_context(closing(await asyncio.to_thread(open_for_writing, path)))
            reader = stack.enter_context(closing(open_for_reading(path)))
            thread = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="store-reader"))
            writer = Writer(connection, path)
            stack.push_async_callback(writer.close)
            yield cls(path, writer, reader, thread)

    async def get(self, bucket: str, key: str) -> Entry | None:
        _check_text(bucket, key)
        rows = await self._read("SELECT key, value, revision FROM entries WHERE bucket = ? AND key = ?", bucket, key)
        return _entry(rows[0]) if rows else None

    async def list(self, bucket: str) -> Entries:
        """All of a bucket, by key."""
        rows = await self._read("SELECT key, value, revision FROM entries WHERE bucket = ? ORDER BY key", bucket)
        return [_entry(row) for row in rows]

    async def put(self, bucket: str, key: str, value: Mapping[str, Json], expect: int | None = None) -> int:
        """Write and return the new revision. `expect` is the revision to replace; 0: there must be none.

        :raise Conflict: another revision is stored.
        """
        _check_text(bucket, key)
        text = _dump(value)

        def change(connection: sqlite3.Connection) -> int:
            _expect(connection, bucket, key, expect)
            revision = _next_revision(connection)
            connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", (bucket, key, text, revision))
            return revision

        return await self._writer.write(change)

    async def delete(self, bucket: str, key: str, expect: int | None = None) -> None:
        """Must not fail when there is no such key, unless a revision is expected. :raise Conflict:"""
        _check_text(bucket, key)

        def change(connection: sqlite3.Connection) -> None:
            _expect(connection, bucket, key, expect)
            connection.execute("DELETE FROM entries WHERE bucket = ? AND key = ?", (bucket, key))

        await self._writer.write(change)

    async def clear(self, bucket: str) -> None:
        """Delete all of a bucket."""
        _check_text(bucket)

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM entries WHERE bucket = ?", (bucket,))

        await self._writer.write(change)

    async def append(self, stream: str, value: Mapping[str, Json], msg_id: str = "", subject: str = "") -> int:
        """Add a record and return its sequence. One with the `msg_id` of a record still kept is not stored again.

        `subject` is what `newest` can select by.
        """
        _check_text(stream, msg_id, subject)
        text = _dump(value)

        def change(connection: sqlite3.Connection) -> int:
            if msg_id:
                found = connection.execute(
                    "SELECT sequence FROM records WHERE stream = ? AND msg_id = ? AND msg_id != ''", (stream, msg_id)
                ).fetchone()
                if found:
                    return int(found[0])
            (sequence,) = connection.execute(
                "INSERT INTO streams VALUES (?, 1) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last", (stream,)
            ).fetchone()
            connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?)", (stream, sequence, subject, msg_id, text))
            return int(sequence)

        return await self._writer.write(change)

    async def read(self, stream: str, after: int = 0, limit: int = 1000) -> Records:
        """The first `limit` records whose sequence is above `after`, oldest first."""
        rows = await self._read(
            "SELECT sequence, value FROM records WHERE stream = ? AND sequence > ? ORDER BY sequence LIMIT ?",
            stream, after, limit,
        )  # fmt: skip
        return [_record(row) for row in rows]

    async def newest(
        self,
        stream: str,
        limit: int,
        after: int = 0,
        subject: str = "",
        skip: int = 0,
        before: int = MOST,
        without: Sequence[Facts] = (),
    ) -> Records:
        """The last `limit` records above `after` and below `before`, but for the very last `skip`; of a subject, or
        all; oldest first. Those that have all of any of the facts in `without` are as if they were not there; then
        only the last SIFTED_MOST are looked through.
        """
        # By itself SQLite would go through the records of all subjects, as it knows nothing of how many there are.
        of = "records INDEXED BY records_by_subject" if subject else "records"
        where = "AND subject = ?" if subject else ""
        values: list[str | bool] = [subject] if subject else []
        if without:
            after = max(after, await self._sifted_after(stream, where, values, before))
        for facts in without:
            where += f" AND NOT ({' AND '.join(['json_extract(value, ?) IS ?'] * len(facts))})"
            values += [part for path, value in facts.items() for part in (f"$.{path}", value)]
        rows = await self._read(
            f"SELECT sequence, value FROM {of} WHERE stream = ? {where} AND sequence > ? AND sequence < ? "  # noqa: S608
            "ORDER BY sequence DESC LIMIT ? OFFSET ?",
            stream, *values, after, before, limit, skip,
        )  # fmt: skip
        return [_record(row) for row in reversed(rows)]

    async def _sifted_after(self, stream: str, where: str, values: Sequence[str | bool], before: int) -> int:
        """The sequence above which there are no more than SIFTED_MOST to look through."""
        rows = await self._read(
            f"SELECT sequence FROM records WHERE stream = ? {where} AND sequence < ? "  # noqa: S608
            "ORDER BY sequence DESC LIMIT 1 OFFSET ?",
            stream, *values, before, SIFTED_MOST,
        )  # fmt: skip
        return int(rows[0][0]) if rows else 0

    async def rename_subject(self, stream: str, subject: str, to: str) -> None:
        """What is kept of `subject` is of `to` from now on, together with what is there already."""
        _check_text(stream, subject, to)

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE records SET subject = ? WHERE stream = ? AND subject = ?", (to, stream, subject))

        await self._writer.write(change)

    async def walk(self, stream: str, subject: str = "") -> AsyncIterator[Record]:
        """All records of a subject, or all, newest first; without those that come meanwhile."""
        before = MOST
        while records := await self.newest(stream, BATCH, 0, subject, before=before):
            for record in reversed(records):
                yield record
            before = records[0].sequence

    async def count(self, stream: str, subject: str = "") -> int:
        """How many records are kept, of one subject or of all."""
        where, values = ("AND subject = ?", (subject,)) if subject else ("", ())
        rows = await self._read(f"SELECT COUNT(*) FROM records WHERE stream = ? {where}", stream, *values)  # noqa: S608
        return int(rows[0][0])

    async def last(self, stream: str) -> int:
        """The sequence given last, 0 for a stream that never held anything; trimming does not change it."""
        rows = await self._read("SELECT last FROM streams WHERE name = ?", stream)
        return int(rows[0][0]) if rows else 0

    async def consume(self, stream: str, durable: str, limit: int = 100) -> Records:
        """The records after what `durable` has acknowledged: the same again until `ack`, so at least once."""
        rows = await self._read(
            "SELECT sequence, value FROM records WHERE stream = ? AND sequence > coalesce("
            "(SELECT sequence FROM cursors WHERE stream = ? AND durable = ?), 0) ORDER BY sequence LIMIT ?",
            stream, stream, durable, limit,
        )  # fmt: skip
        return [_record(row) for row in rows]

    async def ack(self, stream: str, durable: str, sequence: int) -> None:
        """`durable` has dealt with everything up to `sequence`. A cursor never goes back."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO cursors VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET sequence = max(sequence, excluded.sequence)",
                (stream, durable, sequence),
            )

        await self._writer.write(change)

    async def cursors(self, stream: str) -> dict[str, int]:
        """What each durable reader of `stream` has acknowledged."""
        rows = await self._read("SELECT durable, sequence FROM cursors WHERE stream = ?", stream)
        return {durable: sequence for durable, sequence in rows}

    async def drop_cursor(self, stream: str, durable: str) -> None:
        """`durable` reads no more. Must not fail when it never did."""
        _check_text(stream, durable)

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM cursors WHERE stream = ? AND durable = ?", (stream, durable))

        await self._writer.write(change)

    async def trim(self, stream: str, keep: int) -> None:
        """Forget the oldest until `keep` records are left, also those not consumed yet.

        A subject with no more than its share loses none: whoever writes much pushes out only what is its own. Only
        where there are more subjects than `keep` do the oldest lose their last.
        """

        def change(connection: sqlite3.Connection) -> None:
            counts = connection.execute(
                "SELECT subject, COUNT(*) FROM records WHERE stream = ? GROUP BY subject", (stream,)
            ).fetchall()
            share = max(1, _share([count for _, count in counts], keep))
            for subject, count in counts:
                if count > share:
                    connection.execute(
                        "DELETE FROM records WHERE stream = ? AND sequence IN (SELECT sequence FROM records "
                        "WHERE stream = ? AND subject = ? ORDER BY sequence LIMIT ?)",
                        (stream, stream, subject, count - share),
                    )
            left = sum(min(count, share) for _, count in counts)
            if left > keep:
                connection.execute(
                    "DELETE FROM records WHERE stream = ? AND sequence IN (SELECT sequence FROM records "
                    "WHERE stream = ? ORDER BY sequence LIMIT ?)",
                    (stream, stream, left - keep),
                )

        await self._writer.write(change)

    async def check(self) -> None:
        """Tell by writing that writing works. :raise StoreFailed: and why it doesn't."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'check'")

        await self._writer.write(change)

    async def backup(self, path: Path) -> None:
        """A consistent copy in the new file `path`, 0600, while writing goes on. :raise InvalidRequest: it exists."""
        await asyncio.to_thread(copy_store, self.path, path)

    async def _read(self, statement: str, *values: object) -> Rows:
        return await self._in_reader(lambda: self._reader.execute(statement, values).fetchall())

    async def _in_reader(self, work: Callable[[], R]) -> R:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise failure(self.path, error) from error
        except RuntimeError as error:  # the executor was shut down
            raise StoreFailed(f"the store {self.path} is closed") from error


def _share(counts: list[int], keep: int) -> int:
    """The most that each may have for all to have no more than `keep`."""
    left = keep
    for done, count in enumerate(sorted(counts)):
        share = left // (len(counts) - done)
        if count > share:
            return share
        left -= count
    return keep


def _check_text(*names: str) -> None:
    for name in names:
        if any("\ud800" <= character <= "\udfff" for character in name):
            raise InvalidRequest(f"{name[:80]!r} is no valid Unicode text")


def _dump(value: Mapping[str, Json]) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _entry(row: tuple[Any, ...]) -> Entry:
    return Entry(row[0], json.loads(row[1]), row[2])


def _record(row: tuple[Any, ...]) -> Record:
    return Record(row[0], json.loads(row[1]))


def _expect(connection: sqlite3.Connection, bucket: str, key: str, expect: int | None) -> None:
    if expect is None:
        return
    row = connection.execute("SELECT revision FROM entries WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
    revision = row[0] if row else 0
    if revision != expect:
        raise Conflict(f"{bucket}/{key} is at revision {revision}, expected {expect}; read it again")


def _next_revision(connection: sqlite3.Connection) -> int:
    row = connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'revision' RETURNING value").fetchone()
    return int(row[0])


def copy_store(source: Path, target: Path) -> None:
    """A consistent copy of the store `source` in the new file `target`, 0600; a service may be writing meanwhile.

    :raise InvalidRequest: `target` exists. :raise StoreFailed: it cannot be written, or `source` cannot be read.
    """
    try:
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise InvalidRequest(f"{target} exists already; name a new file for the backup") from error
    except OSError as error:
        raise StoreFailed(f"cannot write the backup {target}: {error.strerror}") from error
    try:
        with closing(open_for_reading(source)) as connection, closing(sqlite3.connect(target)) as copy:
            connection.backup(copy)
        sync(target)
        sync(target.parent)
    except (sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise failure(target, error) from error
