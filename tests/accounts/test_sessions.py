"""Sessions: a token opens, until closing, idling, age, or the account's loss."""

import asyncio

import pytest

from bmc.accounts import Limits, Session
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.errors import Denied, NotFound

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
async def accounts(house):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    await house.accounts.create("zoe", PASSWORD, Role.OPERATOR, Scope(False, frozenset({"n1", "n2"})))
    return house.accounts


async def sign_in(house, name: str = "zoe") -> Session:
    session: Session = await house.accounts.open_session(name, PASSWORD, "10.0.0.1", Door.WEB)
    return session


async def test_a_token_makes_a_caller_with_the_accounts_role_and_scope(house):
    session = await sign_in(house)
    caller = house.accounts.caller(session.token, "10.0.0.9")
    assert caller == Caller("zoe", Role.OPERATOR, Scope(False, frozenset({"n1", "n2"})), Door.WEB, "10.0.0.9")
    assert house.accounts.session(session.token).id == session.id


async def test_a_wrong_password_opens_no_session(house):
    with pytest.raises(Denied):
        await house.accounts.open_session("zoe", "wrong", "10.0.0.1", Door.WEB)
    assert house.accounts.sessions() == ()


@pytest.mark.parametrize("token", ["", "x", "\ud800", pytest.param("x" * 100_000, id="long")])
async def test_a_made_up_token_is_nobody(house, token):
    assert house.accounts.session(token) is None
    assert house.accounts.caller(token, "") is None


async def test_the_token_is_shown_once_and_kept_nowhere(house):
    session = await sign_in(house)
    assert house.accounts.sessions()[0].token == ""
    assert session.token not in repr(session)
    for file in (house.path / "state").iterdir():
        assert session.token.encode() not in file.read_bytes()


async def test_sessions_survive_a_restart(house):
    session = await sign_in(house)
    accounts = await house.restart()
    assert accounts.caller(session.token, "").account == "zoe"


@pytest.mark.parametrize(
    "damage", [{"door": "telex"}, {"hash": None, "used": None}, {"slot": "two"}, {"account": None}]
)
async def test_a_session_that_cannot_be_read_ends_alone(house, caplog, damage):
    kept, lost = await sign_in(house), await sign_in(house)
    entry = await house.store.get("sessions", lost.id)
    await house.store.put("sessions", lost.id, {**entry.value, **damage})
    accounts = await house.restart()
    assert accounts.caller(kept.token, "").account == "zoe"
    assert accounts.session(lost.token) is None
    assert await house.store.get("sessions", lost.id) is None
    assert f"session {lost.id} cannot be read" in caplog.text


async def test_closing_ends_it_for_good_and_tells_the_doors_once(house):
    closed: list[str] = []
    house.accounts.on_closed(lambda _: 1 / 0)
    house.accounts.on_closed(closed.append)
    session, other = await sign_in(house), await sign_in(house, "admin")
    await house.accounts.close_session(session.id)
    assert closed == [session.id]
    assert house.accounts.session(session.token) is None
    with pytest.raises(NotFound):
        await house.accounts.close_session(session.id)
    accounts = await house.restart()
    assert [each.id for each in accounts.sessions()] == [other.id]


async def test_an_idle_session_ends(house):
    closed: list[str] = []
    house.accounts.on_closed(closed.append)
    session = await sign_in(house)
    for _ in range(3):
        house.clock.time += house.limits.session_idle - 1
        await house.accounts.sweep()
        assert house.accounts.session(session.token) is not None
    house.clock.time += house.limits.session_idle
    assert house.accounts.session(session.token) is None
    assert house.accounts.sessions() == ()
    assert closed == []
    await house.accounts.sweep()
    assert closed == [session.id]


async def test_a_restart_does_not_wake_an_idle_session_nor_end_a_used_one(house):
    idle, used = await sign_in(house), await sign_in(house)
    house.clock.time += house.limits.session_idle - 60
    house.accounts.session(used.token)
    await house.accounts.sweep()
    house.clock.time += 60
    accounts = await house.restart()
    assert accounts.session(idle.token) is None
    assert accounts.session(used.token) is not None


async def test_no_session_lasts_for_ever(house):
    session = await sign_in(house)
    while house.clock.time < session.created + house.limits.session_longest:
        assert house.accounts.session(session.token) is not None
        house.clock.time += 600
    assert house.accounts.session(session.token) is None


async def test_the_oldest_session_makes_room(house):
    house.limits = Limits(sessions_per_account=3)
    await house.restart()
    other = await sign_in(house, "admin")
    sessions = []
    for _ in range(5):
        sessions.append(await sign_in(house))
        house.clock.time += 1
    assert {each.id for each in house.accounts.sessions()} == {other.id, *(each.id for each in sessions[2:])}


@pytest.mark.parametrize(
    "change",
    [
        {"role": Role.READ_ONLY},
        {"scope": Scope(False, frozenset({"n1"}))},
        {"enabled": False},
        {"password": "another password"},
        None,
    ],
)
async def test_who_loses_something_is_signed_out_everywhere(house, change):
    closed: list[str] = []
    house.accounts.on_closed(closed.append)
    sessions = [await sign_in(house), await sign_in(house)]
    other = await sign_in(house, "admin")
    await (house.accounts.change("zoe", **change) if change else house.accounts.delete("zoe"))
    assert sorted(closed) == sorted(session.id for session in sessions)
    assert [house.accounts.caller(session.token, "") for session in sessions] == [None, None]
    assert [each.id for each in (await house.restart()).sessions()] == [other.id]


@pytest.mark.parametrize("change", [{"role": Role.ADMINISTRATOR}, {"scope": Scope()}])
async def test_who_gains_something_stays_signed_in_and_has_it_at_once(house, change):
    session = await sign_in(house)
    await house.accounts.change("zoe", **change)
    caller = house.accounts.caller(session.token, "")
    assert {"role": caller.role, "scope": caller.scope}.items() >= change.items()


async def test_a_new_account_does_not_inherit_the_sessions_of_an_old_one(house):
    session = await sign_in(house)
    await house.store.delete("accounts", "zoe")  # as a crash in the midst of deleting leaves it
    accounts = await house.restart()
    await accounts.create("zoe", PASSWORD, Role.ADMINISTRATOR)
    assert accounts.session(session.token) is None


async def test_a_session_ends_also_where_the_store_cannot_be_written(house):
    closed: list[str] = []
    house.accounts.on_closed(closed.append)
    session = await sign_in(house)
    await house.stop()
    await house.accounts.close_session(session.id)
    assert closed == [session.id]
    assert house.accounts.session(session.token) is None
    await house.start()


async def test_whoever_may_read_the_services_files_is_its_administrator(house):
    await house.accounts.create("aaron", PASSWORD, Role.ADMINISTRATOR, Scope(False))
    session = await house.accounts.open_local_session("local")
    assert house.accounts.caller(session.token, "").account == "admin"
    assert session.door is Door.CLI


async def test_without_an_administrator_there_is_no_local_session(house, tmp_path):
    empty = type(house)(tmp_path / "another")
    with pytest.raises(NotFound, match="no administrator yet"):
        await (await empty.start()).open_local_session("local")
    await empty.stop()


async def test_the_sweeper_ends_what_has_run_out(house):
    closed: asyncio.Queue[str] = asyncio.Queue()
    house.accounts.on_closed(closed.put_nowait)
    session = await sign_in(house)
    sweeping = asyncio.create_task(house.accounts.run())
    assert await asyncio.wait_for(closed.get(), 20) == session.id
    sweeping.cancel()
    assert house.clock.time >= session.created + house.limits.session_idle
