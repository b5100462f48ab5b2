"""Disks that fill up, guests that print for ever, logs that grow: nobody else pays for them."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from bmc.model.errors import BackendFailed, Refused
from bmc.model.power import Health, PowerAction, PowerCause, PowerState
from bmc.virtual_node.console import SERIAL_QUOTA
from bmc.virtual_node.files import SERIAL_LOG
from tests.e2e.service import wait_until
from tests.virtual_node.rig import PATIENCE, Rig

pytestmark = pytest.mark.guest


@pytest.fixture
def small_filesystem(tmp_path: Path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    place = tmp_path / "nodes"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(place)], check=True)
    yield place
    # What was killed a moment ago may still have a file open there.
    wait_until(lambda: subprocess.run(["umount", str(place)]).returncode == 0, 30, f"{place} unmounted")


async def test_a_full_disk_pauses_the_guest_and_space_lets_it_go_on(small_filesystem: Path):
    rig = Rig(small_filesystem)
    rig.write_disk()
    await rig.start()
    try:
        await rig.power_on()
        position = await rig.serial.say("w")
        reading = await rig.told(lambda reading: reading.cause is PowerCause.DISK_ERROR)
        assert (reading.state, reading.health, reading.paused) == (PowerState.ON, Health.CRITICAL, True)
        assert "disk0" in reading.reason
        assert "No space left" in reading.reason
        assert (await rig.backend.senses[0].read()).reason == reading.reason
        await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=64m", str(small_filesystem)], check=True)
        await rig.backend.switch.resume()
        await rig.told(lambda reading: reading.cause is PowerCause.RESUMED)
        await rig.serial.until("WRITTEN", position)
        assert (await rig.backend.senses[0].read()).health is Health.OK
    finally:
        await rig.clean_up()


async def test_a_guest_that_prints_for_ever_neither_fills_the_disk_nor_stops(rig: Rig):
    await rig.power_on()
    await rig.serial.say("f")
    log = rig.files.guest / SERIAL_LOG
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b"x" * (SERIAL_QUOTA + 1))
    os.close(descriptor)
    async with asyncio.timeout(PATIENCE):
        while log.stat().st_size > SERIAL_QUOTA:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert log.with_name(log.name + ".1").stat().st_size <= SERIAL_QUOTA // 2
    position = len(rig.serial.printed)
    await rig.serial.until("DISK-UP", position)
    async with asyncio.timeout(PATIENCE):
        while b"DISK-UP" not in await rig.line.history(4096):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert len(await rig.line.history(SERIAL_QUOTA)) > SERIAL_QUOTA // 4


async def test_a_viewer_that_never_reads_does_not_stop_the_guest(rig: Rig):
    await rig.power_on()
    assert rig.backend.screen is not None
    screens = [await rig.backend.screen.connect() for _ in range(2)]
    assert (await screens[0].read()).startswith(b"RFB 003.")
    position = await rig.serial.say("x")
    await rig.serial.until("x", position)
    for screen in screens:
        await screen.close()


async def test_a_break_is_heard_by_the_guest(rig: Rig):
    position = await rig.power_on()
    await rig.line.send_break()
    await rig.serial.until("\0", position)  # a break is read as a zero byte, and the guest prints what it reads


async def test_qemu_that_cannot_start_says_why(rig: Rig):
    (rig.files.guest / "serial.log").mkdir()
    with pytest.raises(BackendFailed, match=r"QEMU did not start: .*serial\.log"):
        await rig.apply(PowerAction.ON)
    await rig.shows(PowerState.OFF)
    (rig.files.guest / "serial.log").rmdir()
    await rig.power_on()


async def test_a_medium_that_is_gone_is_said_before_anything_starts(rig: Rig, tmp_path: Path):
    image = tmp_path / "image.iso"
    image.write_bytes(bytes(65536))
    await rig.media.insert("cd0", str(image), "image.iso")
    image.unlink()
    with pytest.raises(Refused, match=r"image\.iso cannot be read.*eject"):
        await rig.apply(PowerAction.ON)
    with pytest.raises(BackendFailed, match=r"image\.iso cannot be read"):
        await rig.media.insert("cd0", str(image), "image.iso")
    await rig.media.eject("cd0")
    await rig.power_on()


async def test_an_erased_node_leaves_nothing_behind(rig: Rig):
    await rig.power_on()
    await rig.apply(PowerAction.FORCE_OFF)
    await rig.backend.lifecycle.erase()
    assert not rig.files.node.exists()


async def test_names_and_paths_of_any_length_work(make_rig, tmp_path: Path):
    rig = make_rig("n" * 60)
    rig.directory = tmp_path / ("d" * 100) / ("e" * 100)
    rig.files = type(rig.files)(rig.directory / rig.definition.name)
    rig.write_disk()
    await rig.start()
    await rig.power_on()


@pytest.mark.parametrize("name", ["events.jsonl", "qmp.sock"])
async def test_a_directory_in_the_way_is_a_clear_error(rig: Rig, name: str):
    (rig.files.guest / name).mkdir(parents=True)
    with pytest.raises(BackendFailed, match=f"{name} cannot be removed"):
        await rig.apply(PowerAction.ON)
    (rig.files.guest / name).rmdir()
    await rig.power_on()
