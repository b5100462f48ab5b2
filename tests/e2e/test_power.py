"""Power by ipmitool and by Redfish: what one door does, the others show within a second."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.e2e.service import PROMPTLY, LiveService, boot, event_stream, serial_console, wait_until

pytestmark = pytest.mark.guest


@pytest.fixture
async def empty(live: LiveService) -> AsyncIterator[str]:
    """A node with nothing on its disk, off: firmware is all that runs in it."""
    live.off("n3")
    yield "n3"
    live.off("n3")


async def test_power_on_and_off_by_ipmitool_are_seen_by_redfish_and_in_the_event_stream(
    live: LiveService, empty: str
) -> None:
    async with event_stream(live) as events:
        for word, state in (("on", "On"), ("off", "Off")):
            asked = time.monotonic()
            said = await asyncio.to_thread(live.ipmitool, empty, "chassis", "power", word)
            assert said.strip() == f"Chassis Power Control: {'Up/On' if word == 'on' else 'Down/Off'}"
            answered = time.monotonic()
            at, event = await events.expect(empty, "power.changed", after=asked)
            assert at - answered < PROMPTLY
            assert event["Details"]["to"] == state
            assert live.power(empty) == state
            assert live.ipmitool(empty, "chassis", "power", "status").strip() == f"Chassis Power is {word}"


async def test_power_by_redfish_is_seen_by_ipmitool(live: LiveService, empty: str) -> None:
    for kind, word in (("On", "on"), ("ForceOff", "off"), ("PushPowerButton", "on"), ("ForceOff", "off")):
        live.reset(empty, kind)
        done = time.monotonic()
        while True:
            asked = time.monotonic()  # how long ipmitool itself takes, is not what is looked at
            if word in live.ipmitool(empty, "power", "status"):
                break
            assert asked - done < PROMPTLY, f"{kind} is not seen"


async def test_cycle_and_reset_of_a_node_that_is_off_are_refused_at_both_doors(live: LiveService, empty: str) -> None:
    for word, kind in (("cycle", ""), ("reset", "ForceRestart"), ("diag", "Nmi")):
        refused = live.try_ipmitool(empty, "chassis", "power", word)
        assert refused.returncode != 0
        assert "Command not supported in present state" in refused.stderr
        if not kind:
            continue  # Redfish's PowerCycle turns on what is off
        action = f"/redfish/v1/Systems/{empty}/Actions/ComputerSystem.Reset"
        answer = live.call("POST", action, {"ResetType": kind})
        assert answer.status == 409
        assert "off" in answer.words.lower()
    assert live.qemu(empty) is None
    live.reset(empty, "PowerCycle")
    live.until_power(empty, "On")


async def test_a_cycle_is_a_new_process_and_a_reset_is_not(live: LiveService, empty: str) -> None:
    live.ipmitool(empty, "chassis", "power", "on")
    first = live.qemu(empty)
    async with event_stream(live) as events:
        asked = time.monotonic()
        await asyncio.to_thread(live.ipmitool, empty, "chassis", "power", "reset")
        await events.expect(empty, "node.reset", after=asked)
        assert live.qemu(empty) == first
        await asyncio.to_thread(live.ipmitool, empty, "chassis", "power", "cycle")
        await events.expect(empty, "power.action", where=lambda event: event["Details"]["action"] == "PowerCycle")
        live.until_power(empty, "On")
    assert first is not None
    assert live.qemu(empty) not in (None, first)


async def test_ten_clients_switching_at_once_leave_the_doors_agreeing(live: LiveService, empty: str) -> None:
    """Some are told that the node is busy; none breaks anything, and there is never a second QEMU."""
    words = ("on", "off", "cycle", "on", "off", "reset", "on", "off", "cycle", "on")
    tried = [asyncio.to_thread(live.try_ipmitool, empty, "chassis", "power", word) for word in words]
    done = await asyncio.gather(*tried)
    assert any(each.returncode == 0 for each in done)
    live.ipmitool(empty, "chassis", "power", "off")
    live.until_power(empty, "Off")
    wait_until(lambda: live.qemu(empty) is None, 30, "no QEMU")
    live.ipmitool(empty, "chassis", "power", "on")
    live.until_power(empty, "On")
    assert "is on" in live.ipmitool(empty, "chassis", "power", "status")


async def test_a_guest_hears_diag_and_obeys_soft(live: LiveService) -> None:
    """`diag` reaches the guest's kernel; `soft` is asked of the guest and done by it."""
    await boot(live, "n1")
    async with event_stream(live) as events, serial_console(live, "n1") as shell:
        await shell.login(live.root_password)
        live.ipmitool("n1", "chassis", "power", "diag")
        await shell.expect("NMI", 20)
        asked = time.monotonic()
        await asyncio.to_thread(live.ipmitool, "n1", "chassis", "power", "soft")
        await shell.expect("Power down", 120)
        halted = time.monotonic()
        at, event = await events.expect("n1", "power.changed", after=asked)
        assert at - halted < PROMPTLY
        assert event["Details"] == {"to": "Off", "cause": "guest-shutdown"} | event["Details"]
    assert live.power("n1") == "Off"
    await asyncio.to_thread(wait_until, lambda: live.qemu("n1") is None, 30, "no QEMU")
