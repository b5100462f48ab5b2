"""Power of a real guest: what is done to it, what it does itself, and what the senses tell of it."""

import asyncio
import os
import signal
import time
from dataclasses import replace

import pytest

from bmc.model.errors import Refused, WrongState
from bmc.model.power import Health, PowerAction, PowerCause, PowerState
from bmc.virtual_node.driver import driver
from robots.testing import make_site
from tests.virtual_node.rig import SMALL, Rig

pytestmark = pytest.mark.guest

SOON = 2.0
"""What an operator is promised, one second, and one for the other tests beside."""


async def test_off_is_no_process_and_on_is_one(rig: Rig):
    await rig.shows(PowerState.OFF)
    await rig.power_on()
    await rig.shows(PowerState.ON)
    assert os.stat(f"/proc/{rig.pid}").st_uid not in (0, None) or os.geteuid() != 0
    await rig.apply(PowerAction.FORCE_OFF)
    await rig.shows(PowerState.OFF)
    assert not os.path.exists(f"/proc/{rig.pid}/cwd")
    assert (await rig.backend.senses[0].read()).cause is PowerCause.COMMAND
    await rig.power_on()


async def test_a_guest_that_powers_itself_off_is_off_within_a_second(rig: Rig):
    await rig.power_on()
    asked = time.time()
    await rig.serial.say("o")
    reading = await rig.told(lambda reading: reading.cause is PowerCause.GUEST_SHUTDOWN)
    assert time.time() - asked < SOON
    assert reading.state is PowerState.OFF
    assert reading.health is Health.OK
    process = await rig.told(lambda reading: reading.state is PowerState.OFF, "process")
    assert process.cause is PowerCause.GUEST_SHUTDOWN
    await rig.shows(PowerState.OFF)


async def test_the_acpi_button_asks_the_guest(rig: Rig):
    await rig.power_on()
    await rig.apply(PowerAction.GRACEFUL_SHUTDOWN)
    await rig.told(lambda reading: reading.cause is PowerCause.GUEST_SHUTDOWN)


async def test_a_reboot_from_inside_is_told_once_and_within_a_second(rig: Rig):
    await rig.power_on()
    asked = time.time()
    position = await rig.serial.say("r")
    reading = await rig.told(lambda reading: reading.cause is PowerCause.GUEST_RESET)
    assert time.time() - asked < SOON
    assert reading.state is PowerState.ON
    await rig.serial.until("DISK-UP", position)
    await asyncio.sleep(0.1)
    resets = [reading for name, reading in rig.readings if reading.cause is PowerCause.GUEST_RESET]
    assert len(resets) == 1, "SeaBIOS resets the machine again by itself; that is no second reboot"


async def test_force_restart_is_a_host_reset(rig: Rig):
    position = await rig.power_on()
    await rig.apply(PowerAction.FORCE_RESTART)
    await rig.told(lambda reading: reading.cause is PowerCause.HOST_RESET, within=SOON)
    await rig.serial.until("DISK-UP", position)
    await rig.shows(PowerState.ON)


async def test_a_panic_pauses_the_guest_until_it_is_resumed(rig: Rig):
    await rig.power_on()
    asked = time.time()
    position = await rig.serial.say("p")
    reading = await rig.told(lambda reading: reading.cause is PowerCause.GUEST_PANIC)
    assert time.time() - asked < SOON
    assert (reading.state, reading.health, reading.paused) == (PowerState.ON, Health.CRITICAL, True)
    assert "panic" in reading.reason
    assert (await rig.backend.senses[0].read()).paused
    await rig.backend.switch.resume()
    await rig.serial.until("RESUMED", position)
    await rig.told(lambda reading: reading.cause is PowerCause.RESUMED)
    assert (await rig.backend.senses[0].read()).health is Health.OK
    with pytest.raises(WrongState, match="not paused"):
        await rig.backend.switch.resume()


async def test_a_panicked_guest_can_be_restarted(rig: Rig):
    await rig.power_on()
    position = await rig.serial.say("p")
    await rig.told(lambda reading: reading.cause is PowerCause.GUEST_PANIC)
    await rig.apply(PowerAction.FORCE_RESTART)
    await rig.serial.until("DISK-UP", position)
    assert not (await rig.backend.senses[0].read()).paused


async def test_an_nmi_reaches_the_guest(rig: Rig):
    position = await rig.power_on()
    await rig.apply(PowerAction.NMI)
    await rig.serial.until("NMI", position)


async def test_the_death_of_qemu_is_a_fault_with_its_reason(rig: Rig):
    await rig.power_on()
    os.kill(rig.pid, signal.SIGKILL)
    for sense in ("qmp", "process"):
        reading = await rig.told(lambda reading: reading.cause is PowerCause.PROCESS_DIED, sense, within=SOON)
        assert (reading.state, reading.health) == (PowerState.OFF, Health.CRITICAL)
        assert "SIGKILL" in reading.reason
    await rig.power_on()
    assert (await rig.backend.senses[0].read()).health is Health.OK


async def test_qemu_ended_by_a_polite_signal_is_a_fault_too(rig: Rig):
    await rig.power_on()
    os.kill(rig.pid, signal.SIGTERM)
    reading = await rig.told(lambda reading: reading.state is PowerState.OFF, within=SOON)
    assert reading.cause is PowerCause.PROCESS_DIED
    assert "host-signal" in reading.reason


async def test_force_off_ends_a_qemu_that_hangs(rig: Rig):
    await rig.power_on()
    os.kill(rig.pid, signal.SIGSTOP)
    await rig.apply(PowerAction.FORCE_OFF)
    await rig.shows(PowerState.OFF, within=SOON)
    assert (await rig.backend.senses[0].read()).cause is PowerCause.COMMAND


async def test_a_hanging_qemu_is_unknown_and_never_guessed(rig: Rig):
    await rig.power_on()
    os.kill(rig.pid, signal.SIGSTOP)
    reading = await rig.backend.senses[0].read()
    os.kill(rig.pid, signal.SIGCONT)
    assert reading.state is PowerState.UNKNOWN
    assert "did not answer" in reading.reason
    await rig.shows(PowerState.ON)


async def test_on_without_the_memory_for_it_is_refused_and_nothing_is_started(make_rig):
    rig = await make_rig(memory_mib=8 * 1024 * 1024).start()
    with pytest.raises(Refused, match="not enough memory"):
        await rig.apply(PowerAction.ON)
    await rig.shows(PowerState.OFF)


async def test_what_makes_no_sense_when_off_is_said(rig: Rig):
    for action in (PowerAction.FORCE_RESTART, PowerAction.NMI, PowerAction.GRACEFUL_SHUTDOWN):
        with pytest.raises(WrongState, match="is off"):
            await rig.apply(action)


async def test_a_disk_never_shrinks(rig: Rig, make_rig):
    """That is said when it is asked for, so that nothing is powered off for what cannot start again."""
    await rig.power_on()
    await rig.apply(PowerAction.FORCE_OFF)
    asked = replace(rig.definition, options={**SMALL, "disks": [{"size_mib": 4}]})
    with pytest.raises(Refused, match=r"options\.disks\[0\].*never shrunk"):
        driver.complete(asked, make_site(rig.directory))
    smaller = make_rig(disks=[{"size_mib": 4}])
    await smaller.start()
    with pytest.raises(Refused, match=r"options\.disks\[0\].*never shrunk"):
        await smaller.apply(PowerAction.ON)
