"""Sensors as ipmitool, FreeIPMI and pyghmi list, read and set them, over a whole node."""

import re

from bmc.model.commands import Identify, InsertMedia, Power
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.model.sensor import Threshold
from tests.ipmi.conftest import Live
from tests.world import ADMIN, until


async def switched_on(live: Live) -> None:
    await live.real.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: live.real.snapshot.sensors[0].reading is not None)


def columns(text: str) -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if "|" in line]
    return {row[0]: row[1:] for row in rows}


async def test_ipmitool_lists_every_record_and_reading(live: Live):
    await switched_on(live)
    await live.real.do(InsertMedia("cd0", "rescue.iso"), ADMIN)
    await live.real.do(Identify(None), ADMIN)
    code, text = await live.ipmitool("sdr", "elist", "all")
    assert code == 0, text
    assert columns(text) == {
        "Lightsout BMC": ["00h", "ok", "6.1", "Dynamic MC @ 20h"],
        "System FRU": ["00h", "ns", "7.1", "Logical FRU @00h"],
        "Power Unit": ["01h", "ok", "19.1", ""],
        "Boot": ["02h", "ok", "34.1", "Initiated by power up"],
        "OS Boot": ["08h", "ok", "35.1", ""],
        "OS Stop": ["03h", "ok", "35.1", ""],
        "Watchdog": ["04h", "ok", "6.1", ""],
        "Media": ["05h", "ok", "5.1", "Present"],
        "Sign-in": ["06h", "ns", "6.1", "Event-Only"],
        "Drive": ["09h", "ns", "4.1", "Event-Only"],
        "Boot Error": ["0Ah", "ns", "34.1", "Event-Only"],
        "Identify": ["07h", "ok", "23.1", "State Asserted"],
        "CPU Load": ["10h", "ok", "3.1", "12 percent"],
        "Memory": ["11h", "ok", "32.1", "510.30 megabyte"],
        "Disk Read": ["12h", "ok", "4.1", "1000 kilobyte"],
        "Inlet Temp": ["13h", "ok", "23.1", "24.68 degrees C"],
    }
    assert len(columns((await live.ipmitool("sdr", "list"))[1])) == 11
    assert list(columns((await live.ipmitool("sdr", "type", "Temperature"))[1])) == ["Inlet Temp"]
    assert "Record Count                        : 16" in (await live.ipmitool("sdr", "info"))[1]


async def test_a_node_that_is_off_has_no_readings(live: Live):
    code, text = await live.ipmitool("sdr", "elist")
    assert code == 0
    table = columns(text)
    assert table["Power Unit"][-1] == "Power off/down"
    assert (table["CPU Load"][1], table["CPU Load"][3]) == ("ns", "No Reading")


async def test_a_power_state_that_is_unknown_is_no_reading(live: Live):
    await switched_on(live)
    live.machine.become(PowerState.UNKNOWN, PowerCause.OBSERVED)
    await until(lambda: live.real.snapshot.power is PowerState.UNKNOWN)
    code, text = await live.ipmitool("raw", "0x04", "0x2d", "0x01")
    assert (code, text.split()) == (0, ["00", "e0", "00", "80"])


async def test_ipmitool_sets_thresholds_and_the_crossing_is_in_the_sel(live: Live, tmp_path):
    await switched_on(live)
    code, text = await live.ipmitool("sensor", "thresh", "CPU Load", "upper", "60", "70", "80")
    assert code == 0, text
    live.machine.figures["CPU Load"] = 72.0
    await until(lambda: len(live.real.snapshot.sensors[0].crossed) == 2)
    code, text = await live.ipmitool("sensor", "list")
    status = ["72.000", "percent", "cr", "na", "na", "na", "60.000", "70.000", "80.000"]
    assert columns(text)["CPU Load"] == status
    live.machine.figures["CPU Load"] = 12.0
    await until(lambda: not live.real.snapshot.sensors[0].crossed)
    await until(lambda: len([entry for entry in live.real.snapshot.sel.entries if entry.data[4] == 0x10]) == 4)
    code, text = await live.ipmitool("sel", "elist")
    told = [line.split(" | ", 3)[3] for line in text.splitlines() if "CPU Load" in line]
    assert [" ".join(line.split()) for line in told] == [
        "Other CPU Load | Upper Non-critical going high | Asserted | Reading 72 > Threshold 60 percent",
        "Other CPU Load | Upper Critical going high | Asserted | Reading 72 > Threshold 70 percent",
        "Other CPU Load | Upper Non-critical going high | Deasserted | Reading 12 < Threshold 60 percent",
        "Other CPU Load | Upper Critical going high | Deasserted | Reading 12 < Threshold 70 percent",
    ]
    code, text = await live.ipmitool("sdr", "dump", str(tmp_path / "sdr"))
    assert code == 0
    assert (tmp_path / "sdr").stat().st_size > 400


async def test_thresholds_out_of_order_are_refused(live: Live):
    assert (await live.ipmitool("sensor", "thresh", "Inlet Temp", "ucr", "30"))[0] != 0
    raw = ("0x04", "0x26", "0x13", "0x10", "0", "0", "0", "0", "80", "0")
    assert "rsp=0xcc" in (await live.ipmitool("raw", *raw))[1]
    assert live.real.snapshot.sensors[3].setting.thresholds[Threshold.UPPER_CRITICAL] == 50.0


async def test_hysteresis_and_event_enables_are_read_as_they_were_set(live: Live):
    for words, answer in [
        ("0x24 0x10 0xff 5 10", ""),
        ("0x25 0x10 0xff", "05 0a"),
        ("0x28 0x10 0xe0 0x80 0x00 0x80 0x00", ""),
        ("0x29 0x10", "c0 15 0a 15 0a"),
        ("0x28 0x10 0x40", ""),
        ("0x29 0x10", "40 15 0a 15 0a"),
        ("0x29 0x01", "c0 71 00 00 00"),
        ("0x2a 0x10 0x00", ""),
        ("0x2b 0x10", "60 00 00 00 00"),
        ("0x2b 0x01", "c0 01 00 00 00"),
        ("0x2f 0x13", "01 01"),
        ("0x2f 0x01", "09 6f"),
        ("0x23 0x10 0x20", "ff 04 00 00 00 00 f0"),
        ("0x20", "0e 01"),
        ("0x20 0x01", "10 01"),
    ]:
        code, text = await live.ipmitool("raw", "0x04", *words.split())
        assert (code, " ".join(text.split())) == (0, answer), words
    assert live.real.snapshot.sensors[0].setting.hysteresis == (2.0, 4.0)


async def test_what_a_sensor_cannot_is_refused_with_the_code_for_it(live: Live):
    for words, refusal in [
        ("0x04 0x2d 0x77", "0xcb"),
        ("0x04 0x2d 0x06", "0xcb"),
        ("0x04 0x27 0x01", "0xcd"),
        ("0x04 0x2e 0x10 0x01 0x01", "0xcd"),
        ("0x04 0x28 0x10 0x80", "0xcc"),
        ("0x04 0x2d", "0xc7"),
        ("0x0a 0x24", "0xc1"),
        ("0x0a 0x23 0 0 0x63 0 0 0xff", "0xcb"),
        ("0x0a 0x23 0 0 1 0 5 5", "0xc5"),
    ]:
        assert f"rsp={refusal}" in (await live.ipmitool("raw", *words.split()))[1], words
    _, text = await live.ipmitool("raw", "0x04", "0x24", "0x10", "0xff", "1", "1", user="guest", options=("-L", "USER"))
    assert "Insufficient privilege" in text


async def test_freeipmi_reads_every_sensor_with_a_cache_of_its_own(live: Live, tmp_path):
    await switched_on(live)
    cache = f"--sdr-cache-directory={tmp_path}"
    code, text = await live.freeipmi("ipmi-sensors", cache, "--quiet-cache", "--no-header-output")
    assert code == 0, text
    assert [re.split(r"\s*\| ", line)[1:] for line in text.splitlines() if "|" in line] == [
        ["Power Unit", "Power Unit", "N/A", "N/A", "'OK'"],
        ["Boot", "System Boot Initiated", "N/A", "N/A", "'Initiated by power up'"],
        ["OS Boot", "OS Boot", "N/A", "N/A", "'OK'"],
        ["OS Stop", "OS Critical Stop", "N/A", "N/A", "'OK'"],
        ["Watchdog", "Watchdog 2", "N/A", "N/A", "'OK'"],
        ["Media", "Entity Presence", "N/A", "N/A", "'OK'"],
        ["Identify", "Chassis", "N/A", "N/A", "'State Deasserted'"],
        ["CPU Load", "Other Units Based Sensor", "12.00", "%", "'OK'"],
        ["Memory", "Other Units Based Sensor", "510.30", "MB", "'OK'"],
        ["Disk Read", "Other Units Based Sensor", "1000.00", "KB per s", "'OK'"],
        ["Inlet Temp", "Temperature", "24.68", "C", "'OK'"],
    ]
    code, text = await live.freeipmi("ipmi-sensors", cache, "--output-event-bitmask", "-r", "16")
    assert code == 0
    assert "00C0h" in text
    code, text = await live.freeipmi("ipmi-sensors", cache, "--verbose", "-r", "16")
    assert "Upper Critical Threshold: 49.760000 C" in text
    assert "Sensor Min. Reading: -40.000000 C" in text


async def test_freeipmi_checks_out_commits_and_compares_thresholds(live: Live, tmp_path):
    line = (f"--sdr-cache-directory={tmp_path}", "--quiet-cache", "--category=sensors")
    file = f"--filename={tmp_path / 'sensors.conf'}"
    await live.freeipmi("ipmi-config", *line, "--checkout", file)
    assert "Section 16_Inlet_Temp" in (tmp_path / "sensors.conf").read_text()
    assert await live.freeipmi("ipmi-config", *line, "--diff", file) == (0, "")
    assert await live.freeipmi("ipmi-config", *line, "--commit", file) == (0, "")
    for pair in ("Upper_Critical_Threshold=810", "Positive_Going_Threshold_Hysteresis=8.1"):
        assert await live.freeipmi("ipmi-config", *line, "--commit", "-e", f"14_Memory:{pair}") == (0, "")
    setting = live.real.snapshot.sensors[1].setting
    assert (setting.thresholds, setting.hysteresis) == ({Threshold.UPPER_CRITICAL: 810.0}, (8.1, 0.0))
    _, text = await live.freeipmi("ipmi-config", *line, "--diff", file)
    assert "Positive_Going_Threshold_Hysteresis" in text


async def test_pyghmi_reads_every_sensor(live: Live):
    await switched_on(live)
    program = """
import sys
from pyghmi.ipmi.command import Command
command = Command("127.0.0.1", port=int(sys.argv[1]), userid=b"admin", password=sys.argv[2].encode())
for reading in command.get_sensor_data():
    print(reading.name, reading.value, reading.units.strip(), reading.states, sep="|")
command.ipmi_session.logout()
"""
    code, text = await live.python(program)
    assert code == 0, text
    lines = text.splitlines()
    assert "CPU Load|12.0|%|[]" in lines
    assert "Inlet Temp|24.68|°C|[]" in lines
    assert "Boot|None||['Power up']" in lines
