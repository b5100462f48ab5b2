"""Accounts: made, changed and deleted, and somebody can always manage them."""

import pytest

from bmc.accounts import Account
from bmc.model.caller import Role, Scope
from bmc.model.errors import InvalidRequest, NotFound, Refused
from bmc.model.events import EventKind

PASSWORD = "correct horse"


async def test_a_new_house_has_no_account(house):
    assert house.accounts.empty()
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    assert not house.accounts.empty()


async def test_accounts_are_there_after_a_restart(house):
    scope = Scope(False, frozenset({"n1"}), frozenset({"lab"}))
    await house.accounts.create("zoe", PASSWORD, Role.OPERATOR, scope)
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    accounts = await house.restart()
    assert accounts.list() == (Account("admin", Role.ADMINISTRATOR), Account("zoe", Role.OPERATOR, scope))
    assert (await accounts.authenticate("zoe", PASSWORD, "10.0.0.1")).scope == scope


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "ü", "x" * 65, "a\n", "\ud800"])
async def test_a_name_that_would_not_do_in_a_url_or_a_log_is_refused(house, name):
    with pytest.raises(InvalidRequest, match=r"UserName is .*expected 1 to 64 letters"):
        await house.accounts.create(name, PASSWORD, Role.OPERATOR)


@pytest.mark.parametrize(
    ("password", "complaint"),
    [("short", "has 5 characters; expected 8 to 256"), ("x" * 257, "has 257 characters"), ("OPERATOR", "user name")],
)
async def test_a_password_that_is_no_password_is_refused(house, password, complaint):
    with pytest.raises(InvalidRequest, match=complaint):
        await house.accounts.create("operator", password, Role.OPERATOR)
    assert house.accounts.empty()


async def test_a_name_is_given_once(house):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    with pytest.raises(InvalidRequest, match="there is an account admin already"):
        await house.accounts.create("admin", "another password", Role.READ_ONLY)
    assert (await house.accounts.authenticate("admin", PASSWORD, "")).role is Role.ADMINISTRATOR


async def test_changes_take_effect_and_last(house):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    await house.accounts.create("zoe", PASSWORD, Role.READ_ONLY)
    scope = Scope(False, tags=frozenset({"lab"}))
    changed = await house.accounts.change("zoe", role=Role.OPERATOR, scope=scope, enabled=False)
    assert changed == Account("zoe", Role.OPERATOR, scope, False)
    assert (await house.restart()).list()[1] == changed


async def test_what_does_not_exist_cannot_be_changed_or_deleted(house):
    with pytest.raises(NotFound, match="no account 'zoe'"):
        await house.accounts.change("zoe", enabled=False)
    with pytest.raises(NotFound, match="no account 'zoe'"):
        await house.accounts.delete("zoe")


LIMITED = Scope(False, frozenset({"n1"}))


@pytest.mark.parametrize("change", [{"enabled": False}, {"role": Role.OPERATOR}, {"scope": LIMITED}, None])
async def test_the_last_administrator_stays_one(house, change):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    await house.accounts.create("local", PASSWORD, Role.ADMINISTRATOR, LIMITED)
    await house.accounts.create("off", PASSWORD, Role.ADMINISTRATOR)
    await house.accounts.change("off", enabled=False)

    async def take_away():
        await (house.accounts.change("admin", **change) if change else house.accounts.delete("admin"))

    with pytest.raises(Refused, match="admin is the last enabled Administrator"):
        await take_away()
    assert house.accounts.list()[0] == Account("admin", Role.ADMINISTRATOR)
    await house.accounts.change("off", enabled=True)
    await take_away()
    with pytest.raises(Refused, match="off is the last"):
        await house.accounts.delete("off")


async def test_the_last_administrator_may_change_the_password(house, attempt):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    await house.accounts.change("admin", password="a new password")
    assert await attempt("admin", "a new password", "") == "ok"
    assert await attempt("admin", PASSWORD, "") != "ok"


async def test_changes_are_events_without_secrets(house):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    await house.accounts.change("admin", password="a new password")
    events = await house.events.history()
    assert [(event.kind, event.account) for event in events] == [(EventKind.ACCOUNT_CHANGED, "admin")] * 2
    assert "password" not in str(events)


async def test_no_password_is_in_the_store(house):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    for file in (house.path / "state").iterdir():
        assert PASSWORD.encode() not in file.read_bytes()
