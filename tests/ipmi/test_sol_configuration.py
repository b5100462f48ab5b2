"""SOL configuration as ipmitool and FreeIPMI read and set it, and what it then does."""

from pathlib import Path

import pytest

from bmc.ipmi.config import BUCKET
from bmc.ipmi.server import IpmiServer
from bmc.model.clock import SystemClock
from tests.ipmi.conftest import Live, Rack
from tests.ipmi.terminal import terminal

CORE = ("ipmi-config", "--category=core")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("enabled", "false", "Enabled                         : false"),
        ("privilege-level", "admin", "Privilege Level                 : ADMINISTRATOR"),
        ("force-encryption", "true", "Force Encryption                : true"),
        ("force-authentication", "true", "Force Authentication            : true"),
        ("character-accumulate-level", "50", "Character Accumulate Level (ms) : 250"),
        ("character-send-threshold", "96", "Character Send Threshold        : 96"),
        ("retry-count", "3", "Retry Count                     : 3"),
        ("retry-interval", "10", "Retry Interval (ms)             : 100"),
        ("non-volatile-bit-rate", "115.2", "Non-Volatile Bit Rate (kbps)    : 115.2"),
        ("volatile-bit-rate", "115.2", "Volatile Bit Rate (kbps)        : 115.2"),
    ],
)
async def test_ipmitool_sets_and_reads(rack: Rack, name: str, value: str, shown: str):
    assert await rack.ipmitool("sol", "set", name, value) == (0, "")
    _, printed = await rack.ipmitool("sol", "info")
    assert shown in printed
    assert f"Payload Port                    : {rack.port}" in printed
    assert "Set in progress                 : set-complete" in printed


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("force-encryption", "false", "Invalid data field"),
        ("force-authentication", "false", "Invalid data field"),
        ("privilege-level", "user", "Invalid data field"),
        ("volatile-bit-rate", "9.6", "read-only"),
        ("non-volatile-bit-rate", "serial", "read-only"),
        ("character-send-threshold", "0", "Invalid data field"),
    ],
)
async def test_ipmitool_is_told_what_cannot_be_set(rack: Rack, name: str, value: str, why: str):
    before = await rack.ipmitool("sol", "info")
    code, printed = await rack.ipmitool("sol", "set", name, value)
    assert code == 1
    assert why in printed
    assert await rack.ipmitool("sol", "info") == before


async def test_an_operator_reads_and_does_not_set(rack: Rack):
    operator = ("-L", "OPERATOR")
    assert (await rack.ipmitool("sol", "info", user="oper", options=operator))[0] == 0
    code, printed = await rack.ipmitool("sol", "set", "enabled", "false", user="oper", options=operator)
    assert code == 1
    assert "Insufficient privilege" in printed


async def test_freeipmi_checks_out_changes_commits_and_finds_no_difference(rack: Rack, tmp_path: Path):
    file = tmp_path / "sol.conf"
    code, text = await rack.freeipmi(*CORE, "--checkout", "-S", "SOL_Conf")
    assert code == 0
    assert "UNABLE" not in text
    file.write_text(text.replace("SOL_Retry_Count                               7", "SOL_Retry_Count    4"))
    code, printed = await rack.freeipmi(*CORE, "--diff", "-n", str(file))
    assert printed == "SOL_Conf:SOL_Retry_Count - input=`4':actual=`7'\n"
    assert await rack.freeipmi(*CORE, "--commit", "-n", str(file)) == (0, "")
    assert await rack.freeipmi(*CORE, "--diff", "-n", str(file)) == (0, "")


async def test_sol_that_is_disabled_is_not_activated_and_enabled_it_is(rack: Rack):
    await rack.ipmitool("sol", "set", "enabled", "false")
    code, printed = await rack.ipmitool("sol", "activate")
    assert code == 1
    assert "SOL payload disabled" in printed
    assert await rack.freeipmi(*CORE, "--commit", "-e", "SOL_Conf:Enable_SOL=Yes") == (0, "")
    async with terminal(*rack.ipmitool_line("sol", "activate")) as console:
        await console.expect(b"login: ")


async def test_a_node_without_a_serial_line_cannot_be_given_sol(live: Live):
    code, printed = await live.ipmitool("sol", "set", "enabled", "true")
    assert code == 1
    assert "Command not supported in present state" in printed


async def test_what_was_set_outlives_the_service(live: Live):
    await live.ipmitool("sol", "set", "retry-count", "2")
    await live.server.remove("n1")
    stored = await live.world.store.get(BUCKET, "n1")
    assert stored is not None
    assert stored.value["sol_retries"] == 2
    async with IpmiServer(live.slots, live.world.store, SystemClock()) as again:
        await again.add(live.real)
        assert "Retry Count                     : 2" in (await live.ipmitool("sol", "info"))[1]
