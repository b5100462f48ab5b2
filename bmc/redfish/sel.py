"""The System Event Log of a System as a LogService: the records that IPMI clients read, newest first."""

from datetime import UTC, datetime, timedelta, timezone

from bmc.model.commands import ClearSel, ResolveSelEntry
from bmc.model.sel import CAPACITY, SYSTEM_EVENT, Sel, SelEntry, SystemEvent
from bmc.records.sel_words import LEVELS
from bmc.redfish import oem
from bmc.redfish.body import Body, Nothing
from bmc.redfish.errors import not_found
from bmc.redfish.query import each, pick
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.types import JsonObject, collection, link, moment, resource

LOG = "/redfish/v1/Systems/{node}/LogServices/SEL"
ENTRIES = f"{LOG}/Entries"
CLEAR = "LogService.ClearLog"
_THRESHOLD = 0x01
_GENERIC_STATE = 0x03

SENSOR_TYPES = (
    "OEM",
    "Temperature",
    "Voltage",
    "Current",
    "Fan",
    "Physical Chassis Security",
    "Platform Security Violation Attempt",
    "Processor",
    "Power Supply / Converter",
    "PowerUnit",
    "CoolingDevice",
    "Other Units-based Sensor",
    "Memory",
    "Drive Slot/Bay",
    "POST Memory Resize",
    "System Firmware Progress",
    "Event Logging Disabled",
    "Watchdog",
    "System Event",
    "Critical Interrupt",
    "Button/Switch",
    "Module/Board",
    "Microcontroller/Coprocessor",
    "Add-in Card",
    "Chassis",
    "ChipSet",
    "Other FRU",
    "Cable/Interconnect",
    "Terminator",
    "SystemBoot/Restart",
    "Boot Error",
    "BaseOSBoot/InstallationStatus",
    "OS Stop/Shutdown",
    "Slot/Connector",
    "System ACPI PowerState",
    "Watchdog",
    "Platform Alert",
    "Entity Presence",
    "Monitor ASIC/IC",
    "LAN",
    "Management Subsystem Health",
    "Battery",
    "Session Audit",
    "Version Change",
    "FRUState",
)
"""LogEntry's names of the sensor types of IPMI v2.0 table 42-3, by their codes. 00h is reserved."""


class EntryChange(Body):
    resolved: bool


async def get_service(call: Call) -> Reply:
    sel = call.node().snapshot.sel
    body = resource(
        call.path,
        "LogService",
        Id="SEL",
        Name="System event log",
        ServiceEnabled=True,
        LogEntryType="SEL",
        OverWritePolicy="NeverOverWrites",
        MaxNumberOfRecords=CAPACITY,
        Overflow=sel.overflow,
        Persistency=True,
        DateTime=_clock(sel, call.house.clock.now()),
        Entries=link(f"{call.path}/Entries"),
        Status={"State": "Enabled", "Health": "Warning" if sel.overflow else "OK"},
        Actions={f"#{CLEAR}": {"target": f"{call.path}/Actions/{CLEAR}"}},
        Oem=oem.extension("LightsoutLogService", oem.LightsoutLogService(ExportURIs=exports(call.path))),
    )
    return Reply(body)


async def list_entries(call: Call) -> Reply:
    sel = call.node().snapshot.sel
    newest = each(reversed(sel.entries))
    members, total = await pick(call.request.query, newest, lambda entry: entry_body(entry, sel, call.path), CAPACITY)
    return Reply(collection(call.path, "LogEntryCollection", "System event log", members, total), paged=True)


async def get_entry(call: Call) -> Reply:
    sel = call.node().snapshot.sel
    for entry in sel.entries:
        if str(entry.id) == call.params["entry"]:
            return Reply(entry_body(entry, sel, call.path.rpartition("/")[0]), editable=entry.id in sel.resolved)
    raise not_found(call.path)


async def change_entry(call: Call) -> Reply:
    body = (await get_entry(call)).body
    change = call.body(EntryChange, readable=body)
    await call.node().do(ResolveSelEntry(int(call.params["entry"]), change.resolved), call.caller)
    return await get_entry(call)


async def clear(call: Call) -> Reply:
    node = call.node()
    call.body(Nothing, CLEAR)
    await node.do(ClearSel(), call.caller)
    return Reply(status=204)


def exports(log: str) -> list[str]:
    """Where the files of `sel_export.py` are."""
    return [f"{log}/Oem/Lightsout/Export/sel.{kind}" for kind in ("csv", "json", "txt")]


def _clock(sel: Sel, now: float) -> str:
    """What the log's own clock shows."""
    zone = timezone(timedelta(minutes=sel.utc_offset)) if sel.utc_offset else UTC
    return datetime.fromtimestamp(int(now) + sel.offset, zone).isoformat().replace("+00:00", "Z")


def entry_body(entry: SelEntry, sel: Sel, base: str) -> JsonObject:
    """Severity is null where nobody has said one."""
    body = resource(
        f"{base}/{entry.id}",
        "LogEntry",
        Id=str(entry.id),
        Name=f"SEL record {entry.id:04X}h",
        EntryType="SEL",
        Created=moment(entry.at),
        Severity=entry.severity.value if entry.severity else None,
        Resolved=entry.id in sel.resolved,
    )
    if entry.record_type != SYSTEM_EVENT:
        message = entry.message or f"A record of type {entry.record_type:02X}h: {entry.data.hex()}."
        return body | {
            "EntryCode": "OEM",
            "SensorType": "OEM",
            "MessageId": f"0x{entry.data.hex()}",
            "Message": message,
        }
    event = SystemEvent.unpack(entry.data)
    sensor_type, code = sensor_type_name(event.sensor_type), entry_code(event)
    return body | {
        "EntryCode": code,
        "SensorType": sensor_type,
        "SensorNumber": event.sensor,
        "GeneratorId": f"0x{event.generator:04x}",
        "MessageId": f"0x{event.data.hex()}",
        "Message": entry.message or f"{sensor_type}, sensor {event.sensor:02X}h: {code}, data {event.data.hex()}.",
    }


def sensor_type_name(code: int) -> str:
    return SENSOR_TYPES[code] if code < len(SENSOR_TYPES) else "OEM"


def entry_code(event: SystemEvent) -> str:
    """Its name by tables 42-1 and 42-2; what has no name of its own was asserted or deasserted."""
    offset = event.data[0] & 0x0F
    if event.event_type == _THRESHOLD and offset // 2 < len(LEVELS):
        return f"{LEVELS[offset // 2]} - going {('low', 'high')[offset % 2]}"
    if event.event_type == _GENERIC_STATE and offset < 2:
        return ("State Deasserted", "State Asserted")[offset]
    return "Assert" if event.asserted else "Deassert"


ROUTES = (
    Route("GET", LOG, get_service),
    Route("GET", ENTRIES, list_entries),
    Route("GET", f"{ENTRIES}/{{entry}}", get_entry),
    Route("PATCH", f"{ENTRIES}/{{entry}}", change_entry),
    Route("POST", f"{LOG}/Actions/{CLEAR}", clear),
)
