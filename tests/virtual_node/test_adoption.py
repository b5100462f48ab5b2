"""A service that is killed and started again: the guest does not notice, and nothing that it did is missed."""

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.power import Health, PowerAction, PowerCause, PowerState
from bmc.virtual_node.files import EVENTS_LOG, SERIAL_SOCKET, dial
from tests.virtual_node.rig import PATIENCE, Rig, kill_qemu, managed_and_killed
from tests.virtual_node.sector import write_cd

pytestmark = pytest.mark.guest

CD_ONCE = BootOverride(BootTarget.CD, BootEnabled.ONCE)


TOLD = {"o": "SHUTDOWN", "r": "RESET|SHUTDOWN", "p": "GUEST_PANICKED"}
"""The events of QEMU that each key of the guest makes; with a boot device armed, a reset ends QEMU's run."""


async def type_without_a_service(rig: Rig, key: str, expect: str = "") -> None:
    """Until QEMU has told of what the key does, and the guest has printed what is expected of it."""
    loop, events = asyncio.get_running_loop(), rig.files.guest / EVENTS_LOG

    def told() -> int:
        return len(re.findall(TOLD[key], events.read_text()))

    before, printed = told(), b""
    with await dial(rig.files.guest, SERIAL_SOCKET, rig.pid) as line:
        await loop.sock_sendall(line, key.encode())
        async with asyncio.timeout(PATIENCE):
            while told() == before:  # noqa: ASYNC110 - nobody listens to QEMU
                await asyncio.sleep(0.02)
            while expect and expect.encode() not in printed:
                printed += await loop.sock_recv(line, 4096)


@pytest.fixture
def rig(make_rig) -> Rig:
    """Not started: a manager in another process comes first."""
    made: Rig = make_rig()
    made.write_disk()
    made.files.make()
    return made


async def test_a_running_guest_is_adopted_without_a_blink(rig: Rig):
    await managed_and_killed(rig, "on", "until=DISK-UP")
    pid = rig.pid
    await rig.start()
    await rig.shows(PowerState.ON)
    assert rig.pid == pid
    history = await rig.line.history(65536)
    assert b"DISK-UP" in history
    position = await rig.serial.say("x")
    await rig.serial.until("x", position)
    assert b"DISK-UP" not in rig.serial.printed, "the guest was not restarted"
    await rig.apply(PowerAction.FORCE_OFF)
    await rig.shows(PowerState.OFF)


async def test_a_guest_that_the_service_died_over_before_it_ran_is_off_at_the_first_look(rig: Rig):
    """Else the power On that was cut off would count as done, and be forgotten."""
    await managed_and_killed(rig, "launch")
    await rig.start()
    assert {(await sense.read()).state for sense in rig.backend.senses} == {PowerState.OFF}
    await rig.power_on()


async def test_a_shutdown_that_nobody_saw_is_told(rig: Rig):
    await managed_and_killed(rig, "on", "until=DISK-UP")
    await type_without_a_service(rig, "o")
    await rig.start()
    await rig.shows(PowerState.OFF)
    assert (await rig.told(lambda reading: reading.state is PowerState.OFF)).cause is PowerCause.GUEST_SHUTDOWN


async def test_a_reboot_that_nobody_saw_is_told(rig: Rig):
    await managed_and_killed(rig, "on", "until=DISK-UP")
    await type_without_a_service(rig, "r", expect="DISK-UP")
    await rig.start()
    reading = await rig.told(lambda reading: reading.cause is PowerCause.GUEST_RESET)
    assert reading.state is PowerState.ON
    assert len(rig.boots) == 2


async def test_a_panic_that_nobody_saw_is_told_and_can_be_resumed(rig: Rig):
    await managed_and_killed(rig, "on", "until=DISK-UP")
    await type_without_a_service(rig, "p")
    await rig.start()
    reading = await rig.told(lambda reading: reading.cause is PowerCause.GUEST_PANIC)
    assert reading.health is Health.CRITICAL
    await rig.backend.switch.resume()
    await rig.told(lambda reading: reading.cause is PowerCause.RESUMED)


async def test_a_death_that_nobody_saw_is_told_with_its_reason(rig: Rig):
    await managed_and_killed(rig, "on", "until=DISK-UP")
    os.kill(rig.pid, signal.SIGKILL)
    await rig.start()
    reading = await rig.told(lambda reading: reading.cause is PowerCause.PROCESS_DIED)
    assert (reading.state, reading.health) == (PowerState.OFF, Health.CRITICAL)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
async def test_a_host_that_was_restarted_took_the_power_and_that_is_no_fault(rig: Rig, monkeypatch, sign):
    """With an orderly shutdown of the host QEMU is ended by a signal, which it still tells."""
    await managed_and_killed(rig, "on", "until=DISK-UP")
    pid = rig.pid
    os.kill(pid, sign)
    async with asyncio.timeout(PATIENCE):
        while Path(f"/proc/{pid}").exists():  # noqa: ASYNC110 - no child of ours
            await asyncio.sleep(0.01)
    monkeypatch.setattr("bmc.virtual_node.process.host_boot_id", lambda: "another")
    await rig.start()
    reading = await rig.told(lambda reading: reading.cause is PowerCause.MAINS_LOST)
    assert (reading.state, reading.health) == (PowerState.OFF, Health.OK)
    assert "this host was restarted" in reading.reason
    assert {(await sense.read()).cause for sense in rig.backend.senses} == {PowerCause.MAINS_LOST}
    assert rig.backend.mains is not None
    assert rig.backend.mains.epoch() == "another"


async def test_a_shutdown_before_the_host_was_restarted_is_the_guests_own(rig: Rig, monkeypatch):
    await managed_and_killed(rig, "on", "until=DISK-UP")
    await type_without_a_service(rig, "o")
    kill_qemu(rig.files)
    monkeypatch.setattr("bmc.virtual_node.process.host_boot_id", lambda: "another")
    await rig.start()
    await rig.shows(PowerState.OFF)
    assert {(await sense.read()).cause for sense in rig.backend.senses} == {PowerCause.GUEST_SHUTDOWN}


async def test_a_once_override_armed_by_a_dead_service_is_followed_once(rig: Rig, tmp_path: Path):
    await rig.start()
    await rig.media.insert("cd0", str(write_cd(tmp_path / "boot.iso")), "boot.iso")
    await rig.stop()
    await managed_and_killed(rig, "on", "until=DISK-UP", "arm=Cd")
    await type_without_a_service(rig, "r")
    await rig.start()
    position = await rig.serial.until("CD-UP")
    assert [seen.override for seen in rig.boots].count(CD_ONCE) == 1
    assert rig.media.slots()[0].image == "boot.iso"
    await asyncio.sleep(2.1)
    await rig.serial.say("r")
    await rig.serial.until("DISK-UP", position)


async def test_a_once_override_spent_just_before_the_service_died_stays_spent(rig: Rig, tmp_path: Path):
    await rig.start(follow_boots=False)
    await rig.media.insert("cd0", str(write_cd(tmp_path / "boot.iso")), "boot.iso")
    await rig.stop()
    await managed_and_killed(rig, "arm=Cd", "on")
    await rig.start(follow_boots=False)
    await rig.boot.apply(CD_ONCE)  # as a Node does that has not heard of the boot yet
    seen = await anext(rig.boot.seen())
    assert seen.override == CD_ONCE
    position = await rig.serial.until("CD-UP")
    await rig.serial.say("r")
    await rig.serial.until("DISK-UP", position)


async def test_a_stranger_with_the_pid_of_the_node_is_left_alone(rig: Rig):
    rig.files.pid.write_text(f"{os.getpid()} 1\n")
    await rig.start()
    await rig.shows(PowerState.OFF)
    await rig.apply(PowerAction.FORCE_OFF)
    rig.files.pid.unlink()


async def test_two_installations_with_the_same_node_do_not_meet(rig: Rig, make_rig, tmp_path: Path):
    await rig.start()
    await rig.power_on()
    other = Rig(tmp_path / "other", "n1")
    other.definition = rig.definition
    await other.start()
    try:
        await other.shows(PowerState.OFF)
        other.files.pid.write_text(rig.files.pid.read_text())
        await other.stop()
        await other.start()
        await other.shows(PowerState.OFF)
    finally:
        other.files.pid.unlink(missing_ok=True)
        await other.clean_up()
    await rig.shows(PowerState.ON)
