"""IPMI slots: keys of their own, encrypted by a key file outside the database, never truncated."""

import asyncio
import stat
from uuid import uuid4

import pytest

from bmc.accounts import KeyFileUnusable
from bmc.events import Audit
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.errors import Denied, InvalidRequest, NotFound, Refused
from bmc.model.node import NodeDefinition

PASSWORD = "correct horse"
KEY = b"0123456789abcdefghij"


@pytest.fixture(autouse=True)
async def accounts(house):
    await house.accounts.create("admin", PASSWORD, Role.ADMINISTRATOR)
    await house.accounts.create("zoe", PASSWORD, Role.OPERATOR)
    return house.accounts


async def test_a_slot_is_found_by_name_also_after_a_restart(house):
    await house.accounts.set_slot("n1", 3, "root", KEY, Role.OPERATOR)
    for accounts in [house.accounts, await house.restart()]:
        slot = accounts.ipmi_slot("n1", b"root")
        assert (slot.slot, slot.name, slot.key, slot.privilege, slot.enabled) == (3, b"root", KEY, Role.OPERATOR, True)
        assert accounts.ipmi_slot("n2", b"root") is None
        assert accounts.ipmi_slot("n1", b"") is None
        assert accounts.slots("n1") == (slot,)


@pytest.mark.parametrize(
    ("slot", "name", "key", "complaint"),
    [
        (1, "a", KEY, "slot 1 is the anonymous user"),
        (0, "a", KEY, "slot is 0; expected 2 to 15"),
        (16, "a", KEY, "slot is 16"),
        (2, "", KEY, "name has 0 bytes"),
        (2, "x" * 17, KEY, "name has 17 bytes; expected 1 to 16"),
        (2, "a b", KEY, "not printable"),
        (2, "a\x00", KEY, "not printable"),
        (2, "ü", KEY, "not printable"),
        (2, "\ud800", KEY, "not printable"),
        (2, "a", b"", "key has 0 bytes"),
        (2, "a", b"x" * 21, "key has 21 bytes; expected 1 to 20"),
        (2, "a", b"ab\x00", "zero byte"),
    ],
)
async def test_what_ipmi_could_not_hold_is_refused(house, slot, name, key, complaint):
    with pytest.raises(InvalidRequest, match=complaint):
        await house.accounts.set_slot("n1", slot, name, key, Role.OPERATOR)
    assert house.accounts.slots("n1") == ()


async def test_a_name_is_one_slot_of_a_node(house):
    await house.accounts.set_slot("n1", 2, "root", KEY, Role.OPERATOR)
    with pytest.raises(InvalidRequest, match="slot 2 of n1 has the name 'root' already"):
        await house.accounts.set_slot("n1", 3, "root", KEY, Role.OPERATOR)
    await house.accounts.set_slot("n2", 3, "root", KEY, Role.OPERATOR)
    await house.accounts.set_slot("n1", 2, "root", b"new", Role.OPERATOR)
    assert house.accounts.ipmi_slot("n1", b"root").key == b"new"


async def test_slots_are_cleared_one_by_one_and_with_their_node(house):
    for number in (2, 3, 4):
        await house.accounts.set_slot("n1", number, f"user{number}", KEY, Role.OPERATOR)
    await house.accounts.set_slot("n2", 2, "other", KEY, Role.OPERATOR)
    await house.accounts.clear_slot("n1", 3)
    await house.accounts.clear_slot("n1", 3)
    assert [slot.slot for slot in house.accounts.slots("n1")] == [2, 4]
    await house.accounts.drop_node("n1")
    accounts = await house.restart()
    assert accounts.slots("n1") == ()
    assert len(accounts.slots("n2")) == 1


async def test_a_slot_is_no_more_than_its_account(house):
    await house.accounts.set_slot("n1", 2, "zoe", KEY, Role.ADMINISTRATOR, account="zoe")
    assert house.accounts.ipmi_slot("n1", b"zoe").privilege is Role.OPERATOR
    await house.accounts.change("zoe", role=Role.READ_ONLY)
    assert house.accounts.ipmi_slot("n1", b"zoe").privilege is Role.READ_ONLY
    await house.accounts.change("zoe", scope=Scope(False, frozenset({"n2"})))
    assert not house.accounts.ipmi_slot("n1", b"zoe").enabled
    await house.accounts.change("zoe", scope=Scope(False, frozenset({"n1"})))
    assert house.accounts.slots("n1")[0].enabled
    await house.accounts.change("zoe", enabled=False)
    assert not house.accounts.ipmi_slot("n1", b"zoe").enabled
    await house.accounts.delete("zoe")
    assert house.accounts.ipmi_slot("n1", b"zoe") is None


async def test_a_slot_has_the_scope_of_its_account_or_else_its_node_alone(house):
    await house.accounts.set_slot("n1", 2, "zoe", KEY, Role.OPERATOR, account="zoe")
    await house.accounts.set_slot("n1", 3, "root", KEY, Role.OPERATOR)
    assert house.accounts.ipmi_slot("n1", b"zoe").scope == Scope()
    assert house.accounts.ipmi_slot("n1", b"root").scope == Scope(False, frozenset({"n1"}))
    tagged = Scope(False, tags=frozenset({"lab"}))
    await house.accounts.change("zoe", scope=tagged)
    for accounts in [house.accounts, await house.restart()]:
        assert [slot.scope for slot in accounts.slots("n1")] == [tagged, Scope(False, frozenset({"n1"}))]


async def test_the_door_is_told_when_an_account_is_limited_to_tags(house):
    await house.accounts.set_slot("n1", 2, "zoe", KEY, Role.OPERATOR, account="zoe")
    told: list[tuple[str, int]] = []
    house.accounts.on_slot_changed(lambda node, slot: told.append((node, slot)))
    await house.accounts.change("zoe", scope=Scope(False, tags=frozenset({"nowhere"})))
    assert told == [("n1", 2)]


async def test_a_slot_is_granted_to_an_account_that_exists(house):
    with pytest.raises(NotFound, match="no account 'nobody'"):
        await house.accounts.set_slot("n1", 2, "nobody", KEY, Role.OPERATOR, account="nobody")


async def test_the_door_is_told_when_a_slot_or_its_account_changes(house):
    told: list[tuple[str, int]] = []
    house.accounts.on_slot_changed(lambda *_: 1 / 0)
    house.accounts.on_slot_changed(lambda node, slot: told.append((node, slot)))
    await house.accounts.set_slot("n1", 2, "zoe", KEY, Role.OPERATOR, account="zoe")
    await house.accounts.change("zoe", role=Role.READ_ONLY)
    await house.accounts.clear_slot("n1", 2)
    assert told == [("n1", 2)] * 3


async def test_keys_are_encrypted_and_shown_nowhere(house):
    slot = await house.accounts.set_slot("n1", 2, "root", KEY, Role.OPERATOR)
    assert "0123456789" not in repr(slot)
    for file in (house.path / "state").iterdir():
        assert KEY not in file.read_bytes()
        assert KEY.hex().encode() not in file.read_bytes()
    assert stat.S_IMODE(house.key_file.stat().st_mode) == 0o600


async def test_the_same_key_looks_different_each_time(house):
    await house.accounts.set_slot("n1", 2, "a", KEY, Role.OPERATOR)
    await house.accounts.set_slot("n1", 3, "b", KEY, Role.OPERATOR)
    first, second = (entry.value["key"] for entry in await house.store.list("ipmi-slots"))
    assert first != second


async def test_without_its_key_file_the_service_says_what_to_do(house):
    await house.accounts.set_slot("n1", 2, "root", KEY, Role.OPERATOR)
    kept = house.key_file.read_text()
    house.key_file.unlink()
    with pytest.raises(KeyFileUnusable, match=r"key file .* is missing, .* put it back"):
        await house.restart()
    assert not house.key_file.exists()
    house.key_file.write_text(kept)
    await house.stop()
    assert (await house.start()).ipmi_slot("n1", b"root").key == KEY


async def test_another_key_file_is_noticed(house):
    await house.accounts.set_slot("n1", 2, "root", KEY, Role.OPERATOR)
    house.key_file.write_text("00" * 32)
    with pytest.raises(KeyFileUnusable, match="does not open the secret of n1/2"):
        await house.restart()


@pytest.mark.parametrize("content", ["", "xyz", "00" * 31])
async def test_a_damaged_key_file_is_refused(house, content):
    house.key_file.write_text(content)
    with pytest.raises(KeyFileUnusable, match="is damaged: expected 64 hexadecimal digits"):
        await house.restart()


async def test_a_key_moved_to_another_slot_does_not_open(house):
    await house.accounts.set_slot("n1", 2, "root", KEY, Role.OPERATOR)
    (entry,) = await house.store.list("ipmi-slots")
    await house.store.put("ipmi-slots", "n2/2", entry.value)
    with pytest.raises(KeyFileUnusable, match="n2/2"):
        await house.restart()


async def test_a_key_file_open_to_others_is_closed_to_them(house, caplog):
    house.key_file.chmod(0o644)
    await house.restart()
    assert stat.S_IMODE(house.key_file.stat().st_mode) == 0o600
    assert "was open to others" in caplog.text


async def test_a_key_file_that_is_a_link_is_not_followed(house):
    target = house.path / "elsewhere"
    house.key_file.rename(target)
    house.key_file.symlink_to(target)
    with pytest.raises(KeyFileUnusable, match="cannot use the key file"):
        await house.restart()


NODE = NodeDefinition("n1", uuid4(), "memory")
ADMIN = Caller("admin", Role.ADMINISTRATOR, Scope(), Door.WEB)
TINA = Caller("tina", Role.ADMINISTRATOR, Scope(False, frozenset({"n1"})), Door.IPMI)


async def test_a_slot_is_filled_bit_by_bit_and_kept(house):
    change = house.accounts.change_slot
    assert not (await change(NODE, 3, ADMIN, privilege=Role.OPERATOR, link=True, sessions=2)).usable
    assert not (await change(NODE, 3, ADMIN, name=b"bob")).usable
    assert not (await change(NODE, 3, ADMIN, key=b"PW", key_form=16)).usable
    slot = await change(NODE, 3, ADMIN, enabled=True)
    assert slot.usable
    for accounts in [house.accounts, await house.restart()]:
        assert accounts.slots("n1") == (slot,)
        assert accounts.ipmi_slot("n1", b"bob") == slot
        assert accounts.ipmi_slot("n1", b"") is None


async def test_what_an_earlier_version_stored_is_understood(house):
    await house.accounts.set_slot("n1", 2, "root", KEY, Role.OPERATOR)
    (entry,) = await house.store.list("ipmi-slots")
    old = {name: entry.value[name] for name in ("name", "key", "privilege", "enabled", "account")}
    await house.store.put("ipmi-slots", "n1/2", old)
    before = house.accounts.slots("n1")
    assert (await house.restart()).slots("n1") == before


async def test_what_is_so_already_is_no_change(house):
    """A client writes back what it read: a slot as far as its account carries it, which is no reason to cut it back."""
    await house.accounts.set_slot("n1", 2, "zoe", KEY, Role.ADMINISTRATOR, account="zoe")
    told = []
    house.accounts.on_slot_changed(lambda *slot: told.append(slot))
    await house.accounts.change_slot(NODE, 2, TINA, name=b"zoe", privilege=Role.OPERATOR, enabled=True, messaging=True)
    assert told == []
    await house.accounts.change("zoe", role=Role.ADMINISTRATOR)
    assert house.accounts.slots("n1")[0].privilege is Role.ADMINISTRATOR


@pytest.mark.parametrize(
    "fields",
    [
        {"name": b"mine"},
        {"key": b"stolen"},
        {"key": KEY},
        {"privilege": Role.ADMINISTRATOR},
        {"enabled": True},
        {"messaging": True},
        {"callback": False},
        {"sol": True},
        {"sessions": 0},
    ],
)
async def test_one_guard_keeps_the_slot_of_an_account(house, fields):
    await house.accounts.set_slot("n1", 2, "zoe", KEY, Role.READ_ONLY, account="zoe")
    off = {"enabled": False, "messaging": False, "callback": True, "sol": False, "sessions": 1}
    await house.accounts.change_slot(NODE, 2, TINA, **off)
    before = house.accounts.slots("n1")
    with pytest.raises(Denied, match="slot 2 of n1 is granted to an account of the fleet"):
        await house.accounts.change_slot(NODE, 2, TINA, **fields)
    assert house.accounts.slots("n1") == before
    await house.accounts.change_slot(NODE, 2, ADMIN, **fields)
    zoe = Caller("zoe", Role.ADMINISTRATOR, Scope(False, frozenset({"n1"})), Door.IPMI)
    await house.accounts.change_slot(NODE, 2, zoe, key=b"her own")


@pytest.mark.parametrize(
    "caller",
    [
        Caller("ipmi:root", Role.ADMINISTRATOR, Scope(False, frozenset({"n2"})), Door.IPMI),
        Caller("zoe", Role.OPERATOR, Scope(), Door.WEB),
    ],
)
async def test_who_does_not_administer_the_node_changes_no_user(house, caller):
    with pytest.raises(Denied):
        await house.accounts.change_slot(NODE, 3, caller, name=b"eve")
    (record,) = await Audit(house.store, house.clock).newest(1)
    assert (record.account, record.action, record.outcome) == (caller.account, "change-ipmi-user", "Denied")


async def test_users_made_at_the_same_moment_get_slots_and_names_of_their_own(house):
    change = house.accounts.change_slot
    made = await asyncio.gather(*(change(NODE, None, ADMIN, name=b"u%d" % number) for number in range(14)))
    assert sorted(slot.slot for slot in made) == list(range(2, 16))
    with pytest.raises(Refused, match="all IPMI user slots of n1 are taken"):
        await change(NODE, None, ADMIN, name=b"more")
    with pytest.raises(InvalidRequest, match="has the name 'u1' already"):
        await change(NODE, 15, ADMIN, name=b"u1")
