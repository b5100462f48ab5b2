"""What happened to a server, in one log of its System: newest first, each thing once."""

from bmc.model.caller import Role
from bmc.model.events import EventKind
from bmc.records.timeline import AUDIT_LEFT_OUT, EVENTS_LEFT_OUT, Happening, timeline
from bmc.redfish import oem
from bmc.redfish.errors import not_found
from bmc.redfish.event_record import REGISTRY, message_id
from bmc.redfish.logs import PAGE, SERVICES, flat, log_routes
from bmc.redfish.query import each, pick
from bmc.redfish.router import Call, Reply
from bmc.redfish.types import JsonObject, collection, link, moment, resource

LOG = f"{SERVICES}/Timeline"
FORMAT = "Lightsout timeline"
MESSAGE = f"{REGISTRY}.Happened"
NEWEST = 2_000
"""So many events and so many audit records of a node, of those that may be told here, are looked at."""


async def get_service(call: Call) -> Reply:
    call.node()
    body = resource(
        call.path,
        "LogService",
        Id="Timeline",
        Name="Timeline",
        ServiceEnabled=True,
        LogEntryType="OEM",
        OverWritePolicy="WrapsWhenFull",
        MaxNumberOfRecords=2 * NEWEST,
        Entries=link(f"{call.path}/Entries"),
        Status={"State": "Enabled", "Health": "OK"},
    )
    return Reply(body)


async def list_entries(call: Call) -> Reply:
    happened = await _happened(call)
    members, total = await pick(call.request.query, each(happened), lambda found: _entry(found, call.path), PAGE)
    return Reply(collection(call.path, "LogEntryCollection", "Timeline", members, total), paged=True)


async def get_entry(call: Call) -> Reply:
    for found in await _happened(call):
        if found.id == call.params["entry"]:
            return Reply(_entry(found, call.path.rpartition("/")[0]))
    raise not_found(call.path)


async def _happened(call: Call) -> list[Happening]:
    snapshot = call.node().snapshot
    events = await call.house.events.history(snapshot.name, limit=NEWEST, without=EVENTS_LEFT_OUT)
    audit = await call.house.audit.newest(NEWEST, snapshot.name, without=AUDIT_LEFT_OUT)
    administers = call.caller.role is Role.ADMINISTRATOR
    return timeline(events, audit, snapshot.sel.entries, snapshot.sensors, administers)


def _entry(found: Happening, base: str) -> JsonObject:
    source = found.id.partition("-")[0]
    return resource(
        f"{base}/{found.id}",
        "LogEntry",
        Id=found.id,
        Name=f"{found.kind.value}: {found.what}",
        EntryType="Oem",
        OemRecordFormat=FORMAT,
        Created=moment(found.at),
        Severity=found.severity.value if found.severity else None,
        MessageId=message_id(EventKind(found.what)) if source == "event" else MESSAGE,
        Message=found.message,
        Oem=oem.extension(
            "LightsoutHappening",
            oem.LightsoutHappening(
                Kind=found.kind.value,
                Source=source,
                What=found.what,
                Account=found.account or None,
                Door=found.door or None,
                Address=found.address or None,
                Task=found.job or None,
                Outcome=found.outcome or None,
                Details=flat(found.details),
            ),
        ),
    )


ROUTES = log_routes(LOG, get_service, list_entries, get_entry)
