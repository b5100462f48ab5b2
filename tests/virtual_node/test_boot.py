"""Boot overrides on a real guest: each target, once and continuous, however the boot comes about, and spent by it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.errors import NotSupported
from bmc.model.power import PowerAction, PowerCause
from bmc.virtual_node import setup_key
from tests.virtual_node.rig import Rig
from tests.virtual_node.sector import write_cd

pytestmark = pytest.mark.guest

CD_ONCE = BootOverride(BootTarget.CD, BootEnabled.ONCE)
CD_ALWAYS = BootOverride(BootTarget.CD, BootEnabled.CONTINUOUS)


@pytest.fixture
async def with_cd(rig: Rig, tmp_path: Path) -> Rig:
    await rig.media.insert("cd0", str(write_cd(tmp_path / "boot.iso")), "boot.iso")
    return rig


async def armed(rig: Rig, override: BootOverride) -> None:
    await rig.boot.apply(override)


def spent(rig: Rig, override: BootOverride) -> int:
    return sum(seen.override == override for seen in rig.boots)


async def test_once_is_followed_by_power_on_and_spent_by_it(with_cd: Rig):
    await armed(with_cd, CD_ONCE)
    position = await with_cd.power_on("CD-UP")
    assert spent(with_cd, CD_ONCE) == 1
    await asyncio.sleep(2.1)
    await with_cd.serial.say("r")
    await with_cd.serial.until("DISK-UP", position)
    assert spent(with_cd, CD_ONCE) == 1


async def test_once_is_followed_by_force_restart_and_spent_by_it(with_cd: Rig):
    position = await with_cd.power_on("DISK-UP")
    await armed(with_cd, CD_ONCE)
    await with_cd.apply(PowerAction.FORCE_RESTART)
    position = await with_cd.serial.until("CD-UP", position)
    assert spent(with_cd, CD_ONCE) == 1
    await with_cd.apply(PowerAction.FORCE_RESTART)
    await with_cd.serial.until("DISK-UP", position)
    assert spent(with_cd, CD_ONCE) == 1


async def test_once_is_followed_by_the_guests_own_reboot_and_spent_by_it(with_cd: Rig):
    position = await with_cd.power_on("DISK-UP")
    await armed(with_cd, CD_ONCE)
    await with_cd.serial.say("r")
    position = await with_cd.serial.until("CD-UP", position)
    await with_cd.told(lambda reading: reading.cause is PowerCause.GUEST_RESET)
    assert spent(with_cd, CD_ONCE) == 1
    await asyncio.sleep(2.1)
    await with_cd.serial.say("r")
    await with_cd.serial.until("DISK-UP", position)


async def test_once_waits_through_a_shutdown(with_cd: Rig):
    await with_cd.power_on("DISK-UP")
    await armed(with_cd, CD_ONCE)
    await with_cd.serial.say("o")
    await with_cd.told(lambda reading: reading.cause is PowerCause.GUEST_SHUTDOWN, "process")
    assert spent(with_cd, CD_ONCE) == 0
    await with_cd.power_on("CD-UP")
    assert spent(with_cd, CD_ONCE) == 1


async def test_continuous_holds_until_it_is_taken_back(with_cd: Rig):
    position = await with_cd.power_on("DISK-UP")
    await armed(with_cd, CD_ALWAYS)
    for _ in range(2):
        await with_cd.serial.say("r")
        position = await with_cd.serial.until("CD-UP", position)
    await armed(with_cd, NO_OVERRIDE)
    await asyncio.sleep(2.1)
    await with_cd.serial.say("r")
    await with_cd.serial.until("DISK-UP", position)


async def test_continuous_holds_over_power_off(with_cd: Rig):
    await armed(with_cd, CD_ALWAYS)
    await with_cd.power_on("CD-UP")
    await with_cd.apply(PowerAction.FORCE_OFF)
    await with_cd.power_on("CD-UP")


async def test_an_override_taken_back_in_time_is_not_followed(with_cd: Rig):
    position = await with_cd.power_on("DISK-UP")
    await armed(with_cd, CD_ONCE)
    await armed(with_cd, NO_OVERRIDE)
    await with_cd.serial.say("r")
    await with_cd.serial.until("DISK-UP", position)
    assert b"CD-UP" not in with_cd.serial.printed
    assert spent(with_cd, CD_ONCE) == 0


async def test_network_boot_is_tried_first_and_falls_on(make_rig):
    rig = make_rig(nics=[{}])
    rig.write_disk()
    await rig.start()
    override = BootOverride(BootTarget.PXE, BootEnabled.ONCE)
    await armed(rig, override)
    position = await rig.power_on("DISK-UP")
    printed = bytes(rig.serial.printed[:position])
    assert b"Booting from ROM" in printed
    assert b"Nothing to boot" in printed or b"iPXE" in printed
    assert spent(rig, override) == 1


async def test_setup_on_bios_is_the_boot_menu_on_the_serial_line(rig: Rig):
    await armed(rig, BootOverride(BootTarget.BIOS_SETUP, BootEnabled.ONCE))
    await rig.apply(PowerAction.ON)
    position = await rig.serial.until("Select boot device")
    await asyncio.sleep(2)
    assert b"DISK-UP" not in rig.serial.printed
    await rig.serial.say("1")
    await rig.serial.until("DISK-UP", position)


async def test_a_firmware_that_missed_the_key_is_asked_again(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    await armed(rig, BootOverride(BootTarget.BIOS_SETUP, BootEnabled.ONCE))
    monkeypatch.setitem(setup_key.KEY, BootMode.LEGACY, "a")
    await rig.apply(PowerAction.ON)
    position = await rig.serial.until("Booting from")
    monkeypatch.setitem(setup_key.KEY, BootMode.LEGACY, "esc")
    await rig.serial.until("Select boot device", position)
    assert len(rig.boots) == 1


async def test_what_the_node_has_not_cannot_be_booted(rig: Rig):
    with pytest.raises(NotSupported, match="nothing to boot Pxe from"):
        await armed(rig, BootOverride(BootTarget.PXE, BootEnabled.ONCE))
    with pytest.raises(NotSupported, match="boots Legacy only"):
        await armed(rig, BootOverride(BootTarget.HDD, BootEnabled.ONCE, BootMode.UEFI))


async def test_an_override_to_an_empty_drive_falls_on(rig: Rig):
    await armed(rig, CD_ONCE)
    await rig.power_on("DISK-UP")
    assert spent(rig, CD_ONCE) == 1


@pytest.mark.parametrize("bus", ["scsi", "sata", "nvme"])
async def test_every_bus_boots_and_steps_back_for_an_override(make_rig: Callable[..., Rig], tmp_path: Path, bus: str):
    """The rest of this file has a virtio disk."""
    rig = make_rig(disks=[{"size_mib": 8, "bus": bus}], nics=[{"model": "e1000e"}])
    rig.write_disk()
    await rig.start()
    await rig.media.insert("cd0", str(write_cd(tmp_path / "boot.iso")), "boot.iso")
    await armed(rig, CD_ONCE)
    position = await rig.power_on("CD-UP")
    await rig.apply(PowerAction.FORCE_RESTART)
    await rig.serial.until("DISK-UP", position)
