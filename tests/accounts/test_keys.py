"""SSH keys of accounts: each names one account, and losing one ends what it opened."""

import asyncssh
import pytest

from bmc.accounts.keys import MOST_KEYS
from bmc.model.caller import Door, Role
from bmc.model.errors import Denied, NotFound, Refused
from bmc.model.ssh_key import SshKey

PASSWORD = "correct horse"


def new_key(kind: str = "ssh-ed25519", comment: str = "zoe@laptop") -> SshKey:
    return SshKey.parse(asyncssh.generate_private_key(kind, comment=comment).export_public_key().decode())


@pytest.fixture
async def accounts(house):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    await house.accounts.create("zoe", PASSWORD, Role.OPERATOR)
    return house.accounts


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521"])
def test_a_key_has_the_fingerprint_that_ssh_prints(kind):
    private = asyncssh.generate_private_key(kind, comment="zoe at home")
    key = SshKey.parse(private.export_public_key().decode())
    assert (key.fingerprint, key.blob, key.comment) == (private.get_fingerprint(), private.public_data, "zoe at home")


async def test_a_key_names_its_account_also_after_a_restart(house, accounts):
    key = new_key()
    await accounts.keys.add("zoe", key, "laptop")
    await accounts.change("zoe", role=Role.READ_ONLY)
    again = await house.restart()
    assert [(each.key, each.description) for each in again.find("zoe").keys] == [(key, "laptop")]
    assert again.keys.holder(key.blob).name == "zoe"
    session = await again.open_key_session(key.blob, "10.0.0.1")
    assert (session.account, session.door) == ("zoe", Door.SSH)
    assert again.caller(session.token, "10.0.0.1").role is Role.READ_ONLY


async def test_a_key_is_one_accounts_alone(accounts):
    key = new_key()
    await accounts.keys.add("zoe", key)
    for name in ("zoe", "admin"):
        with pytest.raises(Refused, match="an account's already"):
            await accounts.keys.add(name, key)
    await accounts.keys.remove("zoe", key.id)
    await accounts.keys.add("admin", key)
    assert accounts.keys.holder(key.blob).name == "admin"


async def test_a_key_that_was_removed_ends_ssh_and_nothing_else(house, accounts):
    key, closed = new_key(), list[str]()
    await accounts.keys.add("zoe", key)
    ssh = await accounts.open_key_session(key.blob, "10.0.0.1")
    web = await accounts.open_session("zoe", PASSWORD, "10.0.0.1", Door.WEB)
    accounts.on_closed(closed.append)
    await accounts.keys.remove("zoe", key.id)
    assert closed == [ssh.id]
    assert accounts.session(web.token) is not None
    with pytest.raises(Denied):
        await accounts.open_key_session(key.blob, "10.0.0.1")
    with pytest.raises(NotFound):
        await accounts.keys.remove("zoe", key.id)
    assert "account.changed" in await house.kinds()


async def test_the_key_of_a_disabled_or_deleted_account_opens_nothing(accounts):
    key = new_key()
    await accounts.keys.add("zoe", key)
    await accounts.change("zoe", enabled=False)
    assert accounts.keys.holder(key.blob) is None
    await accounts.change("zoe", enabled=True)
    assert accounts.keys.holder(key.blob).name == "zoe"
    await accounts.delete("zoe")
    assert accounts.keys.holder(key.blob) is None


async def test_an_ssh_session_does_not_outlive_the_service(house, accounts):
    key = new_key()
    await accounts.keys.add("zoe", key)
    await accounts.open_key_session(key.blob, "10.0.0.1")
    await accounts.open_session("zoe", PASSWORD, "10.0.0.1", Door.REDFISH)
    assert [each.door for each in (await house.restart()).sessions()] == [Door.REDFISH]


async def test_there_are_so_many_keys_and_no_more(accounts):
    for _ in range(MOST_KEYS):
        await accounts.keys.add("zoe", new_key())
    with pytest.raises(Refused, match="remove one first"):
        await accounts.keys.add("zoe", new_key())


async def test_what_a_key_is_called_can_be_changed(accounts):
    key = new_key()
    await accounts.keys.add("zoe", key)
    await accounts.keys.describe("zoe", key.id, "the old laptop")
    assert accounts.find("zoe").keys[0].description == "the old laptop"
