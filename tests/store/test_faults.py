"""What goes wrong with the file: each a clear error, nothing lost, nothing half-done."""

import asyncio
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bmc.model.errors import InvalidRequest
from bmc.store import NewerStore, Store, StoreFailed, StoreLocked
from bmc.store.schema import APPLICATION_ID, MIGRATIONS

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_nobody_else_can_read_the_file(path: Path):
    async with Store.open(path) as store:
        await store.put("b", "k", {})
        assert mode(path.parent) == 0o700
        assert {mode(each) for each in path.parent.iterdir()} == {0o600}
        assert path.with_name("store.db-wal").exists()


async def test_permissions_that_were_widened_are_taken_back(path: Path):
    async with Store.open(path):
        pass
    path.chmod(0o644)
    async with Store.open(path):
        assert mode(path) == 0o600


async def test_a_second_service_is_refused_and_told_who_is_there(path: Path):
    async with Store.open(path) as store:
        with pytest.raises(StoreLocked, match=rf"pid {os.getpid()}\).*{path.parent}"):
            async with Store.open(path):
                pass
        await store.check()
    async with Store.open(path) as store:
        await store.check()


async def test_a_newer_store_is_refused_and_not_touched(path: Path):
    async with Store.open(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("PRAGMA journal_mode = DELETE")
    before = path.read_bytes()
    with pytest.raises(NewerStore, match=r"schema version 99, .* up to 2; install the later"):
        async with Store.open(path):
            pass
    assert path.read_bytes() == before


async def test_a_store_of_an_earlier_version_goes_on_with_what_it_holds(path: Path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(MIGRATIONS[0])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("INSERT INTO streams (name, last) VALUES ('events', 2)")
        rows = [(1, "n1", '{"a": 1}'), (2, "", '{"a": 2}')]
        connection.executemany("INSERT INTO records VALUES ('events', ?, ?, '', ?)", rows)
        connection.commit()
    async with Store.open(path) as store:
        assert [record.value for record in await store.newest("events", 9, subject="n1")] == [{"a": 1}]
        assert await store.append("events", {"a": 3}, subject="n1") == 3
        await store.trim("events", 2)
        assert [record.sequence for record in await store.read("events", 0, 9)] == [2, 3]


async def test_a_database_of_somebody_else_is_refused_and_not_touched(path: Path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    with pytest.raises(StoreFailed, match="no store of Lightsout"):
        async with Store.open(path):
            pass
    assert path.read_bytes() == before


async def test_a_file_that_is_no_database_is_refused(path: Path):
    path.parent.mkdir()
    path.write_bytes(b"not a database " * 1000)
    with pytest.raises(StoreFailed, match=r"damaged.*restore a backup"):
        async with Store.open(path):
            pass


async def test_damage_inside_is_found_at_start(path: Path):
    async with Store.open(path) as store:
        for n in range(200):
            await store.put("b", str(n), {"filler": "x" * 500})
    data = bytearray(path.read_bytes())
    data[8192:-4096] = os.urandom(len(data) - 8192 - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreFailed, match=r"damaged.*restore a backup"):
        async with Store.open(path):
            pass


async def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreFailed, match="cannot make the directory"):
        async with Store.open(tmp_path / "file" / "store.db"):
            pass


async def test_a_closed_store_says_so(path: Path):
    async with Store.open(path) as store:
        pass
    with pytest.raises(StoreFailed, match="is closed"):
        await store.put("b", "k", {})
    with pytest.raises(StoreFailed, match="is closed"):
        await store.get("b", "k")


async def test_a_backup_of_a_running_store_is_a_store(store: Store, tmp_path: Path):
    writing = [asyncio.ensure_future(store.append("s", {"n": n})) for n in range(2000)]
    await writing[100]
    copy = tmp_path / "copy.db"
    await store.backup(copy)
    await asyncio.gather(*writing)
    assert mode(copy) == 0o600
    async with Store.open(copy) as restored:
        records = await restored.read("s", limit=10_000)
        assert len(records) > 100
        assert [record.value["n"] for record in records] == list(range(len(records)))


async def test_a_backup_overwrites_nothing(store: Store, tmp_path: Path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    with pytest.raises(InvalidRequest, match="exists already"):
        await store.backup(precious)
    with pytest.raises(StoreFailed, match="cannot write the backup"):
        await store.backup(tmp_path / "missing" / "copy.db")
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("attempt", range(3))
async def test_what_was_acknowledged_survives_kill_9(path: Path, attempt: int):
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "writer_program.py"), str(path), stdout=subprocess.PIPE, env=ENVIRONMENT
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(500 * (attempt + 1))]
    process.send_signal(signal.SIGKILL)
    lines += (await process.stdout.read()).splitlines()
    await process.wait()

    newest = {}
    async with Store.open(path) as store:
        records = {record.sequence: record.value for record in await store.read("s", limit=1_000_000)}
        for writer, number, sequence, revision in (map(int, line.split()) for line in lines):
            assert records[sequence] == {"writer": writer, "number": number}
            newest[writer] = (number, revision)
        for writer, (number, revision) in newest.items():
            entry = await store.get("b", f"writer-{writer}")
            assert entry is not None
            assert entry.revision >= revision
            assert entry.value["number"] >= number
        assert sorted(records) == list(range(1, len(records) + 1))


def private_mounts() -> list[str]:
    """How to start a program that may mount; skips where that is not possible."""
    for command in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        trial = [*command, "sh", "-c", "mount -t tmpfs none /mnt"]
        if shutil.which("unshare") and subprocess.run(trial, capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("mounting a small file system is not possible here")


def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(tmp_path: Path):
    script = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" "$3" "$1/store.db"'
    program = [sys.executable, str(HERE / "full_disk_program.py")]
    done = subprocess.run(
        [*private_mounts(), "sh", "-c", script, "sh", str(tmp_path), *program],
        capture_output=True,
        text=True,
        timeout=60,
        env=ENVIRONMENT,
        check=False,
    )
    assert done.stdout.startswith("survived"), done.stderr
