"""The SEL as ipmitool, FreeIPMI and pyghmi read, write and clear it, over a whole node."""

import re

from bmc.model.commands import EjectMedia, Identify, InsertMedia, Power
from bmc.model.events import Event, EventKind
from bmc.model.power import PowerAction
from tests.ipmi.conftest import Live
from tests.world import ADMIN, until


async def filled(live: Live) -> None:
    await live.real.do(Power(PowerAction.ON), ADMIN)
    await live.real.do(InsertMedia("cd0", "rescue.iso"), ADMIN)
    await live.real.do(EjectMedia("cd0"), ADMIN)
    await live.real.do(Identify(None), ADMIN)
    await live.world.events.publish(Event(EventKind.ACCOUNT_LOCKED, "locked", 0, "n1"))
    await live.real.do(Power(PowerAction.FORCE_OFF), ADMIN)
    await until(lambda: len(live.real.snapshot.sel.entries) == 6)


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
