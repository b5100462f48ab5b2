"""What a real QEMU measures, and what the files of a process say."""

import asyncio
from pathlib import Path

import pytest

from bmc.model.power import PowerAction
from bmc.virtual_node.sensors import cpu_seconds, disk_traffic, resident, traffic
from tests.virtual_node.rig import PATIENCE, Rig

DEV = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    5000      10    0    0    0     0          0         0     5000      10    0    0    0     0       0          0
  tap0:     100       1    0    0    0     0          0         0      200       2    0    0    0     0       0          0
"""  # noqa: E501 - as the kernel prints it


async def readings(rig: Rig, wanted: str) -> dict[str, float]:
    assert rig.backend.sensors is not None
    async with asyncio.timeout(PATIENCE):
        while True:
            found = dict(await rig.backend.sensors.read())
            if wanted in found:
                return found
            await asyncio.sleep(0.1)


@pytest.mark.guest
async def test_a_running_guest_has_real_figures_and_one_that_is_off_none(rig: Rig):
    assert rig.backend.sensors is not None
    assert await rig.backend.sensors.read() == {}
    await rig.power_on()
    first = await rig.backend.sensors.read()
    assert set(first) == {"QEMU Memory"}
    assert 16 < first["QEMU Memory"] < 1024
    found = await readings(rig, "CPU Load")
    assert set(found) == {"CPU Load", "QEMU Memory", "Disk Read", "Disk Write"}
    assert 0 <= found["CPU Load"] <= 100
    await rig.apply(PowerAction.FORCE_RESTART)  # the firmware reads the boot sector again
    async with asyncio.timeout(PATIENCE):
        while not (await readings(rig, "Disk Read"))["Disk Read"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    names = [info.name for info in rig.backend.sensors.sensors()]
    assert names == ["CPU Load", "QEMU Memory", "Disk Read", "Disk Write"]
    await rig.apply(PowerAction.FORCE_OFF)
    assert await rig.backend.sensors.read() == {}


@pytest.mark.guest
async def test_a_guest_with_a_network_card_has_the_traffic_of_its_own_namespace(make_rig):
    rig = make_rig(nics=[{}])
    rig.write_disk()
    await rig.start()
    await rig.power_on()
    found = await readings(rig, "Network")
    assert found["Network"] == 0  # nobody has talked to the deploy listener


def test_the_files_of_a_process_are_read_as_the_kernel_writes_them(tmp_path: Path):
    (tmp_path / "stat").write_text("7 (a) b) S 1 1 1 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 1 0 100 1 1\n")
    assert cpu_seconds(tmp_path / "stat") == 3.0
    (tmp_path / "statm").write_text("100000 25600 0 0 0 0 0\n")
    assert resident(tmp_path / "statm") == 100.0
    (tmp_path / "dev").write_text(DEV)
    assert traffic(tmp_path / "dev") == 5300.0


def test_all_devices_count_and_a_strange_answer_does_not():
    stats = [{"stats": {"rd_bytes": 5, "wr_bytes": 1}}, {"stats": {"rd_bytes": 7, "wr_bytes": 2}}]
    assert disk_traffic(stats) == {"Disk Read": 12.0, "Disk Write": 3.0}
    assert disk_traffic(None) == {}
