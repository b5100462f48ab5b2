"""Real figures of a real QEMU: the load of a guest that is busy, the memory it holds, what it reads of its disk."""

import asyncio

from bmc.model.power import PowerAction
from tests.virtual_node.rig import Rig


async def test_a_busy_guest_shows_load_memory_and_reads_and_one_that_is_off_shows_nothing(make_rig):
    rig: Rig = make_rig(nics=[{}])
    rig.write_disk()
    await rig.start()
    meters = rig.backend.sensors
    assert meters is not None
    names = [info.name for info in meters.sensors()]
    assert await meters.read() == {}
    await rig.power_on()
    first = await meters.read()
    assert list(first) == ["Memory Resident"]
    await asyncio.sleep(0.3)
    second = await meters.read()
    assert set(second) == set(names)
    assert 10 < second["Memory Resident"] < 1000
    assert 0 <= second["CPU Load"] <= 100
    begin = len(rig.serial.printed)
    await rig.apply(PowerAction.FORCE_RESTART)
    await rig.serial.until("DISK-UP", begin)
    busy = await meters.read()
    assert busy["CPU Load"] > 0
    assert busy["Disk Read"] > 0
    assert busy["Network"] >= 0
    await rig.apply(PowerAction.FORCE_OFF)
    assert await meters.read() == {}
