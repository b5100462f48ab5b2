"""Watchdog, chassis and boot options by the real clients, against a whole node."""

from pathlib import Path

import pytest

from bmc.model.boot import BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.commands import Power
from bmc.model.power import PowerAction, PowerCause, PowerState, RestorePolicy
from bmc.model.watchdog import WatchdogAction, WatchdogUse
from tests.ipmi.conftest import Live
from tests.world import ADMIN, until


async def test_ipmitool_sets_pets_shows_and_stops_the_watchdog(live: Live) -> None:
    code, printed = await live.ipmitool("mc", "watchdog", "reset")
    assert code == 1
    assert "uninitialized watchdog" in printed
    code, _ = await live.ipmitool("mc", "watchdog", "set", "action=cycle", "timeout=300", "clear=sms")
    assert code == 0
    assert (await live.ipmitool("mc", "watchdog", "reset"))[0] == 0
    code, printed = await live.ipmitool("mc", "watchdog", "get")
    assert code == 0
    for line in (
        "Watchdog Timer Use:     SMS/OS (0x44)",
        "Watchdog Timer Is:      Started/Running",
        "Watchdog Timer Action:  Power Cycle (0x03)",
        "Initial Countdown:      300.0 sec",
    ):
        assert line in printed
    assert live.real.snapshot.watchdog.setting.action is WatchdogAction.POWER_CYCLE
    code, printed = await live.ipmitool("mc", "watchdog", "off")
    assert (code, printed) == (0, "Watchdog Timer Shutoff successful -- timer stopped\n")
    assert "Is:      Stopped" in (await live.ipmitool("mc", "watchdog", "get"))[1]


async def test_a_watchdog_that_runs_out_resets_the_node_and_every_client_says_so(live: Live) -> None:
    await live.real.do(Power(PowerAction.ON), ADMIN)
    await live.ipmitool("raw", "6", "0x24", "0x04", "0x01", "0", "0x10", "2", "0")
    await live.ipmitool("mc", "watchdog", "reset")
    await until(lambda: live.machine.applied == [PowerAction.ON, PowerAction.FORCE_RESTART])
    await until(lambda: live.real.snapshot.cause is PowerCause.WATCHDOG)
    assert live.real.snapshot.watchdog.expired == {WatchdogUse.SMS_OS}
    printed = (await live.ipmitool("mc", "watchdog", "get"))[1]
    assert "Timer Expiration Flags: (0x10)" in printed
    assert "Present Countdown:      0.0 sec" in printed
    assert "watchdog expired" in (await live.ipmitool("chassis", "restart_cause"))[1]
    assert (
        "Restart cause : Watchdog expiration" in (await live.freeipmi("ipmi-chassis", "--get-system-restart-cause"))[1]
    )
    assert "Watchdog2 #0x04 | Hard reset | Asserted" in (await live.ipmitool("sel", "list"))[1]


async def test_the_restore_policy_as_ipmitool_sets_and_shows_it(live: Live) -> None:
    code, printed = await live.ipmitool("chassis", "policy", "list")
    assert (code, printed) == (0, "Supported chassis power policy:  always-off always-on previous\n")
    for word, policy in (
        ("always-on", RestorePolicy.ALWAYS_ON),
        ("previous", RestorePolicy.LAST_STATE),
        ("always-off", RestorePolicy.ALWAYS_OFF),
    ):
        code, printed = await live.ipmitool("chassis", "policy", word)
        assert (code, printed) == (0, f"Set chassis power restore policy to {word}\n")
        assert live.real.snapshot.restore_policy is policy
        assert f"Power Restore Policy : {word}" in (await live.ipmitool("chassis", "status"))[1]


async def test_chassis_status_tells_the_last_power_event(live: Live) -> None:
    await live.ipmitool("chassis", "power", "on")
    assert "Last Power Event     : command" in (await live.ipmitool("chassis", "status"))[1]
    live.machine.become(PowerState.OFF, PowerCause.MAINS_LOST)
    await until(lambda: live.real.snapshot.cause is PowerCause.MAINS_LOST)
    assert "Last Power Event     : ac-failed" in (await live.ipmitool("chassis", "status"))[1]
    printed = (await live.freeipmi("ipmi-chassis", "--get-chassis-status"))[1]
    assert "Last Power Event                    : ac failed" in printed


async def test_ipmi_chassis_does_and_tells_all_it_knows(live: Live) -> None:
    async def chassis(*words: str) -> str:
        code, printed = await live.freeipmi("ipmi-chassis", *words)
        assert code == 0, printed
        return printed

    printed = await chassis("--get-chassis-capabilities")
    assert "Diagnostic Interrupt    : provided" in printed
    assert "Intrusion sensor        : not provided" in printed
    for word, shown in (("30", "Timed on"), ("FORCE", "Indefinite on"), ("TURN-OFF", "off")):
        await chassis(f"--chassis-identify={word}")
        assert f"Chassis Identify state              : {shown}" in await chassis("--get-chassis-status")
    for word in ("POWER-UP", "HARD-RESET", "POWER-CYCLE", "DIAGNOSTIC-INTERRUPT", "POWER-DOWN"):
        await chassis(f"--chassis-control={word}")
    assert "Power on hours : 0 Hours 0 Minutes" in await chassis("--get-power-on-hours-counter")
    assert live.machine.applied == [
        PowerAction.ON,
        PowerAction.FORCE_RESTART,
        PowerAction.FORCE_OFF,
        PowerAction.ON,
        PowerAction.NMI,
        PowerAction.FORCE_OFF,
    ]


async def test_ipmi_config_checks_out_commits_and_finds_no_difference(live: Live, tmp_path: Path) -> None:
    async def config(*words: str) -> tuple[int, str]:
        return await live.freeipmi("ipmi-config", "--category=chassis", *words)

    for pair in (
        "Chassis_Power_Conf:Power_Restore_Policy=Restore_State_AC_Apply",
        "Chassis_Power_Conf:Power_Cycle_Interval=1",
        "Chassis_Boot_Flags:Boot_Flags_Persistent=Yes",
        "Chassis_Boot_Flags:Boot_Device=CD-DVD",
        "Chassis_Front_Panel_Buttons:Enable_Reset_Button=Yes",
    ):
        code, printed = await config("--commit", "-e", pair)
        assert (code, printed) == (0, ""), pair
    assert live.real.snapshot.restore_policy is RestorePolicy.LAST_STATE
    assert live.real.snapshot.boot == BootOverride(BootTarget.CD, BootEnabled.CONTINUOUS)
    code, printed = await config("--checkout")
    assert code == 0
    kept = tmp_path / "chassis.conf"
    kept.write_text(printed)
    for verb in ("--diff", "--commit", "--diff"):
        assert await config(verb, "-n", str(kept)) == (0, ""), verb
    for pair in ("Chassis_Boot_Flags:Boot_Device=FLOPPY", "Chassis_Boot_Flags:CMOS_Clear=Yes"):
        code, printed = await config("--commit", "-e", pair)
        assert code == 1
        assert "Failed to commit" in printed


async def test_ipmipower_does_each_verb_and_waits(live: Live) -> None:
    for verbs, shown in (
        (("--stat",), "off"),
        (("--on", "--wait-until-on"), "ok"),
        (("--stat",), "on"),
        (("--cycle",), "ok"),
        (("--reset",), "ok"),
        (("--pulse",), "ok"),
        (("--soft", "--wait-until-off"), "ok"),
        (("--on", "--wait-until-on"), "ok"),
        (("--off", "--wait-until-off"), "ok"),
        (("--stat",), "off"),
    ):
        assert await live.freeipmi("ipmipower", *verbs) == (0, f"127.0.0.1: {shown}\n"), verbs


async def test_ipmipower_is_answered_before_it_asks_again(live: Live) -> None:
    """It asks again after 0.4 s, under another sequence number, and takes no answer to what it asked first."""
    live.machine.gate.clear()
    before = live.server.counters["requests"]
    assert await live.freeipmi("ipmipower", "--on") == (0, "127.0.0.1: ok\n")
    live.machine.gate.set()
    await until(lambda: live.real.snapshot.power is PowerState.ON)
    asked = live.server.counters["requests"] - before
    assert asked <= 4


@pytest.mark.parametrize("parameter", range(8))
async def test_every_boot_parameter_can_be_read(live: Live, parameter: int) -> None:
    code, printed = await live.ipmitool("chassis", "bootparam", "get", str(parameter))
    assert code == 0
    assert f"Boot parameter {parameter} is valid/unlocked" in printed


async def test_bootparam_set_bootflag(live: Live) -> None:
    code, printed = await live.ipmitool("chassis", "bootparam", "set", "bootflag", "force_pxe", "options=timeout")
    assert (code, printed) == (0, "Set Boot Device to force_pxe\n")
    assert live.real.snapshot.boot == BootOverride(BootTarget.PXE, BootEnabled.ONCE)
    printed = (await live.ipmitool("chassis", "bootparam", "get", "3"))[1]
    assert "Don't automatically clear boot flag valid bit on timeout" not in printed
    printed = (await live.ipmitool("chassis", "bootparam", "set", "bootflag", "force_safe"))[1]
    assert "Invalid data field in request" in printed
    assert live.real.snapshot.boot.target is BootTarget.PXE


async def test_bootdev_with_its_options(live: Live) -> None:
    code, _ = await live.ipmitool("chassis", "bootdev", "cdrom", "options=efiboot,persistent,valid")
    assert code == 0
    assert live.real.snapshot.boot == BootOverride(BootTarget.CD, BootEnabled.CONTINUOUS, BootMode.UEFI)
    for option in ("clear-cmos", "lockkbd", "screenblank", "lockoutreset", "verbose=yes", "cons_redirect=enable"):
        assert (
            "Invalid data field in request"
            in ((await live.ipmitool("chassis", "bootdev", "pxe", f"options={option}"))[1])
        ), option
    assert live.real.snapshot.boot.target is BootTarget.CD


async def test_the_boot_mailbox_keeps_what_ipmitool_puts_in(live: Live) -> None:
    assert (await live.ipmitool("chassis", "bootmbox", "set", "text", "674", "hello world of blocks"))[0] == 0
    code, printed = await live.ipmitool("chassis", "bootmbox", "get", "text")
    assert code == 0
    assert "Block   0 Data : 'hello world o'\n Block   1 Data : 'f blocks'" in printed
    assert "Block   4 Data" in printed


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("0 5 4 0x20 0x20 0x20 0x20", None),
        ("0 5 4 0x20 0x20 0x20 0x20 0x20", None),
        ("0 5 0 0x20 0x20 0x20 0x20", "cc"),
        ("0 5 4 0x20 0x20 0x22 0x20", "cc"),
        ("0 5 5 0x20 0x20 0x20 0x20", "cc"),
        ("0 6 4", "cc"),
        ("0 0x0a 0", None),
        ("0 0x0a 1", "cc"),
        ("0 3", "c1"),
    ],
)
async def test_only_what_is_so_anyway_can_be_set(live: Live, words: str, code: str | None) -> None:
    printed = (await live.ipmitool("raw", *words.split()))[1]
    assert printed.strip() == "" if code is None else f"rsp=0x{code}" in printed
