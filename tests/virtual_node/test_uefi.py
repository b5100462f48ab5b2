"""Boot overrides under UEFI."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.errors import Refused
from bmc.model.power import PowerAction, PowerCause
from bmc.virtual_node import firmware
from tests.virtual_node.efi_guest import write_efi_cd, write_efi_disk
from tests.virtual_node.rig import Rig

pytestmark = pytest.mark.guest


@pytest.fixture
async def uefi(make_rig: Callable[..., Rig], tmp_path: Path) -> Rig:
    rig = make_rig(memory_mib=128, firmware="uefi", disks=[{"size_mib": 8}])
    rig.files.make()
    write_efi_disk(rig.files.guest / "disk0.raw", 8, "DISK-UP")
    await rig.start()
    await rig.media.insert("cd0", str(write_efi_cd(tmp_path / "boot.iso", "CD-UP")), "boot.iso")
    return rig


async def test_once_is_followed_by_the_guests_own_reboot_and_spent_by_it(uefi: Rig):
    position = await uefi.power_on("DISK-UP")
    override = BootOverride(BootTarget.CD, BootEnabled.ONCE)
    await uefi.boot.apply(override)
    await uefi.serial.say("\r")
    position = await uefi.serial.until("CD-UP", position)
    await uefi.told(lambda reading: reading.cause is PowerCause.GUEST_RESET)
    assert [seen.override for seen in uefi.boots].count(override) == 1
    await uefi.serial.say("\r")
    await uefi.serial.until("DISK-UP", position)
    assert [seen.override for seen in uefi.boots].count(override) == 1


async def test_setup_is_entered_and_the_next_boot_is_an_ordinary_one(uefi: Rig):
    override = BootOverride(BootTarget.BIOS_SETUP, BootEnabled.ONCE)
    await uefi.boot.apply(override)
    position = await uefi.power_on("Boot Maintenance Manager")
    assert b"DISK-UP" not in uefi.serial.printed
    assert [seen.override for seen in uefi.boots].count(override) == 1
    await uefi.apply(PowerAction.FORCE_RESTART)
    await uefi.serial.until("DISK-UP", position)


async def test_nvme_boots_and_steps_back_for_an_override(make_rig: Callable[..., Rig], tmp_path: Path):
    rig = make_rig(memory_mib=128, firmware="uefi", disks=[{"size_mib": 8, "bus": "nvme"}], nics=[{"model": "e1000e"}])
    rig.files.make()
    write_efi_disk(rig.files.guest / "disk0.raw", 8, "DISK-UP")
    await rig.start()
    await rig.media.insert("cd0", str(write_efi_cd(tmp_path / "boot.iso", "CD-UP")), "boot.iso")
    await rig.boot.apply(BootOverride(BootTarget.CD, BootEnabled.ONCE))
    position = await rig.power_on("CD-UP")
    await rig.apply(PowerAction.FORCE_RESTART)
    await rig.serial.until("DISK-UP", position)


async def test_missing_firmware_is_refused_with_the_remedy(
    make_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
):
    rig = make_rig(firmware="uefi")
    await rig.start()
    monkeypatch.setattr(firmware.find_uefi, "__defaults__", ((),))
    with pytest.raises(Refused, match="apt install ovmf"):
        await rig.apply(PowerAction.ON)
