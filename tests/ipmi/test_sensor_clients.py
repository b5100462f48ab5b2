"""Sensors as ipmitool, FreeIPMI and pyghmi read them and set their thresholds, over a whole node."""

from pathlib import Path

from bmc.model.commands import Power
from bmc.model.power import PowerAction
from bmc.model.sensor import Threshold
from tests.ipmi.conftest import Live
from tests.world import ADMIN, until

READ = """
import sys
from pyghmi.ipmi.command import Command
bmc = Command("127.0.0.1", b"admin", sys.argv[2].encode(), port=int(sys.argv[1]))
for sensor in bmc.get_sensor_data():
    print(sensor.name, sensor.value, sensor.units)
for event in bmc.get_event_log():
    print(event["event"])
"""


async def running(live: Live) -> None:
    await live.real.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: live.real.snapshot.sensors[0].reading is not None)


async def test_ipmitool_lists_measurements_and_states(live: Live):
    await running(live)
    code, text = await live.ipmitool("sdr", "elist", "all")
    assert code == 0
    shown = {line.split("|")[0].strip(): line.split("|")[-1].strip() for line in text.splitlines()}
    assert shown == {
        "Lightsout": "Dynamic MC @ 20h",
        "System": "Logical FRU @00h",
        "Power Unit": "",
        "Boot": "Initiated by power up",
        "OS Stop": "",
        "Watchdog": "",
        "Virtual Media": "Absent",
        "Identify": "State Deasserted",
        "OS Running": "No Reading",
        "Session Audit": "Event-Only",
        "CPU Load": "12 percent",
        "Disk Read": "1000 kilobyte",
        "Inlet Temp": "21.60 degrees C",
    }


async def test_a_node_that_is_off_has_no_measurements(live: Live):
    code, text = await live.ipmitool("sdr", "list")
    assert code == 0
    assert "CPU Load         | no reading        | ns" in text
    code, text = await live.ipmitool("sdr", "elist")
    assert "Power off/down" in text


async def test_a_threshold_is_set_read_and_crossed(live: Live, tmp_path: Path):
    await running(live)
    assert (await live.ipmitool("sensor", "thresh", "CPU Load", "ucr", "90"))[0] == 0
    _, text = await live.ipmitool("sensor", "get", "CPU Load")
    assert "Upper Critical        : 90.000" in text
    assert live.real.snapshot.sensors[0].setting.thresholds == {Threshold.UPPER_CRITICAL: 90.0}
    live.machine.meters.readings["CPU Load"] = 95.0
    await until(lambda: len(live.real.snapshot.sel.entries) == 2)
    _, text = await live.ipmitool("sel", "elist")
    assert "CPU Load | Upper Critical going high | Asserted | Reading 95.20 > Threshold 90 percent" in text
    cache = f"--sdr-cache-directory={tmp_path}"
    _, text = await live.freeipmi("ipmi-sel", cache, "--quiet-cache")
    assert "CPU Load      | Other Units Based Sensor | Upper Critical - going high" in text, text


async def test_freeipmi_lists_measurements_with_their_units(live: Live, tmp_path: Path):
    await running(live)
    cache = f"--sdr-cache-directory={tmp_path}"
    code, text = await live.freeipmi("ipmi-sensors", cache, "--quiet-cache", "--no-header-output", "--comma-separated")
    assert code == 0, text
    shown = {line.split(",")[1]: line.split(",")[3:] for line in text.splitlines()}
    assert shown["CPU Load"] == ["12.00", "%", "'OK'"]
    assert shown["Disk Read"] == ["1000.00", "KB per s", "'OK'"]
    assert shown["Inlet Temp"] == ["21.60", "C", "'OK'"]
    assert shown["Boot"][2] == "'Initiated by power up'"
    code, text = await live.freeipmi("ipmi-sensors", cache, "--quiet-cache", "--verbose", "--output-event-bitmask")
    assert code == 0


async def test_a_checkout_of_the_sensors_can_be_changed_and_committed(live: Live, tmp_path: Path):
    await running(live)
    words = (
        "--category=sensors",
        f"--sdr-cache-directory={tmp_path}",
        "--quiet-cache",
        f"--filename={tmp_path}/config",
    )
    code, text = await live.freeipmi("ipmi-config", *words, "--checkout")
    assert code == 0, text
    code, text = await live.freeipmi("ipmi-config", *words, "--diff")
    assert (code, text.strip()) == (0, "")
    config = tmp_path / "config"
    config.write_text(config.read_text().replace("60.100000", "70.000000"))
    code, text = await live.freeipmi("ipmi-config", *words, "--commit")
    assert code == 0, text
    limit = live.real.snapshot.sensors[2].setting.thresholds[Threshold.UPPER_CRITICAL]
    assert abs(limit - 70) < 0.7


async def test_pyghmi_reads_sensors_and_the_log(live: Live):
    await running(live)
    code, text = await live.python(READ)
    assert code == 0, text
    assert "CPU Load 12" in text
    assert "Inlet Temp 21.6" in text
    assert "Power up" in text
