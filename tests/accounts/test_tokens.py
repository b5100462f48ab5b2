"""API tokens: a program's own way in, which has no more than its account, and no more than it was given."""

import pytest

from bmc.accounts.tokens import MOST_TOKENS, PREFIX
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.errors import Denied, InvalidRequest, NotFound, Refused

PASSWORD = "correct horse"
LAB = Scope(all_nodes=False, tags=frozenset({"lab"}))
FLEET = Scope()


@pytest.fixture
async def accounts(house):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    await house.accounts.create("zoe", PASSWORD, Role.OPERATOR, LAB)
    return house.accounts


def zoe(role=Role.OPERATOR):
    return Caller("zoe", role, LAB, Door.REDFISH)


async def test_a_token_acts_for_its_account_also_after_a_restart(house, accounts):
    token, secret = await accounts.tokens.create(zoe(), "ci", Role.OPERATOR, FLEET, None)
    assert secret.startswith(PREFIX)
    again = await house.restart()
    caller = again.tokens.caller(secret, "10.0.0.1")
    assert caller == Caller("zoe", Role.OPERATOR, LAB, Door.REDFISH, "10.0.0.1", token=token.id)
    used = again.tokens.all()[0]
    assert (used.used, used.address) == (house.clock.now(), "10.0.0.1")


async def test_neither_the_store_nor_a_value_holds_the_secret(house, accounts):
    token, secret = await accounts.tokens.create(zoe(), "ci", Role.OPERATOR, FLEET, None)
    bare = secret.removeprefix(f"{PREFIX}{token.id}_")
    stored = [str(entry.value) for entry in await house.store.list("tokens")]
    assert not any(bare in text for text in [*stored, repr(token), repr(accounts.tokens.all())])


async def test_a_token_has_the_lesser_role_and_the_nodes_of_both_scopes(accounts):
    rack = Scope(all_nodes=False, nodes=frozenset({"n1", "n2"}))
    _, secret = await accounts.tokens.create(zoe(), "ci", Role.READ_ONLY, rack, None)
    caller = accounts.tokens.caller(secret, "")
    assert caller.role is Role.READ_ONLY
    assert [caller.scope.covers(name, tags) for name, tags in (("n1", {"lab"}), ("n1", set()), ("n3", {"lab"}))] == [
        True,
        False,
        False,
    ]
    await accounts.change("zoe", scope=FLEET)
    assert accounts.tokens.caller(secret, "").scope == rack


async def test_a_token_follows_its_account(accounts):
    _, secret = await accounts.tokens.create(zoe(), "ci", Role.OPERATOR, FLEET, None)
    await accounts.change("zoe", role=Role.READ_ONLY)
    assert accounts.tokens.caller(secret, "").role is Role.READ_ONLY
    await accounts.change("zoe", role=Role.ADMINISTRATOR)
    assert accounts.tokens.caller(secret, "").role is Role.OPERATOR
    await accounts.change("zoe", enabled=False)
    assert accounts.tokens.caller(secret, "") is None
    await accounts.delete("zoe")
    assert accounts.tokens.all() == ()


async def test_a_token_ends_in_time(house, accounts):
    closed = list[str]()
    accounts.on_closed(closed.append)
    token, secret = await accounts.tokens.create(zoe(), "ci", Role.OPERATOR, FLEET, house.clock.now() + 60)
    assert accounts.tokens.caller(secret, "") is not None
    house.clock.time += 60
    assert accounts.tokens.caller(secret, "") is None
    await accounts.sweep()
    assert closed == [token.id]


async def test_a_revoked_token_is_nobodys_and_what_it_opened_ends(accounts):
    closed = list[str]()
    accounts.on_closed(closed.append)
    token, secret = await accounts.tokens.create(zoe(), "ci", Role.OPERATOR, FLEET, None)
    await accounts.tokens.revoke(token.id)
    assert accounts.tokens.caller(secret, "") is None
    assert closed == [token.id]
    with pytest.raises(NotFound):
        await accounts.tokens.revoke(token.id)


@pytest.mark.parametrize("wrong", ["", "x", PREFIX, f"{PREFIX}_", f"{PREFIX}00_\udcff"])
async def test_what_is_no_token_is_nobody(accounts, wrong):
    token, secret = await accounts.tokens.create(zoe(), "ci", Role.OPERATOR, FLEET, None)
    assert accounts.tokens.caller(wrong, "") is None
    assert accounts.tokens.caller(secret[:-1], "") is None
    assert accounts.tokens.caller(f"{PREFIX}{token.id}_", "") is None


async def test_nobody_makes_a_token_of_more_than_they_have(house, accounts):
    with pytest.raises(Denied, match="takes that role"):
        await accounts.tokens.create(zoe(), "ci", Role.ADMINISTRATOR, FLEET, None)
    caller = Caller("zoe", Role.OPERATOR, LAB, Door.REDFISH, token="1")
    with pytest.raises(Denied, match="cannot make tokens"):
        await accounts.tokens.create(caller, "ci", Role.OPERATOR, FLEET, None)
    for name in ("", " ", "x" * 65):
        with pytest.raises(InvalidRequest):
            await accounts.tokens.create(zoe(), name, Role.OPERATOR, FLEET, None)
    with pytest.raises(InvalidRequest, match="past"):
        await accounts.tokens.create(zoe(), "ci", Role.OPERATOR, FLEET, house.clock.now())
    for number in range(MOST_TOKENS):
        await accounts.tokens.create(zoe(), f"ci{number}", Role.OPERATOR, FLEET, None)
    for name in ("ci0", "one more"):
        with pytest.raises(Refused):
            await accounts.tokens.create(zoe(), name, Role.OPERATOR, FLEET, None)


async def test_work_that_goes_on_has_what_the_token_leaves_its_account_as_long_as_it_is_good(house, accounts):
    rack = Scope(all_nodes=False, nodes=frozenset({"n1"}))
    token, _ = await accounts.tokens.create(zoe(), "ci", Role.READ_ONLY, rack, None)
    short, _ = await accounts.tokens.create(zoe(), "soon", Role.OPERATOR, FLEET, house.clock.now() + 60)
    left = accounts.acting("zoe", token.id)
    assert (left.role, left.scope.covers("n1", {"lab"}), left.scope.covers("n2", {"lab"})) == (
        Role.READ_ONLY,
        True,
        False,
    )
    assert accounts.acting("zoe", "") == accounts.find("zoe")
    assert accounts.acting("admin", token.id) is None
    assert accounts.acting("zoe", short.id) == accounts.find("zoe")
    house.clock.time += 61
    await accounts.tokens.revoke(token.id)
    assert accounts.acting("zoe", token.id) is None
    assert accounts.acting("zoe", short.id) is None
