"""A node's users as clients make, change and clear them, over the real accounts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bmc.accounts import Accounts
from bmc.ipmi.server import IpmiServer
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.events import EventKind
from bmc.model.node import Endpoint
from tests.ipmi.conftest import Live, run
from tests.ipmi.fakes import KEY, FakeNode, FakeSlots
from tests.ipmi.terminal import terminal
from tests.ports import free_port
from tests.world import World


@dataclass
class Estate(Live):
    """A live node whose users are real: `admin` governs the fleet, `root` is the node's own administrator."""

    accounts: Accounts

    async def login(self, user: str, key: str, *options: str) -> tuple[int, str]:
        where = ["-H", self.endpoint.host, "-p", str(self.port), "-U", user, "-P", key]
        return await run("ipmitool", "-I", "lanplus", *where, *options, "mc", "guid")


@pytest.fixture
async def estate(world: World, tmp_path: Path) -> AsyncIterator[Estate]:
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    node, machine = await world.add()
    node.relocate(Endpoint("127.0.0.1", free_port()))
    accounts = await Accounts.open(world.store, world.events, SystemClock(), tmp_path / "ipmi.key")
    await accounts.create("admin", "a long web password", Role.ADMINISTRATOR)
    await accounts.set_slot("n1", 2, "admin", KEY.encode(), Role.ADMINISTRATOR, account="admin")
    await accounts.set_slot("n1", 14, "root", KEY.encode(), Role.ADMINISTRATOR)
    async with IpmiServer(accounts, world.store, SystemClock()) as server:
        endpoint = await server.add(node)
        yield Estate(server, FakeNode(), FakeSlots(), endpoint, key_file, node, machine, world, accounts)


async def test_a_user_is_made_by_name_key_and_access_and_comes_in_at_once(estate: Estate) -> None:
    assert await estate.ipmitool("user", "set", "name", "3", "bob") == (0, "")
    assert "successful" in (await estate.ipmitool("user", "set", "password", "3", "PW"))[1]
    access = ("channel", "setaccess", "1", "3", "link=on", "ipmi=on", "callin=on", "privilege=3")
    assert "(channel 1 id 3) successful" in (await estate.ipmitool(*access))[1]
    assert (await estate.login("bob", "PW", "-L", "OPERATOR"))[0] == 1, "not enabled yet"
    assert await estate.ipmitool("user", "enable", "3") == (0, "")
    assert (await estate.login("bob", "PW", "-L", "OPERATOR"))[0] == 0
    assert (
        "3   bob              true    true       true       OPERATOR" in (await estate.ipmitool("user", "list", "1"))[1]
    )
    summary = (await estate.ipmitool("user", "summary", "1"))[1]
    assert "Maximum IDs\t    : 15\nEnabled User Count  : 3\n" in summary
    assert "successful" in (await estate.ipmitool("user", "priv", "3", "4", "1"))[1]
    assert (await estate.login("bob", "PW"))[0] == 0
    assert await estate.ipmitool("user", "disable", "3") == (0, "")
    assert (await estate.login("bob", "PW"))[0] == 1


async def test_the_same_user_in_the_other_order(estate: Estate) -> None:
    for words in (
        ("user", "enable", "3"),
        ("user", "priv", "3", "2", "1"),
        ("user", "set", "password", "3", "0123456789abcdefghij", "20"),
        ("user", "set", "name", "3", "bob"),
    ):
        assert (await estate.ipmitool(*words))[0] == 0, words
    assert (await estate.login("bob", "0123456789abcdefghij", "-L", "USER"))[0] == 0


async def test_a_name_without_a_key_lets_nobody_in(estate: Estate) -> None:
    for words in (("user", "set", "name", "3", "bob"), ("user", "priv", "3", "4", "1"), ("user", "enable", "3")):
        assert (await estate.ipmitool(*words))[0] == 0
    for key in ("", "x"):
        assert (await estate.login("bob", key))[0] == 1


async def test_ipmi_messaging_off_and_callback_only_let_nobody_in(estate: Estate) -> None:
    """Raw, since this ipmitool's setaccess sends the same bits for off as for on."""
    await estate.accounts.set_slot("n1", 3, "bob", b"PW", Role.ADMINISTRATOR)
    assert (await estate.login("bob", "PW"))[0] == 0
    assert (await estate.ipmitool("raw", "6", "0x43", "0x81", "3", "4"))[0] == 0
    assert (await estate.login("bob", "PW"))[0] == 1
    assert (await estate.ipmitool("raw", "6", "0x43", "0xd1", "3", "4"))[0] == 0
    assert (await estate.login("bob", "PW"))[0] == 1
    assert (await estate.ipmitool("raw", "6", "0x43", "0x91", "3", "4"))[0] == 0
    assert (await estate.login("bob", "PW"))[0] == 0


async def test_a_password_is_tested_in_the_size_it_was_set_in(estate: Estate) -> None:
    await estate.ipmitool("user", "set", "password", "3", "PW")
    for size, key, said in (("16", "PW", "Success"), ("16", "wrong", "incorrect"), ("20", "PW", "wrong password size")):
        assert said in (await estate.ipmitool("user", "test", "3", size, key))[1]
    await estate.ipmitool("user", "set", "password", "3", "PW", "20")
    assert "Success" in (await estate.ipmitool("user", "test", "3", "20", "PW"))[1]
    assert "wrong password size" in (await estate.ipmitool("user", "test", "3", "16", "PW"))[1]


async def test_an_empty_name_clears_the_slot(estate: Estate) -> None:
    await estate.accounts.set_slot("n1", 3, "bob", b"PW", Role.ADMINISTRATOR)
    assert await estate.ipmitool("user", "set", "name", "3", "") == (0, "")
    assert [slot.slot for slot in estate.accounts.slots("n1")] == [2, 14]
    assert (
        "3                    true    false      true       NO ACCESS"
        in (await estate.ipmitool("user", "list", "1"))[1]
    )


@pytest.mark.parametrize(
    "words",
    [
        ("user", "set", "name", "1", "root2"),
        ("user", "enable", "1"),
        ("user", "set", "password", "1", "x"),
        ("user", "priv", "1", "4", "1"),
        ("user", "set", "name", "3", "admin"),
        ("user", "set", "name", "16", "x"),
        ("user", "set", "password", "3", ""),
        ("user", "priv", "3", "5", "1"),
        ("raw", "6", "0x45", "3", "0x61", "0", "0x62", *["0"] * 13),
    ],
)
async def test_what_no_user_can_be_is_refused(estate: Estate, words: tuple[str, ...]) -> None:
    before = estate.accounts.slots("n1")
    code, printed = await estate.ipmitool(*words)
    assert code == 1
    assert "Invalid data field" in printed
    assert estate.accounts.slots("n1") == before


async def test_what_has_the_wrong_length_is_c7h(estate: Estate) -> None:
    for words in (
        ("0x43", "0x91", "3"),
        ("0x45", "3", "0x61"),
        ("0x47", "3", "2", "0x61"),
        ("0x47", "0x83", "2", *["1"] * 16),
    ):
        assert "rsp=0xc7" in (await estate.ipmitool("raw", "6", *words))[1]


async def test_changes_are_told_with_who_made_them_and_without_the_key(
    estate: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await estate.ipmitool("user", "set", "name", "3", "bob", user="root")
    await estate.ipmitool("user", "set", "password", "3", "pa55word")
    told = await estate.world.told(EventKind.ACCOUNT_CHANGED)
    assert [(event.node, event.account, event.details["changed"]) for event in told[-2:]] == [
        ("n1", "ipmi:root", ["name"]),
        ("n1", "admin", ["key", "key_form"]),
    ]
    records = await estate.world.audit.newest(2)
    assert [(record.account, record.action, record.outcome) for record in records] == [
        ("ipmi:root", "create-ipmi-user", "ok"),
        ("admin", "change-ipmi-user", "ok"),
    ]
    assert "pa55word" not in caplog.text + repr(told) + repr(records)


async def test_who_changes_its_own_key_gets_the_answer_and_logs_in_with_the_new_one(estate: Estate) -> None:
    code, printed = await estate.ipmitool("user", "set", "password", "14", "another", user="root")
    assert (code, printed) == (0, "Set User Password command successful (user 14)\n")
    assert (await estate.login("root", "another"))[0] == 0
    assert (await estate.login("root", KEY))[0] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("user", "set", "password", "2", "stolen"),
        ("user", "set", "name", "2", "mine"),
        ("user", "enable", "2"),
        ("user", "priv", "2", "4", "1"),
        ("channel", "setaccess", "1", "2", "ipmi=on", "privilege=4"),
    ],
)
async def test_an_administrator_of_one_node_cannot_take_an_accounts_slot(
    estate: Estate, words: tuple[str, ...]
) -> None:
    """Whoever holds it would be an administrator of the fleet."""
    admin = estate.accounts.slots("n1")[0]
    definition = estate.real.snapshot.definition
    caller = Caller("admin", Role.ADMINISTRATOR, Scope(), Door.WEB)
    await estate.accounts.change_slot(definition, 2, caller, enabled=False, privilege=Role.READ_ONLY, messaging=False)
    before = estate.accounts.slots("n1")
    code, printed = await estate.ipmitool(*words, user="root")
    assert code == 1
    assert "Insufficient privilege" in printed
    assert estate.accounts.slots("n1") == before
    record = (await estate.world.audit.newest(1))[0]
    assert (record.account, record.action, record.outcome) == ("ipmi:root", "change-ipmi-user", "Denied")
    assert admin.account == "admin"


async def test_an_administrator_of_one_node_may_shut_an_account_out(estate: Estate) -> None:
    assert await estate.ipmitool("user", "disable", "2", user="root") == (0, "")
    assert (await estate.ipmitool("mc", "guid"))[0] == 1
    assert (await estate.ipmitool("user", "set", "name", "2", "", user="root"))[0] == 0
    await estate.ipmitool("user", "set", "name", "2", "admin", user="root")
    assert estate.accounts.slots("n1")[0].account == "", "a user of the node, whatever its name"


async def test_a_user_made_over_ipmi_stays_on_its_node_and_is_no_account(estate: Estate) -> None:
    for words in (
        ("user", "set", "name", "3", "admin2"),
        ("user", "set", "password", "3", "PW"),
        ("user", "priv", "3", "4", "1"),
        ("user", "enable", "3"),
    ):
        assert (await estate.ipmitool(*words, user="root"))[0] == 0
    slot = estate.accounts.ipmi_slot("n1", b"admin2")
    assert slot is not None
    assert (slot.account, slot.scope) == ("", Scope(False, frozenset({"n1"})))


async def test_an_operator_changes_no_user(estate: Estate) -> None:
    await estate.accounts.set_slot("n1", 3, "olga", KEY.encode(), Role.OPERATOR)
    for words in (("user", "set", "password", "3", "x"), ("user", "priv", "3", "4", "1"), ("user", "enable", "3")):
        code, printed = await estate.ipmitool("-L", "OPERATOR", *words, user="olga")
        assert code == 1
        assert "Insufficient privilege" in printed


async def test_a_slot_gives_no_more_than_the_account_has(estate: Estate) -> None:
    await estate.accounts.create("zoe", "another web password", Role.OPERATOR)
    await estate.accounts.set_slot("n1", 3, "zoe", KEY.encode(), Role.OPERATOR, account="zoe")
    assert "successful" in (await estate.ipmitool("user", "priv", "3", "4", "1"))[1]
    assert (await estate.ipmitool("mc", "guid", user="zoe"))[0] == 1
    assert (await estate.ipmitool("-L", "OPERATOR", "mc", "guid", user="zoe"))[0] == 0


async def test_a_user_has_no_more_sessions_than_its_limit(estate: Estate) -> None:
    await estate.accounts.set_slot("n1", 3, "bob", KEY.encode(), Role.ADMINISTRATOR)
    assert (await estate.ipmitool("raw", "6", "0x43", "0x91", "3", "4", "1"))[0] == 0
    async with terminal(*estate.ipmitool_line("shell", user="bob")) as shell:
        shell.type(b"chassis power status\n")
        await shell.expect(b"Chassis Power is off")
        assert (await estate.ipmitool("mc", "guid", user="bob"))[0] == 1
        assert (await estate.ipmitool("mc", "guid"))[0] == 0
        every = (await estate.ipmitool("session", "info", "all"))[1]
        assert [line.split()[-1] for line in every.splitlines() if line.startswith("user id")] == ["3", "2"]


async def test_sol_is_for_whom_it_is_allowed(estate: Estate) -> None:
    assert (await estate.ipmitool("sol", "payload", "disable", "1", "14"))[0] == 0
    assert "disabled" in (await estate.ipmitool("sol", "payload", "status", "1", "14"))[1]
    assert "SOL payload disabled" in (await estate.ipmitool("sol", "activate", user="root"))[1]
    assert (await estate.ipmitool("sol", "payload", "enable", "1", "14"))[0] == 0
    assert "enabled" in (await estate.ipmitool("sol", "payload", "status", "1", "14"))[1]


async def checkout(estate: Estate, path: Path) -> str:
    """All but SOL, which has a test of its own."""
    assert (await estate.freeipmi("bmc-config", "--checkout", "--filename", str(path)))[0] in (0, 1)
    text = path.read_text().split("Section SOL_Conf")[0]
    path.write_text(text)
    return text


async def test_bmc_config_finds_no_difference_and_commits_what_it_checked_out(estate: Estate, tmp_path: Path) -> None:
    file = tmp_path / "bmc.conf"
    text = await checkout(estate, file)
    assert "Maximum_Privilege_Cipher_Suite_Id_3           Administrator" in text
    before = estate.accounts.slots("n1")
    for user in ("admin", "root"):
        assert await estate.freeipmi("bmc-config", "--diff", "--filename", str(file), user=user) == (0, "")
        assert await estate.freeipmi("bmc-config", "--commit", "--filename", str(file), user=user) == (0, "")
    assert estate.accounts.slots("n1") == before
    assert [e for e in await estate.world.told(EventKind.ACCOUNT_CHANGED) if e.node] == []


async def test_bmc_config_makes_a_user(estate: Estate, tmp_path: Path) -> None:
    file = tmp_path / "bmc.conf"
    file.write_text(
        "Section User3\nUsername bob\nPassword PW\nEnable_User Yes\nLan_Enable_IPMI_Msgs Yes\n"
        "Lan_Privilege_Limit Operator\nLan_Session_Limit 2\nEndSection\n"
        "Section Rmcpplus_Conf_Privilege\nMaximum_Privilege_Cipher_Suite_Id_3 Operator\nEndSection\n"
    )
    assert await estate.freeipmi("bmc-config", "--commit", "--filename", str(file)) == (0, "")
    differs = await estate.freeipmi("bmc-config", "-I", "17", "--diff", "--filename", str(file))
    assert differs == (0, "User3:Lan_Session_Limit - input=`2':actual=`'\n"), "which IPMI can set and not read"
    slot = estate.accounts.ipmi_slot("n1", b"bob")
    assert slot is not None
    assert slot.sessions == 2
    assert (await estate.login("bob", "PW", "-L", "OPERATOR", "-C", "3"))[0] == 0
    assert (await estate.ipmitool("-C", "3", "mc", "guid"))[0] == 1
    assert (await estate.ipmitool("-C", "17", "mc", "guid"))[0] == 0


async def test_bmc_config_is_refused_what_the_host_has_to_say(estate: Estate, tmp_path: Path) -> None:
    file = tmp_path / "bmc.conf"
    file.write_text("Section Lan_Conf\nIP_Address 10.1.2.3\nEndSection\n")
    code, printed = await estate.freeipmi("bmc-config", "--commit", "--filename", str(file))
    assert (code, printed) == (1, "ERROR: Failed to commit `Lan_Conf:IP_Address': Read Only Field\n")


PYGHMI = """
import sys
from pyghmi.ipmi import command
bmc = command.Command("127.0.0.1", b"admin", sys.argv[2].encode(), port=int(sys.argv[1]))
bmc.create_user(3, "bob", "a key of 20 letters.", privilege_level="operator")
print(bmc.get_users()[3])
print(bmc.set_user_password(3, "test_password", "a key of 20 letters."))
print(bmc.set_user_password(3, "test_password", "wrong"))
print(bmc.user_delete(3))
print(sorted(bmc.get_users()))
print(bmc.get_net_configuration()["ipv4_address"])
print(bmc.get_channel_access(read_mode="volatile")["privilege_level"])
bmc.ipmi_session.logout()
"""


async def test_pyghmi_makes_tests_and_deletes_a_user(estate: Estate) -> None:
    code, printed = await estate.python(PYGHMI)
    assert code == 0, printed
    lines = printed.splitlines()
    assert "'name': 'bob'" in lines[0]
    assert "'privilege_level': 'operator'" in lines[0]
    assert lines[1:5] == ["True", "False", "True", "[2, 14]"]
    assert lines[5:] == ["127.0.0.1/0", "administrator"]
