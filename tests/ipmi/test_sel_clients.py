"""The SEL as ipmitool, FreeIPMI and pyghmi read, write and clear it, over a whole node."""

import re
from typing import Any

import pytest

from bmc.model.commands import AddSelEntry, EjectMedia, Identify, InsertMedia, Power
from bmc.model.events import Event, EventKind
from bmc.model.power import PowerAction
from bmc.model.sel import SystemEvent
from bmc.records import sel_events, sel_words
from tests.ipmi.conftest import Live
from tests.world import ADMIN, until


async def filled(live: Live, records: int = 6) -> None:
    await live.real.do(Power(PowerAction.ON), ADMIN)
    await live.real.do(InsertMedia("cd0", "rescue.iso"), ADMIN)
    await live.real.do(EjectMedia("cd0"), ADMIN)
    await live.real.do(Identify(None), ADMIN)
    await live.world.events.publish(Event(EventKind.ACCOUNT_LOCKED, "locked", 0, "n1"))
    await live.real.do(Power(PowerAction.FORCE_OFF), ADMIN)
    await until(lambda: len(live.real.snapshot.sel.entries) == records)


async def test_ipmitool_tells_what_happened(live: Live):
    await filled(live)
    code, text = await live.ipmitool("sel", "list")
    assert code == 0
    told = [line.split(" | ", 3)[3].strip() for line in text.splitlines() if " | " in line]
    assert told == [
        "System Boot Initiated #0x02 | Initiated by power up | Asserted",
        "Entity Presence #0x05 | Present | Asserted",
        "Entity Presence #0x05 | Absent | Asserted",
        "Chassis #0x07 | State Asserted | Asserted",
        "Session Audit #0x06 |  | Asserted",  # this ipmitool has no word for offset 3
        "Power Unit #0x01 | Power off/down | Asserted",
    ]


@pytest.mark.parametrize("event_type", [0x01, 0x03, 0x07, 0x0B, 0x6F])
async def test_the_log_in_text_is_what_ipmitool_prints(live: Live, event_type: int):
    """But for the readings, which it adds to thresholds that were crossed."""
    await live.real.do(AddSelEntry(0xE1, bytes(range(13))), ADMIN)
    await live.real.do(AddSelEntry(0xC1, bytes(range(9))), ADMIN)
    await filled(live, 8)
    for kind in range(1, 0x2E):
        for offset in (0, 1, 3, 8, 15):
            event = SystemEvent(kind, (0x13, 0x60)[offset % 2], event_type, bytes((offset,)), asserted=offset != 8)
            await live.real.do(AddSelEntry(2, event.pack()), ADMIN)
    code, text = await live.ipmitool("sel", "elist")
    assert code == 0
    printed = [re.sub(r" \| Reading .*", "", line).split("|") for line in text.splitlines()]
    sel, sensors = live.real.snapshot.sel, live.real.snapshot.sensors
    told = [sel_words.line(entry, sensors).split("|") for entry in sel.entries]
    tidy = [[[cell.strip() for cell in line] for line in each] for each in (told, printed)]
    assert tidy[0] == tidy[1]


async def test_freeipmi_tells_what_happened(live: Live):
    await filled(live)
    code, text = await live.freeipmi("ipmi-sel", "--quiet-cache", "--ignore-sdr-cache", "--no-header-output")
    assert code == 0, text
    told = [re.split(r"\s+\| ", line)[-1].strip() for line in text.splitlines()]
    assert told == [
        "Initiated by power up",
        "Entity Present",
        "Entity Absent",
        "State Asserted",
        "Invalid Password Disable",
        "Power Off/Power Down",
    ]


async def test_records_are_deleted_added_and_cleared(live: Live):
    await filled(live)
    assert (await live.ipmitool("sel", "delete", "2"))[0] == 0
    assert [entry.id for entry in live.real.snapshot.sel.entries] == [1, 3, 4, 5, 6]
    record = [f"0x{byte:02x}" for byte in bytes.fromhex("000002000000004100041201 6f01ffff")]
    code, text = await live.ipmitool("raw", "0x0a", "0x44", *record)
    assert (code, text.split()) == (0, ["07", "00"])
    code, text = await live.ipmitool("sel", "clear")
    assert code == 0, text
    code, text = await live.ipmitool("sel", "list")
    assert "SEL has no entries" in text
    code, text = await live.freeipmi("ipmi-sel", "--info")
    assert "Number of log entries                  : 0" in text


async def test_freeipmi_deletes_and_clears(live: Live):
    await filled(live)
    code, text = await live.freeipmi("ipmi-sel", "--quiet-cache", "--ignore-sdr-cache", "--delete=1,3")
    assert code == 0, text
    assert [entry.id for entry in live.real.snapshot.sel.entries] == [2, 4, 5, 6]
    assert (await live.freeipmi("ipmi-sel", "--clear"))[0] == 0
    assert live.real.snapshot.sel.entries == ()


async def test_the_clock_of_the_sel_is_set_and_told(live: Live):
    code, text = await live.ipmitool("sel", "time", "set", "01/02/30 03:04:05")
    assert code == 0, text
    code, text = await live.ipmitool("sel", "time", "get")
    assert "01/02/30 03:04:0" in text or "01/02/2030 03:04:0" in text
    code, text = await live.ipmitool("raw", "0x0a", "0x5d", "0x3c", "0x00")
    assert code == 0
    code, text = await live.ipmitool("raw", "0x0a", "0x5c")
    assert text.split() == ["3c", "00"]


async def test_a_reservation_ends_when_records_are_erased(live: Live):
    await filled(live)
    code, text = await live.ipmitool("raw", "0x0a", "0x42")
    low, high = text.split()
    assert (await live.ipmitool("sel", "delete", "1"))[0] == 0
    clear = ["0x0a", "0x47", f"0x{low}", f"0x{high}", "0x43", "0x4c", "0x52", "0xaa"]
    code, text = await live.ipmitool("raw", *clear)
    assert code != 0
    assert "rsp=0xc5" in text


async def test_a_reader_may_not_clear(live: Live):
    _, text = await live.ipmitool("sel", "clear", user="guest", options=("-L", "USER"))
    assert "Insufficient privilege" in text


PANIC = SystemEvent(0x20, 0, 0x6F, b"\x00", generator=0x41)
HOT = SystemEvent(0x01, 0x13, 0x01, b"\x59\x50\x4b")
WORDS: list[tuple[EventKind, Any, str, str]] = [
    (
        EventKind.POWER_CHANGED,
        {"to": "On", "cause": "command"},
        "System Boot Initiated Boot | Initiated by power up",
        "Boot | System Boot Initiated | Nominal | Initiated by power up",
    ),
    (
        EventKind.POWER_CHANGED,
        {"to": "Off", "cause": "guest-shutdown"},
        "Power Unit Power Unit | Power off/down",
        "Power Unit | Power Unit | Nominal | Power Off/Power Down",
    ),
    (
        EventKind.POWER_CHANGED,
        {"to": "Off", "cause": "mains-lost"},
        "Power Unit Power Unit | AC lost",
        "Power Unit | Power Unit | Critical | AC lost/Power input lost",
    ),
    (
        EventKind.POWER_ACTION,
        {"action": "On", "outcome": "failed"},
        "Power Unit Power Unit | Soft-power control failure",
        "Power Unit | Power Unit | Critical | Soft Power Control Failure",
    ),
    (
        EventKind.POWER_ACTION,
        {"action": "GracefulShutdown", "outcome": "timed out"},
        "Power Unit Power Unit | Soft-power control failure",
        "Power Unit | Power Unit | Critical | Soft Power Control Failure",
    ),
    (
        EventKind.NODE_RESET,
        {"cause": "host-reset"},
        "System Boot Initiated Boot | Initiated by hard reset",
        "Boot | System Boot Initiated | Nominal | Initiated by hard reset",
    ),
    (
        EventKind.NODE_RESET,
        {"cause": "watchdog"},
        "System Boot Initiated Boot | Initiated by hard reset",
        "Boot | System Boot Initiated | Nominal | Initiated by hard reset",
    ),
    (
        EventKind.NODE_RESET,
        {"cause": "guest-reset"},
        "System Boot Initiated Boot | Initiated by warm reset",
        "Boot | System Boot Initiated | Nominal | Initiated by warm reset",
    ),
    (
        EventKind.NODE_RESET,
        {"cause": "observed"},
        "System Boot Initiated Boot | System Restart",
        "Boot | System Boot Initiated | Nominal | System Restart",
    ),
    (
        EventKind.NODE_PAUSED,
        {"cause": "guest-panic"},
        "OS Critical Stop OS Stop | Run-time critical stop",
        "OS Stop | OS Critical Stop | Critical | Run-time Critical Stop",
    ),
    (
        EventKind.NODE_PAUSED,
        {"cause": "disk-error"},
        "Drive Slot / Bay Drive | Drive Fault",
        "Drive | Drive Slot | Critical | Drive Fault",
    ),
    (
        EventKind.BOOT_FAILED,
        {},
        "Boot Error Boot Error | No bootable media",
        "Boot Error | Boot Error | Critical | No bootable media",
    ),
    (
        EventKind.MEDIA_INSERTED,
        {},
        "Entity Presence Media | Present",
        "Media | Entity Presence | Nominal | Entity Present",
    ),
    (
        EventKind.MEDIA_EJECTED,
        {},
        "Entity Presence Media | Absent",
        "Media | Entity Presence | Critical | Entity Absent",
    ),
    (
        EventKind.IDENTIFY_CHANGED,
        {"on": True},
        "Chassis Identify | State Asserted",
        "Identify | Chassis | N/A | State Asserted",
    ),
    (
        EventKind.IDENTIFY_CHANGED,
        {"on": False},
        "Chassis Identify | State Deasserted",
        "Identify | Chassis | N/A | State Deasserted",
    ),
    *(
        (
            EventKind.WATCHDOG_EXPIRED,
            {"offset": offset, "interrupt": 0, "use": 4},
            f"Watchdog2 Watchdog | {ipmitool}",
            f"Watchdog | Watchdog 2 | {freeipmi} ; Timer use at expiration = SMS/OS ; Interrupt type = none",
        )
        for offset, ipmitool, freeipmi in [
            (0, "Timer expired", "Warning | Timer expired, status only"),
            (1, "Hard reset", "Critical | Hard Reset"),
            (2, "Power down", "Critical | Power Down"),
            (3, "Power cycle", "Critical | Power Cycle"),
            (8, "Timer interrupt", "Warning | Timer interrupt"),
        ]
    ),
    (
        EventKind.SENSOR_CROSSED,
        {"record": HOT.pack().hex()},
        "Temperature Inlet Temp | Upper Critical going high | Asserted | Reading 12.80 > Threshold 9.50 degrees C",
        "Inlet Temp | Temperature | Critical | "
        "Upper Critical - going high ; Sensor Reading = 12.80 C ; Threshold = 9.50 C",
    ),
    (
        EventKind.PLATFORM_EVENT,
        {"record": PANIC.pack().hex()},
        "OS Critical Stop | Error during system startup",
        "Sensor #0 | OS Critical Stop | Critical | Critical stop during OS load",
    ),
    (
        EventKind.ACCOUNT_LOCKED,
        {},
        "Session Audit Sign-in |",  # this ipmitool has no word for offset 3
        "Sign-in | Session Audit | Critical | Invalid Password Disable",
    ),
]


def test_every_kind_of_event_that_has_a_word_is_in_the_table():
    assert {kind for kind, *_ in WORDS} == set(sel_events._TABLE)


async def test_every_word_of_the_sel_says_to_both_clients_what_happened(live: Live, tmp_path):
    for kind, details, _, _ in WORDS:
        await live.world.events.publish(Event(kind, "", 2e9, "n1", details=details))
    await until(lambda: len(live.real.snapshot.sel.entries) == len(WORDS))
    code, text = await live.ipmitool("sel", "elist")
    assert code == 0, text
    told = [
        line.split(" | ", 3)[3].strip().removesuffix("| Asserted").strip()
        for line in text.splitlines()
        if " | " in line
    ]
    assert told == [ipmitool for _, _, ipmitool, _ in WORDS]
    words = ("--quiet-cache", f"--sdr-cache-directory={tmp_path}", "--no-header-output", "--output-event-state")
    code, text = await live.freeipmi("ipmi-sel", *words, "--interpret-oem-data")
    assert code == 0, text
    told = [" | ".join(re.split(r"\s+\| ", line)[3:]).strip() for line in text.splitlines()]
    assert told == [freeipmi for *_, freeipmi in WORDS]


async def test_freeipmi_tells_of_the_log_and_clears_what_it_has_read(live: Live):
    await filled(live)
    quiet = ("--quiet-cache", "--ignore-sdr-cache", "--no-header-output")
    code, text = await live.freeipmi("ipmi-sel", "--info")
    assert code == 0, text
    told = dict(re.split(r"\s+: ", line, maxsplit=1) for line in text.splitlines())
    assert told["Number of log entries"] == "6"
    assert told["Delete SEL Command"] == told["Reserve SEL Command"] == "supported"
    assert told["Recent erase timestamp"] == "Unspecified"
    code, text = await live.freeipmi("ipmi-sel", "--display=1,6", "--hex-dump", *quiet)
    assert [line[:20] for line in text.splitlines()] == [
        "RID:[01][00] RT:[02] TS:[",
        "RID:[06][00] RT:[02] TS:[",
    ] or code == 0
    code, text = await live.freeipmi("ipmi-sel", "--post-clear", *quiet)
    assert (code, len(text.splitlines())) == (0, 6)
    assert live.real.snapshot.sel.entries == ()


READ_WITH_PYGHMI = """
import sys
from pyghmi.ipmi.command import Command

bmc = Command("127.0.0.1", b"admin", sys.argv[2].encode(), port=int(sys.argv[1]))
for entry in bmc.get_event_log(clear=True):
    print(entry["record_id"], entry["component_type"], entry["event"], entry["severity"], sep=" | ")
print(len(list(bmc.get_event_log())), "left")
"""


async def test_pyghmi_reads_the_log_and_clears_it(live: Live):
    await filled(live)
    code, text = await live.python(READ_WITH_PYGHMI)
    assert code == 0, text
    assert text.splitlines() == [
        "1 | System Boot | Power up | 0",
        "2 | Entity Presence | Present | 0",
        "3 | Entity Presence | Absent | 0",
        "4 | Chassis | Asserted | 0",
        "5 | Session | Account disabled due to failure count | 2",
        "6 | Power Unit | Power off | 0",
        "0 left",
    ]


async def test_ipmitool_saves_the_log_and_adds_what_a_file_has(live: Live, tmp_path):
    await filled(live)
    saved, raw, events = tmp_path / "sel.txt", tmp_path / "sel.raw", tmp_path / "events"
    for words in (("save", str(saved)), ("writeraw", str(raw))):
        code, text = await live.ipmitool("sel", *words)
        assert code == 0, text
    assert len(raw.read_bytes()) == 6 * 16
    assert "0x04 0x1d 0x02 0x6f 0x00 0xff 0xff" in saved.read_text()
    code, text = await live.ipmitool("sel", "readraw", str(raw))
    assert text.count("System Boot Initiated") == 1, text
    events.write_text("0x04 0x20 0x00 0x6f 0x01 0xff 0xff # a panic\n")
    code, text = await live.ipmitool("sel", "add", str(events))
    assert code == 0, text
    code, text = await live.ipmitool("sel", "get", "7")
    assert code == 0, text
    assert " Description           : Run-time critical stop" in text
    added = SystemEvent.unpack(live.real.snapshot.sel.entries[6].data)
    assert (added.sensor_type, added.data) == (0x20, b"\x01\xff\xff")


@pytest.mark.parametrize(("number", "words"), [("1", "Upper Critical"), ("2", "Voltage"), ("3", "Correctable ECC")])
async def test_a_test_event_of_ipmitool_is_recorded_as_software_s(live: Live, number, words):
    code, text = await live.ipmitool("event", number)
    assert code == 0, text
    await until(lambda: len(live.real.snapshot.sel.entries) == 1)
    code, text = await live.ipmitool("sel", "list")
    assert words in text
    assert SystemEvent.unpack(live.real.snapshot.sel.entries[0].data).generator == 0x81
