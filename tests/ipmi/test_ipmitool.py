"""The real ipmitool, in its default configuration and with both cipher suites."""

import asyncio
from dataclasses import replace

import pytest

from bmc.model.boot import BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.commands import Identify, SetBootOverride
from bmc.model.errors import Busy, NotSupported, Refused, WrongState
from bmc.model.power import PowerAction, PowerState
from tests.ipmi.conftest import Rack, run
from tests.ipmi.fakes import NODE_ID


@pytest.mark.parametrize("suite", [(), ("-C", "3"), ("-C", "17")])
async def test_power_status_with_each_cipher_suite(rack: Rack, suite: tuple[str, ...]) -> None:
    assert await rack.ipmitool("chassis", "power", "status", options=suite) == (0, "Chassis Power is off\n")


async def test_the_strongest_suite_is_found_without_being_named(rack: Rack) -> None:
    code, printed = await rack.ipmitool("-vv", "chassis", "power", "status")
    assert code == 0
    assert "Using best available cipher suite 17" in printed


async def test_mc_info(rack: Rack) -> None:
    code, printed = await rack.ipmitool("mc", "info")
    assert code == 0
    assert "IPMI Version              : 2.0" in printed
    assert "Aux Firmware Rev Info" in printed


async def test_mc_guid_is_the_uuid_of_the_node(rack: Rack) -> None:
    code, printed = await rack.ipmitool("mc", "guid")
    assert code == 0
    assert f"System GUID   : {NODE_ID}" in printed


async def test_mc_selftest(rack: Rack) -> None:
    assert await rack.ipmitool("mc", "selftest") == (0, "Selftest: passed\n")


async def test_chassis_status(rack: Rack) -> None:
    code, printed = await rack.ipmitool("chassis", "status")
    assert code == 0
    assert "System Power         : off" in printed


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (PowerState.ON, "on"),
        (PowerState.OFF, "off"),
        (PowerState.POWERING_ON, "off"),
        (PowerState.POWERING_OFF, "on"),
    ],
)
async def test_a_node_on_its_way_shows_where_it_comes_from(rack: Rack, state: PowerState, shown: str) -> None:
    rack.node.state = replace(rack.node.state, power=state)
    assert await rack.ipmitool("chassis", "power", "status") == (0, f"Chassis Power is {shown}\n")


async def test_an_unknown_power_state_is_not_guessed(rack: Rack) -> None:
    rack.node.state = replace(rack.node.state, power=PowerState.UNKNOWN)
    code, printed = await rack.ipmitool("raw", "0x00", "0x01")
    assert code == 1
    assert "rsp=0xd5" in printed
    code, printed = await rack.ipmitool("chassis", "status")
    assert code == 1
    assert "Command not supported in present state" in printed


@pytest.mark.parametrize(
    ("word", "action"),
    [
        ("on", PowerAction.ON),
        ("off", PowerAction.FORCE_OFF),
        ("cycle", PowerAction.POWER_CYCLE),
        ("reset", PowerAction.FORCE_RESTART),
        ("soft", PowerAction.GRACEFUL_SHUTDOWN),
        ("diag", PowerAction.NMI),
    ],
)
async def test_each_power_verb_reaches_the_node_once(rack: Rack, word: str, action: PowerAction) -> None:
    code, printed = await rack.ipmitool("chassis", "power", word)
    assert code == 0, printed
    assert rack.node.actions == [action]


async def test_the_node_hears_who_asked_and_never_takes_a_user_for_an_account(rack: Rack) -> None:
    await rack.ipmitool("chassis", "power", "on", user="oper", options=("-L", "OPERATOR"))
    caller = rack.node.done[0][1]
    assert (caller.account, caller.role.value, caller.door.value) == ("ipmi:oper", "Operator", "ipmi")
    assert caller.address == "127.0.0.1"
    assert caller.scope.nodes == frozenset({"n1"})
    assert not caller.scope.all_nodes
    assert caller.request_id


async def test_a_node_that_takes_long_is_answered_as_accepted_and_goes_on(rack: Rack) -> None:
    rack.node.gate = asyncio.Event()
    assert await rack.ipmitool("chassis", "power", "on") == (0, "Chassis Power Control: Up/On\n")
    assert not rack.node.idle.is_set()
    rack.node.gate.set()
    await asyncio.wait_for(rack.node.idle.wait(), timeout=5)
    assert rack.node.actions == [PowerAction.ON]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Busy("held"), "Node busy"),
        (WrongState("off"), "Command not supported in present state"),
        (Refused("interlock"), "Command not supported in present state"),
        (NotSupported("no NMI"), "Command not supported in present state"),
    ],
)
async def test_what_the_node_refuses_is_refused_in_ipmi_words(rack: Rack, error: Exception, text: str) -> None:
    rack.node.fault = error
    code, printed = await rack.ipmitool("chassis", "power", "cycle")
    assert code == 1
    assert text in printed


@pytest.mark.parametrize(
    ("device", "target"),
    [
        ("pxe", BootTarget.PXE),
        ("disk", BootTarget.HDD),
        ("cdrom", BootTarget.CD),
        ("bios", BootTarget.BIOS_SETUP),
    ],
)
async def test_bootdev_once(rack: Rack, device: str, target: BootTarget) -> None:
    assert await rack.ipmitool("chassis", "bootdev", device) == (0, f"Set Boot Device to {device}\n")
    assert rack.node.state.boot == BootOverride(target, BootEnabled.ONCE, None)


async def test_bootdev_with_options_reads_back_as_set(rack: Rack) -> None:
    code, _ = await rack.ipmitool("chassis", "bootdev", "pxe", "options=persistent,efiboot")
    assert code == 0
    assert rack.node.state.boot == BootOverride(BootTarget.PXE, BootEnabled.CONTINUOUS, BootMode.UEFI)
    code, printed = await rack.ipmitool("chassis", "bootparam", "get", "5")
    assert code == 0
    for line in ("Boot Flag Valid", "all future boots", "BIOS EFI boot", "Boot Device Selector : Force PXE"):
        assert line in printed


async def test_a_spent_override_reads_back_as_invalid(rack: Rack) -> None:
    code, printed = await rack.ipmitool("chassis", "bootparam", "get", "5")
    assert code == 0
    assert "Boot Flag Invalid" in printed


async def test_bootdev_none_clears_the_override(rack: Rack) -> None:
    await rack.ipmitool("chassis", "bootdev", "pxe", "options=persistent")
    await rack.ipmitool("chassis", "bootdev", "none")
    assert rack.node.state.boot == BootOverride()


async def test_a_boot_flag_that_the_node_cannot_carry_out_is_refused(rack: Rack) -> None:
    _, printed = await rack.ipmitool("chassis", "bootdev", "pxe", "options=clear-cmos")
    assert "Invalid data field in request" in printed
    assert not any(isinstance(command, SetBootOverride) for command, _ in rack.node.done)


@pytest.mark.parametrize("parameter", range(5))
async def test_the_other_boot_parameters_can_be_read(rack: Rack, parameter: int) -> None:
    code, printed = await rack.ipmitool("chassis", "bootparam", "get", str(parameter))
    assert code == 0
    assert "valid/unlocked" in printed


async def test_identify(rack: Rack) -> None:
    for words in (("identify",), ("identify", "30"), ("identify", "force"), ("identify", "0")):
        code, printed = await rack.ipmitool("chassis", *words)
        assert code == 0, printed
    assert [command for command, _ in rack.node.done] == [Identify(15), Identify(30), Identify(None), Identify(0)]


async def test_restart_cause(rack: Rack) -> None:
    await rack.ipmitool("chassis", "power", "on")
    code, printed = await rack.ipmitool("chassis", "restart_cause")
    assert code == 0
    assert "chassis power control command" in printed


async def test_session_info_all(rack: Rack) -> None:
    code, printed = await rack.ipmitool("session", "info", "all")
    assert code == 0
    assert "privilege level               : ADMINISTRATOR" in printed
    assert "console ip                    : 127.0.0.1" in printed
    assert printed.count("session handle") == 2


async def test_user_list_shows_the_slots_of_the_node(rack: Rack) -> None:
    code, printed = await rack.ipmitool("user", "list", "1")
    assert code == 0
    lines = {line.split()[0]: line for line in printed.splitlines()[1:]}
    assert "admin" in lines["2"]
    assert "ADMINISTRATOR" in lines["2"]
    assert "USER" in lines["4"]
    assert "NO ACCESS" in lines["1"]
    assert len(lines) == 15


async def test_lan_print(rack: Rack) -> None:
    code, printed = await rack.ipmitool("lan", "print", "1")
    assert code == 0
    assert "IP Address              : 127.0.0.1" in printed
    assert "RMCP+ Cipher Suites     : 3,17" in printed


async def test_sol_info_names_the_port_that_was_dialled(rack: Rack) -> None:
    code, printed = await rack.ipmitool("sol", "info")
    assert code == 0
    assert "Enabled                         : true" in printed
    assert f"Payload Port                    : {rack.port}" in printed


async def test_what_nobody_knows_is_an_invalid_command(rack: Rack) -> None:
    code, printed = await rack.ipmitool("raw", "0x30", "0x70")
    assert code == 1
    assert "rsp=0xc1" in printed


@pytest.mark.parametrize(
    ("user", "options"),
    [
        ("admin", ("-K", "/nowhere")),
        ("nobody", ()),
        ("gone", ()),
        ("", ()),
        ("guest", ("-L", "ADMINISTRATOR")),
        ("admin", ("-C", "0")),
        ("admin", ("-C", "1")),
        ("admin", ("-C", "2")),
        ("admin", ("-C", "15")),
    ],
)
async def test_who_may_not_come_in_is_told_at_once(rack: Rack, user: str, options: tuple[str, ...]) -> None:
    if options[:1] == ("-K",):
        rack.key_file.write_text("wrong")
        options = ()
    code, printed = await asyncio.wait_for(
        rack.ipmitool("chassis", "power", "status", user=user, options=options), timeout=5
    )
    assert code == 1
    assert "Unable to establish IPMI v2 / RMCP+ session" in printed
    assert "power is" not in printed.lower()


async def test_too_low_a_privilege_is_refused_per_command(rack: Rack) -> None:
    user = ("-L", "USER")
    assert (await rack.ipmitool("chassis", "power", "status", user="guest", options=user))[0] == 0
    code, printed = await rack.ipmitool("chassis", "power", "on", user="guest", options=user)
    assert code == 1
    assert "Insufficient privilege level" in printed
    assert rack.node.done == []


async def test_a_session_may_not_rise_above_its_user(rack: Rack) -> None:
    code, printed = await rack.ipmitool("raw", "6", "0x3b", "4", user="guest", options=("-L", "USER"))
    assert code == 1
    assert "rsp=0x81" in printed


async def test_an_ipmi_1_5_client_is_told_that_it_cannot_log_in(rack: Rack) -> None:
    rack.key_file.write_text("short")
    line = rack.ipmitool_line("chassis", "power", "status")
    line[2] = "lan"
    code, printed = await asyncio.wait_for(run(*line), timeout=5)
    assert code == 1
    assert "Unable to establish LAN session" in printed
