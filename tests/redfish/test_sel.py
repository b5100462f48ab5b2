"""The SEL in Redfish: the same records as over IPMI, with the names that the schema gives to IPMI's codes."""

import csv
import io
from typing import Any
from urllib.parse import quote

import pytest

from bmc.model.commands import AddSelEntry, SetSelClock, TellPlatformEvent
from bmc.model.sel import SystemEvent
from bmc.redfish.sel import SENSOR_TYPES, entry_code
from tests.redfish.service import Service
from tests.world import ADMIN, until

SEL = "/redfish/v1/Systems/n1/LogServices/SEL"
RESET = "/redfish/v1/Systems/n1/Actions/ComputerSystem.Reset"
CLEAR = f"{SEL}/Actions/LogService.ClearLog"


async def records(service: Service, count: int) -> Any:
    node = service.world.fleet.node("n1")
    await until(lambda: len(node.snapshot.sel.entries) == count)
    return (await service.get(f"{SEL}/Entries"))["Members"]


async def test_a_power_off_is_a_record_with_the_names_of_the_schema(service: Service):
    for action in ("On", "ForceOff"):
        assert (await service.call("POST", RESET, {"ResetType": action})).status == 204
    off, on = await records(service, 2)
    assert off == {
        "@odata.id": f"{SEL}/Entries/2",
        "@odata.type": "#LogEntry.v1_21_0.LogEntry",
        "Id": "2",
        "Name": "SEL record 0002h",
        "EntryType": "SEL",
        "Created": off["Created"],
        "Severity": "OK",
        "Resolved": False,
        "EntryCode": "Assert",
        "SensorType": "PowerUnit",
        "SensorNumber": 1,
        "GeneratorId": "0x0020",
        "MessageId": "0x00ffff",
        "Message": "n1 is Off (command)",
    }
    assert (on["SensorType"], on["Message"]) == ("SystemBoot/Restart", "n1 is On (command)")
    assert off.items() <= (await service.get(f"{SEL}/Entries/2")).items()
    assert (await service.call("GET", f"{SEL}/Entries/3")).status == 404


async def test_what_others_add_is_shown_without_a_guess_at_how_bad_it_is(service: Service):
    node = service.world.fleet.node("n1")
    await node.do(AddSelEntry(0xE1, bytes(range(13))), ADMIN)
    await node.do(AddSelEntry(0x02, SystemEvent(0x01, 0x30, 0x01, b"\x59\x50\x4b", generator=0x41).pack()), ADMIN)
    crossed, plain = await records(service, 2)
    assert (plain["SensorType"], plain["EntryCode"], plain["MessageId"]) == (
        "OEM",
        "OEM",
        "0x000102030405060708090a0b0c",
    )
    assert (crossed["SensorType"], crossed["EntryCode"]) == ("Temperature", "Upper Critical - going high")
    assert (crossed["GeneratorId"], crossed["Severity"]) == ("0x0041", None)
    assert crossed["Message"] == "Temperature, sensor 30h: Upper Critical - going high, data 59504b."


async def test_the_log_is_cleared_by_who_may(service: Service):
    node = service.world.fleet.node("n1")
    await node.do(TellPlatformEvent(SystemEvent(0x12, 1, 0x6F, b"\x01")), ADMIN)
    assert (await records(service, 1))[0]["Severity"] == "Warning"
    assert (await service.call("POST", CLEAR, {}, as_="vera")).status == 403
    assert (await service.call("POST", CLEAR, {"Really": True})).status == 400
    assert (await service.call("POST", CLEAR, {})).status == 204
    assert await records(service, 0) == []


async def test_a_record_is_resolved_by_name_and_ipmi_sees_it_as_before(service: Service):
    node = service.world.fleet.node("n1")
    for _ in range(2):
        await node.do(TellPlatformEvent(SystemEvent(0x12, 1, 0x6F, b"\x01")), ADMIN)
    await records(service, 2)
    before = node.snapshot.sel.entries
    path = f"{SEL}/Entries/1"
    assert (await service.call("PATCH", path, {"Resolved": True}, as_="vera")).status == 403
    assert (await service.call("PATCH", path, {"Severity": "OK"})).status == 400
    assert (await service.call("PATCH", f"{SEL}/Entries/9", {"Resolved": True})).status == 404
    assert (await service.call("PATCH", path, {"Resolved": True}, as_="olga")).body["Resolved"] is True
    assert [each["Resolved"] for each in await records(service, 2)] == [False, True]
    assert node.snapshot.sel.entries == before
    told = (await service.world.audit.newest(10, "n1"))[-1]
    assert (told.account, told.action, told.details) == ("olga", "resolve-sel-entry", {"record": 1, "resolved": True})
    assert (await service.call("PATCH", path, {"Resolved": False}, as_="olga")).body["Resolved"] is False


async def test_records_are_chosen_by_how_bad_when_what_and_whether_resolved(service: Service):
    node = service.world.fleet.node("n1")
    await node.do(TellPlatformEvent(SystemEvent(0x12, 1, 0x6F, b"\x01")), ADMIN)
    await node.do(AddSelEntry(0x02, SystemEvent(0x01, 0x30, 0x01, b"\x59\x50\x4b").pack()), ADMIN)
    await service.call("POST", RESET, {"ResetType": "On"})
    power, *_ = await records(service, 3)
    await service.call("PATCH", f"{SEL}/Entries/1", {"Resolved": True})
    for condition, ids in (
        ("Severity eq 'Warning'", ["1"]),
        ("Severity eq null", ["2"]),
        (f"Created ge {power['Created']}", ["3"]),
        ("SensorType eq 'Temperature' or Resolved eq true", ["2", "1"]),
        ("Resolved eq false", ["3", "2"]),
    ):
        found = await service.get(f"{SEL}/Entries?$filter={quote(condition)}")
        assert [each["Id"] for each in found["Members"]] == ids, condition
        assert found["Members@odata.count"] == len(ids)


async def test_the_log_is_a_file_to_take_away(service: Service):
    node = service.world.fleet.node("n1")
    await node.do(TellPlatformEvent(SystemEvent(0x12, 1, 0x6F, b"\x01")), ADMIN)
    await service.call("POST", RESET, {"ResetType": "On"})
    power, told = await records(service, 2)
    assert told["Severity"] == "Warning"
    files = (await service.get(SEL))["Oem"]["Lightsout"]["ExportURIs"]
    table, whole, text = [await service.call("GET", path, as_="vera") for path in files]
    assert whole.body == [told, power]
    rows = list(csv.DictReader(io.StringIO(table.body)))
    assert [row["Message"] for row in rows] == [told["Message"], power["Message"]]
    assert text.body.splitlines()[1].endswith(" UTC | System Boot Initiated Boot | Initiated by power up | Asserted")
    assert text.headers["Content-Disposition"] == 'attachment; filename="n1-sel.txt"'
    chosen = await service.call("GET", files[1] + "?$filter=Severity%20ne%20'Warning'")
    assert [each["Id"] for each in chosen.body] == [power["Id"]]
    assert (await service.call("GET", f"{files[1]}?$filter=Severity")).status == 400


async def test_the_service_tells_of_its_clock_and_its_room(service: Service):
    await service.world.fleet.node("n1").do(SetSelClock(0, 60), ADMIN)
    told = await service.get(SEL)
    assert told["DateTime"].startswith("1970-01-01T01:00:0")
    assert told["DateTime"].endswith("+01:00")
    assert (told["MaxNumberOfRecords"], told["Overflow"], told["OverWritePolicy"]) == (1024, False, "NeverOverWrites")
    logs = await service.get("/redfish/v1/Systems/n1/LogServices")
    assert {"@odata.id": SEL} in logs["Members"]


def test_sensor_types_stand_at_the_codes_of_the_specification():
    known = {0x01: "Temperature", 0x11: "Watchdog", 0x1E: "Boot Error", 0x23: "Watchdog", 0x2C: "FRUState"}
    assert {code: SENSOR_TYPES[code] for code in known} == known


@pytest.mark.parametrize(
    ("event_type", "offset", "asserted", "code"),
    [
        (0x01, 0x00, True, "Lower Non-critical - going low"),
        (0x01, 0x0B, True, "Upper Non-recoverable - going high"),
        (0x03, 0x00, True, "State Deasserted"),
        (0x6F, 0x04, True, "Assert"),
        (0x6F, 0x04, False, "Deassert"),
    ],
)
def test_an_entry_code_is_its_name_in_the_tables(event_type, offset, asserted, code):
    assert entry_code(SystemEvent(0x01, 1, event_type, bytes((offset,)), asserted)) == code
