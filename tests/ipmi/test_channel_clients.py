"""Channel access and LAN settings, by clients and past a restart of the door."""

import pytest

from bmc.ipmi.server import IpmiServer
from bmc.model.caller import Door
from bmc.model.clock import SystemClock
from tests.ipmi.conftest import Live


async def test_the_channels_there_are(live: Live) -> None:
    lan = (await live.ipmitool("channel", "info", "14"))[1]
    assert "Channel 0x1 info:\n  Channel Medium Type   : 802.3 LAN" in lan
    system = (await live.ipmitool("channel", "info", "15"))[1]
    assert "Channel Protocol Type : KCS\n  Session Support       : session-less" in system
    for absent in ("0", "2", "11"):
        assert (await live.ipmitool("channel", "info", absent))[0] == 1


async def test_nobody_gets_more_than_the_channels_limit(live: Live) -> None:
    assert (await live.ipmitool("raw", "6", "0x40", "1", "0", "0x83"))[0] == 0
    assert (await live.ipmitool("mc", "guid"))[0] == 1
    assert (await live.ipmitool("-L", "OPERATOR", "mc", "guid"))[0] == 0
    assert (await live.ipmitool("-L", "OPERATOR", "raw", "6", "0x41", "1", "0x80"))[1] == " 02 03\n"
    assert (await live.ipmitool("-L", "OPERATOR", "raw", "6", "0x41", "1", "0x40"))[1] == " 02 04\n"


async def test_the_stored_limit_holds_from_the_next_start(live: Live) -> None:
    assert (await live.ipmitool("raw", "6", "0x40", "1", "0x62", "0x43"))[0] == 0
    assert (await live.ipmitool("mc", "guid"))[0] == 0
    await live.server.remove("n1")
    async with IpmiServer(live.slots, live.world.store, SystemClock()) as server:
        await server.add(live.real)
        assert (await live.ipmitool("mc", "guid"))[0] == 1
        assert (await live.ipmitool("-L", "OPERATOR", "raw", "6", "0x41", "1", "0x80"))[1] == " 22 03\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("6 0x40 1 0x80 0", "0x83"),
        ("6 0x40 1 0x81 0", "0x83"),
        ("6 0x40 1 0x8a 0", "0xcc"),
        ("6 0x40 1 0 0x85", "0xcc"),
        ("6 0x40 1 0 0x80", "0xcc"),
        ("6 0x40 1 0xc2 0", "0xcc"),
        ("6 0x40 15 0x82 0", "0x82"),
        ("6 0x41 15 0x80", "0x82"),
        ("6 0x40 2 0x82 0", "0xcc"),
        ("6 0x40 1 0x82", "0xc7"),
        ("6 0x3f 0 0", "0xc1"),
        ("6 0x56 1 1 1 1 2 3", "0x81"),
        ("6 0x56 1 1 1" + " 1" * 20, "0x83"),
        ("6 0x56 1 1 1" + " 1" * 21, "0x82"),
        ("6 0x56 1 1 0" + " 1" * 20, "0x84"),
        ("6 0x56 1 2 1", "0xcc"),
        ("12 3 1 0", "0xc1"),
        ("12 4 1 0", "0xc1"),
        ("12 1 1 3 10 1 2 3", "0x82"),
        ("12 1 1 3 10 1 2", "0xc7"),
        ("12 1 1 4 2", "0x82"),
        ("12 1 1 22 3", "0x82"),
        ("12 1 1 99 0", "0x80"),
        ("12 1 1 0 2", "0xc9"),
        ("12 1 1 24 0 0 0 0 0 0 0 0 0", "0xc9"),
        ("12 1 1 24 0 4 0x40 0 0 0 0 0 4", "0xc9"),
        ("12 1 1 24 0 0 0x50 0 0 0 0 0 4", "0xc9"),
        ("12 1 1 24 0 0 0x40", "0xc7"),
    ],
)
async def test_what_makes_no_sense_is_refused(live: Live, words: str, code: str) -> None:
    status, printed = await live.ipmitool("raw", *words.split())
    assert status == 1
    assert f"rsp={code}" in printed


@pytest.mark.parametrize(
    "words",
    ["12 1 1 3 127 0 0 1", "12 1 1 4 1", "12 1 1 20 0 0", "12 1 1 0 1", "6 0x40 1 0x82 0", "6 0x56 1 1 1" + " 0" * 20],
)
async def test_what_is_so_already_is_accepted(live: Live, words: str) -> None:
    assert (await live.ipmitool("raw", *words.split()))[0] == 0


async def test_a_cipher_suite_that_is_switched_off_is_neither_offered_nor_taken(live: Live) -> None:
    assert "XXXaXXXXXXXXXXa" in (await live.ipmitool("lan", "print", "1"))[1]
    assert (await live.ipmitool("lan", "set", "1", "cipher_privs", "XXXXXXXXXXXXXXa"))[0] == 0
    assert (await live.ipmitool("-C", "3", "mc", "guid"))[0] == 1
    ciphers = (await live.ipmitool("channel", "getciphers", "ipmi", "1"))[1]
    assert [line.split()[0] for line in ciphers.splitlines()] == ["ID", "17"]
    assert (await live.ipmitool("lan", "set", "1", "cipher_privs", "XXXaXXXXXXXXXXX"))[0] == 0
    assert (await live.ipmitool("-C", "17", "mc", "guid"))[0] == 1
    assert (await live.ipmitool("mc", "guid"))[0] == 0


async def test_the_limit_of_a_cipher_suite_holds(live: Live) -> None:
    assert (await live.ipmitool("lan", "set", "1", "cipher_privs", "XXXuXXXXXXXXXXa"))[0] == 0
    assert (await live.ipmitool("-C", "3", "mc", "guid"))[0] == 1
    assert (await live.ipmitool("-C", "3", "-L", "USER", "mc", "guid"))[0] == 0
    assert (await live.ipmitool("-C", "17", "mc", "guid"))[0] == 0


async def test_ipmitool_sets_no_address(live: Live) -> None:
    assert (await live.ipmitool("lan", "set", "1", "ipsrc", "static"))[0] == 0
    assert (await live.ipmitool("lan", "set", "1", "ipsrc", "dhcp"))[0] == 1
    assert (await live.ipmitool("lan", "set", "1", "ipaddr", "10.1.2.3"))[0] == 1


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("6 0x40 1 0 0x83", ["present channel access"]),
        ("6 0x40 1 0x62 0x43", ["channel_limit", "channel_alerting"]),
        ("12 1 1 24 0 0 0x30 0 0 0 0 0 0x40 0", None),
        ("12 1 1 16 0x61" + " 0" * 17, ["community"]),
        ("12 1 1 18 1 0 3 2", ["destinations"]),
        ("12 0x21 1 2 0xc4", ["sol_privilege"]),
        ("4 0x12 1 1", ["pef"]),
        ("6 0x58 2 0 0 1 0x61", ["system_info"]),
        ("0x2c 0x0a 0xdc 0 2 0x61 0", ["controller_id"]),
    ],
)
async def test_who_changed_a_setting_is_audited(live: Live, words: str, changed: list[str] | None) -> None:
    status, _ = await live.ipmitool("raw", *words.split())
    told = [record for record in await live.world.audit.newest() if record.action == "change-ipmi-settings"]
    assert [record.details["changed"] for record in told] == ([] if changed is None else [changed])
    assert status == (changed is None)
    assert {(record.account, record.target, record.door) for record in told} <= {("admin", "n1", Door.IPMI)}
    await live.ipmitool("raw", *words.split())
    assert len([r for r in await live.world.audit.newest() if r.action == "change-ipmi-settings"]) == len(told)
