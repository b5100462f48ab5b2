"""The tables, their version, and how a database file is opened and checked."""

import os
import sqlite3
from pathlib import Path

from bmc.store.errors import NewerStore, StoreFailed

APPLICATION_ID = 0x4C4F5554
"""Marks a file as ours ("LOUT"), in SQLite's own header field."""

MIGRATIONS = (
    """
    CREATE TABLE entries (
        bucket TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, revision INTEGER NOT NULL,
        PRIMARY KEY (bucket, key)) WITHOUT ROWID;
    CREATE TABLE streams (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE records (
        stream TEXT NOT NULL, sequence INTEGER NOT NULL, subject TEXT NOT NULL, msg_id TEXT NOT NULL,
        value TEXT NOT NULL, PRIMARY KEY (stream, sequence)) WITHOUT ROWID;
    CREATE INDEX records_by_subject ON records (stream, subject, sequence) WHERE subject != '';
    CREATE UNIQUE INDEX records_by_msg_id ON records (stream, msg_id) WHERE msg_id != '';
    CREATE TABLE cursors (
        stream TEXT NOT NULL, durable TEXT NOT NULL, sequence INTEGER NOT NULL,
        PRIMARY KEY (stream, durable)) WITHOUT ROWID;
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO counters VALUES ('revision', 0), ('check', 0);
    """,
    """
    DROP INDEX records_by_subject;
    CREATE INDEX records_by_subject ON records (stream, subject, sequence);
    """,
)
"""Script i leads from version i to i + 1; a script that has been released never changes."""

VERSION = len(MIGRATIONS)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The one writing connection; makes the file (0600) or brings it to VERSION.

    :raise NewerStore: the file is of a later version; it was not touched.
    :raise StoreFailed: damaged, no store of ours, or not accessible.
    """
    try:
        _make_private(path)
        connection = _connect(path)
        try:
            _refuse_foreign(connection, path)
            _migrate(connection)
        except BaseException:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise failure(path, error) from error
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that sees what is committed and cannot write. :raise StoreFailed:"""
    try:
        connection = _connect(path)
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        raise failure(path, error) from error
    return connection


def failure(path: Path, error: Exception) -> StoreFailed:
    """What the operator should hear of `error`, with the remedy where there is one."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFailed(f"no space left for the store {path}; nothing was written: free some space and try again")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return _damaged(path, str(error))
    return StoreFailed(f"the store {path} failed: {error}")


def _damaged(path: Path, how: str) -> StoreFailed:
    return StoreFailed(f"the store {path} is damaged ({how}); restore a backup, or move it away to start anew")


def _make_private(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the kernel put the file or directory `path` on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _connect(path: Path) -> sqlite3.Connection:
    # Each connection serves one thread at a time: Store sees to that.
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    version = _pragma(connection, "user_version")
    empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    if not empty and _pragma(connection, "application_id") != APPLICATION_ID:
        raise StoreFailed(f"{path} is an SQLite file, but no store of Lightsout; move it away")
    if version > VERSION:
        raise NewerStore(
            f"the store {path} has schema version {version}, this Lightsout knows versions up to {VERSION}; "
            "install the later Lightsout again, or restore a backup made by this one"
        )
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise _damaged(path, verdict.splitlines()[-1])


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("PRAGMA secure_delete = ON")  # job secrets and old password hashes leave no trace
    version = _pragma(connection, "user_version")
    for script in MIGRATIONS[version:]:
        version += 1
        mark = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};"
        connection.executescript(f"BEGIN IMMEDIATE; {script} {mark} COMMIT;")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value = connection.execute(f"PRAGMA {name}").fetchone()[0]
    assert isinstance(value, int)  # noqa: S101 - SQLite defines these as integers
    return value
