"""What the service signs in with at machines: sealed at rest, open in memory, found by name."""

from pathlib import Path

import pytest

from bmc.accounts import Accounts, Credentials, KeyFileUnusable
from bmc.config import Settings
from bmc.drivers import configured
from bmc.events import Events
from bmc.model.clock import SystemClock
from bmc.model.errors import InvalidRequest, NotFound, Refused
from bmc.store import Store

SETTINGS = Settings.model_validate({"credentials": {"rack0": {"user": "ADMIN", "password": "from the file"}}})


async def open_credentials(store: Store, directory: Path) -> Credentials:
    clock = SystemClock()
    await Accounts.open(store, Events(store, clock), clock, directory / "key")
    return await Credentials.open(store, directory / "key", {"rack0": "ADMIN"})


async def test_a_credential_outlives_the_service_and_is_sealed_in_the_store(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        credentials = await open_credentials(store, tmp_path)
        await credentials.put("rack1", "a user name that is longer than sixteen", "hunter2-hunter2")
        entry = await store.get("credentials", "rack1")
        assert entry is not None
        assert "hunter2" not in str(entry.value)
        assert "hunter2" not in repr(credentials._kept)
    assert b"hunter2" not in b"".join(path.read_bytes() for path in tmp_path.glob("db*"))
    async with Store.open(tmp_path / "db") as store:
        again = await open_credentials(store, tmp_path)
        assert again.find("rack1") == (b"a user name that is longer than sixteen", b"hunter2-hunter2")
        assert again.users() == {"rack1": "a user name that is longer than sixteen"}


async def test_a_lost_key_file_is_not_made_anew_over_sealed_credentials(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        await (await open_credentials(store, tmp_path)).put("rack1", "ADMIN", "secret")
    (tmp_path / "key").unlink()
    async with Store.open(tmp_path / "db") as store:
        with pytest.raises(KeyFileUnusable, match="is missing"):
            await open_credentials(store, tmp_path)
    assert not (tmp_path / "key").exists()


async def test_a_sealed_password_cannot_be_moved_to_another_name(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        await (await open_credentials(store, tmp_path)).put("rack1", "ADMIN", "secret")
        entry = await store.get("credentials", "rack1")
        assert entry is not None
        await store.put("credentials", "rack2", entry.value)
        with pytest.raises(KeyFileUnusable, match="credential rack2"):
            await open_credentials(store, tmp_path)


async def test_whoever_asks_after_a_rotation_gets_the_new_one(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        credentials = await open_credentials(store, tmp_path)
        look_up = configured(SETTINGS, credentials).credentials
        await credentials.put("rack1", "ADMIN", "old")
        assert look_up("rack1") == (b"ADMIN", b"old")
        await credentials.put("rack1", "root", "new")
        assert look_up("rack1") == (b"root", b"new")
        await credentials.delete("rack1")
        with pytest.raises(InvalidRequest, match="there is no credential 'rack1', there is rack0"):
            look_up("rack1")
        with pytest.raises(NotFound):
            await credentials.delete("rack1")


async def test_the_configuration_file_wins_and_its_names_cannot_be_set(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        credentials = await open_credentials(store, tmp_path)
        with pytest.raises(Refused, match="stands in the configuration file"):
            await credentials.put("rack0", "ADMIN", "by another way")
        credentials.fixed = {}
        await credentials.put("rack0", "root", "before the file had it")
        assert configured(SETTINGS, credentials).credentials("rack0") == (b"ADMIN", b"from the file")
        assert configured(Settings(), credentials).credentials("rack0") == (b"root", b"before the file had it")


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "x" * 65])
async def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    async with Store.open(tmp_path / "db") as store:
        credentials = await open_credentials(store, tmp_path)
        with pytest.raises(InvalidRequest, match="Name is"):
            await credentials.put(name, "ADMIN", "secret")
        assert credentials.users() == {}
