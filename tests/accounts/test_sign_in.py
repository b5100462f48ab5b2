"""Signing in: the same answer to every stranger, locks by clock, and nobody kept out for ever."""

import asyncio

import pytest

from bmc.accounts import Argon2, Limits, generate_ipmi_key, generate_password
from bmc.accounts.lockout import Lockout
from bmc.model.caller import Door, Role
from bmc.model.errors import Denied
from bmc.model.events import EventKind

PASSWORD = "correct horse"
WRONG = "the user name or the password is wrong"
LOCKED = "too many failed sign-ins"


@pytest.fixture(autouse=True)
async def accounts(house):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    await house.accounts.create("off", PASSWORD, Role.OPERATOR)
    await house.accounts.change("off", enabled=False)
    return house.accounts


async def test_the_right_password_opens(house):
    assert (await house.accounts.authenticate("admin", PASSWORD, "10.0.0.1")).name == "admin"
    (*_, event) = await house.events.history()
    assert (event.kind, event.account, event.details["address"]) == (EventKind.SIGNED_IN, "admin", "10.0.0.1")


@pytest.mark.parametrize("name", ["admin", "nobody", "off", "", "\ud800", pytest.param("x" * 100_000, id="long")])
async def test_who_fails_does_not_learn_why_and_costs_the_same(house, attempt, name):
    before = house.hasher.verified
    password = PASSWORD if name == "off" else "wrong"
    assert await attempt(name, password, "10.0.0.1") == WRONG
    assert house.hasher.verified == before + 1
    (*_, event) = await house.events.history()
    assert event.kind is EventKind.SIGN_IN_FAILED
    assert len(event.message) < 200


async def test_no_password_is_too_odd_to_be_wrong(attempt):
    for password in ["", "\x00", "\ud800", "x" * 100_000]:
        assert await attempt("admin", password, "10.0.0.1") == WRONG


async def test_a_password_that_was_right_a_moment_ago_is_not_hashed_again(house, attempt):
    for _ in range(10):
        assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"
    assert house.hasher.verified == 1
    assert (await house.kinds()).count("account.signed-in") == 1
    house.clock.time += house.limits.remember_password
    assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"
    assert house.hasher.verified == 2


@pytest.mark.parametrize("change", [{"password": "another one"}, {"enabled": False}])
async def test_a_remembered_password_is_forgotten_with_any_change(house, attempt, change):
    await house.accounts.create("second", PASSWORD, Role.ADMINISTRATOR)
    assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"
    await house.accounts.change("admin", **change)
    assert await attempt("admin", PASSWORD, "10.0.0.1") == WRONG


async def test_failures_lock_the_account_for_a_while_each_time_longer(house, attempt):
    for wait in [30, 60, 120]:
        for _ in range(5):
            assert await attempt("admin", "wrong", "10.0.0.1") == WRONG
        assert await attempt("admin", PASSWORD, "10.0.0.1") == f"{LOCKED}; try again in {wait} seconds"
        house.clock.time += wait - 1
        assert await attempt("admin", PASSWORD, "10.0.0.2") == f"{LOCKED}; try again in 1 seconds"
        house.clock.time += 1
    assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"
    assert (await house.kinds()).count("account.locked") == 3


async def test_a_name_that_does_not_exist_locks_alike(attempt):
    for _ in range(5):
        assert await attempt("nobody", "wrong", "10.0.0.1") == WRONG
    assert (await attempt("nobody", "wrong", "10.0.0.1")).startswith(LOCKED)
    assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"


async def test_guesses_made_at_once_are_counted_like_guesses_in_turn(house, attempt):
    outcomes = await asyncio.gather(*(attempt("admin", f"guess {n}", "10.0.0.1") for n in range(100)))
    assert outcomes.count(WRONG) <= house.limits.account_failures + 1
    assert house.hasher.verified <= house.limits.account_failures + 1


async def test_an_address_that_tries_many_names_is_locked(house, attempt):
    for number in range(house.limits.address_failures):
        assert await attempt(f"name{number}", "wrong", "10.0.0.1") == WRONG
    assert (await attempt("admin", PASSWORD, "10.0.0.1")).startswith(LOCKED)
    assert await attempt("admin", PASSWORD, "10.0.0.2") == "ok"


async def test_one_ipv6_network_is_one_address(house, attempt):
    for number in range(house.limits.address_failures):
        assert await attempt(f"name{number}", "wrong", f"2001:db8::{number:x}") == WRONG
    assert (await attempt("admin", PASSWORD, "2001:db8::ffff")).startswith(LOCKED)
    assert await attempt("admin", PASSWORD, "2001:db8:0:1::1") == "ok"


async def test_strangers_cannot_keep_the_administrator_out(house, attempt):
    assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"
    for number in range(200):
        await attempt("admin", "wrong", f"192.0.2.{number}")
        house.clock.time += 60
    assert (await attempt("admin", "wrong", "192.0.2.250")).startswith((LOCKED, WRONG))
    assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"
    await house.restart()
    for number in range(6):
        await attempt("admin", "wrong", f"192.0.2.{number}")
    assert (await attempt("admin", PASSWORD, "10.0.0.1")).startswith(LOCKED)
    for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"]:
        assert await attempt("admin", PASSWORD, address) == "ok"


async def test_where_one_has_signed_in_from_is_known_after_a_restart(house, attempt):
    assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"
    house.accounts.slot_lockout.succeeded("n1/ADMIN", "10.0.0.2")
    await house.accounts.sweep()
    revision = (await house.store.get("sign-in-places", "accounts")).revision
    await house.accounts.sweep()
    assert (await house.store.get("sign-in-places", "accounts")).revision == revision
    await house.restart()
    for number in range(6):
        await attempt("admin", "wrong", f"192.0.2.{number}")
        house.accounts.slot_lockout.failed("n1/ADMIN", f"192.0.2.{number}")
    assert (await attempt("admin", PASSWORD, "192.0.2.250")).startswith(LOCKED)
    assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"
    assert house.accounts.slot_lockout.remaining("n1/ADMIN", "192.0.2.250") > 0
    assert house.accounts.slot_lockout.remaining("n1/ADMIN", "10.0.0.2") == 0


async def test_places_that_cannot_be_read_are_learned_anew(house, attempt):
    await house.store.put("sign-in-places", "accounts", {"admin": 7})
    await house.restart()
    assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"


async def test_who_is_known_may_still_not_guess(attempt):
    assert await attempt("admin", PASSWORD, "10.0.0.1") == "ok"
    for _ in range(5):
        assert await attempt("admin", "wrong", "10.0.0.1") == WRONG
    assert (await attempt("admin", PASSWORD, "10.0.0.1")).startswith(LOCKED)


async def test_old_failures_do_not_count(house, attempt):
    for _ in range(20):
        assert await attempt("admin", "wrong", "10.0.0.1") == WRONG
        house.clock.time += house.limits.lock_forget / 2
        assert await attempt("admin", "wrong", "10.0.0.1") == WRONG
        house.clock.time += house.limits.lock_forget + 1


async def test_a_new_password_from_the_administrator_lifts_the_lock(house, attempt):
    for _ in range(6):
        await attempt("admin", "wrong", "10.0.0.1")
    await house.accounts.change("admin", password="a new password")
    assert await attempt("admin", "a new password", "10.0.0.1") == "ok"


async def test_signing_in_works_on_a_store_that_cannot_be_written(house):
    await house.stop()
    session = await house.accounts.open_session("admin", PASSWORD, "10.0.0.1", Door.WEB)
    assert house.accounts.session(session.token) is not None
    with pytest.raises(Denied):
        await house.accounts.authenticate("admin", "wrong", "10.0.0.1")
    await house.start()


async def test_names_that_no_account_can_have_are_counted_as_one(house, attempt):
    """Else strangers choose how much memory each of the counters takes."""
    for number in range(house.limits.account_failures):
        assert await attempt(f"{'x' * 100_000}{number}", "wrong", f"10.0.0.{number}") == WRONG
    lockout = house.accounts._gate.lockout
    assert max(len(name) for _, name, _ in lockout._counters) <= 64
    assert LOCKED in await attempt("no/account", "wrong", "10.0.1.1")
    assert await attempt("admin", PASSWORD, "10.0.1.1") == "ok"


def test_a_flood_of_names_does_not_fill_the_memory(house):
    lockout = Lockout(house.clock, Limits())
    for number in range(30_000):
        lockout.failed(f"name{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        lockout.succeeded(f"user{number}", "10.0.0.1")
    assert len(lockout._counters) <= 10_000
    assert len(lockout._known) <= 10_000


def test_the_real_hash_is_argon2id_and_salted():
    hasher = Argon2()
    first, second = hasher.hash(b"secret"), hasher.hash(b"secret")
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert first != second
    assert hasher.verify(first, b"secret")
    assert not hasher.verify(first, b"Secret")
    assert not hasher.verify("no hash", b"secret")


def test_generated_secrets_fit_their_place():
    keys = {generate_ipmi_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) == 20 and key.isascii() and key.isalnum() for key in keys)
    assert all(len(generate_password()) == 23 for _ in range(10))
