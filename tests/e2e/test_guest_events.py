"""What a guest does, or what becomes of its QEMU, is a state and an event within a second."""

import asyncio
import os
import signal
import time

import pytest

from tests.e2e.service import (
    ADMIN,
    BOOT,
    PROMPTLY,
    SYSTEMS,
    LiveService,
    boot,
    booting,
    event_stream,
    serial_console,
    wait_until,
)

pytestmark = pytest.mark.guest


async def nobody_watches(live: LiveService, node: str) -> None:
    """Whoever leaves a console is gone from its viewers a moment later."""

    def gone() -> bool:
        return not live.system(node)["Oem"]["Lightsout"]["Viewers"]

    await asyncio.to_thread(wait_until, gone, 30, f"nobody at the consoles of {node}")


async def test_what_can_be_changed_of_a_running_server_does_not_drift(live: LiveService) -> None:
    await boot(live, "n1")
    await nobody_watches(live, "n1")
    users, sensor = "/redfish/v1/Managers/n1/RemoteAccountService/Accounts", "/redfish/v1/Chassis/n1/Sensors/CPULoad"
    paths = [f"{SYSTEMS}/n1", f"{SYSTEMS}/n1/Bios/Settings", "/redfish/v1/Chassis/n1"]
    paths += [live.get(users)["Members"][0]["@odata.id"], f"/redfish/v1/AccountService/Accounts/{ADMIN}"]
    before, measured = {path: live.call("GET", path) for path in paths}, live.get(sensor)["ReadingTime"]
    async with serial_console(live, "n1") as shell:
        await shell.login(live.root_password)
        await shell.type("dmesg; echo th''at is all\r")
        await shell.expect("that is all", 60)
    await asyncio.to_thread(wait_until, lambda: live.get(sensor)["ReadingTime"] > measured, 30, "another reading")
    await nobody_watches(live, "n1")
    for path in paths:
        now = live.call("GET", path)
        assert now.body == before[path].body
        assert now.headers["ETag"] == before[path].headers["ETag"]


async def test_reboot_panic_resume_and_the_death_of_qemu_are_seen_within_a_second(live: LiveService) -> None:
    await boot(live, "n1")
    first = live.qemu("n1")
    async with booting(), event_stream(live) as events, serial_console(live, "n1") as shell:
        await shell.login(live.root_password)

        await shell.type("reboot\r")
        await shell.expect("reboot: Restarting system", 60)
        rebooted = time.monotonic()
        at, event = await events.expect("n1", "node.reset", after=rebooted - PROMPTLY)
        assert abs(at - rebooted) < PROMPTLY
        assert event["Details"]["cause"] == "guest-reset"
        assert live.qemu("n1") == first
        assert live.power("n1") == "On"
        await shell.expect("login: $", BOOT)
        await shell.login(live.root_password)

        await shell.type("echo c > /proc/sysrq-trigger\r")
        await shell.expect("Kernel panic", 60)
        panicked = time.monotonic()
        at, event = await events.expect("n1", "node.paused", after=panicked - PROMPTLY)
        assert at - panicked < PROMPTLY
        assert event["Details"]["cause"] == "guest-panic"
        system = live.system("n1")
        assert system["PowerState"] == "On"
        assert system["Status"]["Health"] == "Critical"
        assert "panic" in system["Status"]["Conditions"][0]["Message"]
        assert system["Oem"]["Lightsout"]["Paused"] is True
        assert "is on" in live.ipmitool("n1", "chassis", "power", "status")

        live.do("POST", "/redfish/v1/Systems/n1/Actions/Oem/Lightsout.Resume", {})
        await events.expect("n1", "node.resumed", after=panicked)
        assert live.system("n1")["Status"]["Health"] == "OK"

        assert first is not None
        os.kill(first, signal.SIGKILL)
        killed = time.monotonic()
        at, event = await events.expect("n1", "power.changed", after=killed)
        assert at - killed < PROMPTLY
        assert (event["Details"]["to"], event["Details"]["cause"]) == ("Off", "process-died")
        system = live.system("n1")
        assert (system["PowerState"], system["Status"]["Health"]) == ("Off", "Critical")
        assert "SIGKILL" in system["Status"]["Conditions"][0]["Message"]
        assert "is off" in live.ipmitool("n1", "chassis", "power", "status")

    live.reset("n1", "On")
    assert live.system("n1")["Status"]["Health"] == "OK"
    live.off("n1")


async def test_a_shutdown_from_inside_is_off_and_nothing_is_left_running(live: LiveService) -> None:
    await boot(live, "n1")
    async with event_stream(live) as events, serial_console(live, "n1") as shell:
        await shell.login(live.root_password)
        await shell.type("poweroff\r")
        await shell.expect("reboot: Power down", 60)
        down = time.monotonic()
        at, event = await events.expect("n1", "power.changed", after=down - PROMPTLY)
        assert at - down < PROMPTLY
        assert (event["Details"]["to"], event["Details"]["cause"]) == ("Off", "guest-shutdown")
    await asyncio.to_thread(wait_until, lambda: live.qemu("n1") is None, 30, "no QEMU")
    assert live.system("n1")["Status"]["Health"] == "OK"
