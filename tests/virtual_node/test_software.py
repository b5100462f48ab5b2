"""The versions of what a virtual node runs on, as others tell them."""

import subprocess
from pathlib import Path

import pytest

from bmc.model.boot import BootMode
from bmc.virtual_node import firmware
from bmc.virtual_node.driver import QEMU, driver
from tests.virtual_node.rig import Rig


def test_each_version_is_what_the_program_or_its_package_says():
    told = {software.id: software for software in driver.software()}
    assert list(told) == ["qemu", "seabios", "ovmf"]
    assert f"version {told['qemu'].version}\n" in subprocess.check_output([QEMU, "--version"], text=True)
    packaged = subprocess.check_output(["dpkg-query", "-W", "-f=${Version}", "ovmf"], text=True)
    assert told["ovmf"].version == packaged
    assert {software.driver for software in told.values()} == {"qemu"}
    assert (told["seabios"].firmware, told["ovmf"].firmware) == (BootMode.LEGACY, BootMode.UEFI)


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert list(driver.software()) == []


def test_a_version_that_cannot_be_told_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "bios").write_bytes(b"no version\x00")
    assert firmware.bios_version(tmp_path / "bios") == ""
    assert firmware.bios_version(tmp_path / "missing") == ""
    assert firmware.package_version(tmp_path / "bios") == ""
    firmware._version_of_owner.cache_clear()
    monkeypatch.setenv("PATH", "/nonexistent")
    assert firmware.package_version(firmware.find_uefi().code) == ""


@pytest.mark.guest
async def test_the_firmware_that_a_node_shows_is_the_one_that_greets_on_its_serial_line(rig: Rig):
    assert rig.backend.inventory is not None
    assert rig.backend.inventory.hardware().firmware_version == ""
    await rig.power_on("DISK-UP")
    version = rig.backend.inventory.hardware().firmware_version
    assert version == next(software.version for software in driver.software() if software.id == "seabios")
    assert f"SeaBIOS (version {version})".encode() in rig.serial.printed
