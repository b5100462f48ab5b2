"""LogServices of a System, and the first of them: the events of this node, newest first."""

from bmc.model.events import Event
from bmc.redfish import oem
from bmc.redfish.errors import not_found
from bmc.redfish.event_record import message_id
from bmc.redfish.query import number
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

SERVICES = "/redfish/v1/Systems/{node}/LogServices"
LOG = f"{SERVICES}/EventLog"
ENTRIES = f"{LOG}/Entries"
SHOWN = 1000


async def list_services(call: Call) -> Reply:
    call.node()
    members = links([f"{call.path}/EventLog", f"{call.path}/SEL"])
    return Reply(collection(call.path, "LogServiceCollection", "Logs", members))


async def get_service(call: Call) -> Reply:
    call.node()
    body = resource(
        call.path,
        "LogService",
        Id="EventLog",
        Name="Event log",
        ServiceEnabled=True,
        LogEntryType="Event",
        OverWritePolicy="WrapsWhenFull",
        MaxNumberOfRecords=SHOWN,
        Entries=link(f"{call.path}/Entries"),
        Status={"State": "Enabled", "Health": "OK"},
    )
    return Reply(body)


async def list_entries(call: Call) -> Reply:
    """The last thousand events at most; only those that are asked for are turned into entries."""
    name = call.node().snapshot.name
    events = await call.house.events.history(name, limit=SHOWN)
    events.reverse()
    skip, top = number(call.request.query, "$skip", 0), number(call.request.query, "$top", SHOWN)
    members: list[object] = [_entry(event, call.path) for event in events[skip : skip + top]]
    return Reply(collection(call.path, "LogEntryCollection", "Event log", members, total=len(events)))


async def get_entry(call: Call) -> Reply:
    name, wanted = call.node().snapshot.name, call.params["entry"]
    base = call.path.rpartition("/")[0]
    for event in await call.house.events.history(name, limit=SHOWN):
        if str(event.sequence) == wanted:
            return Reply(_entry(event, base))
    raise not_found(call.path)


def _entry(event: Event, base: str) -> JsonObject:
    return resource(
        f"{base}/{event.sequence}",
        "LogEntry",
        Id=str(event.sequence),
        Name=f"Event {event.sequence}",
        EntryType="Event",
        Created=moment(event.at),
        Severity=event.severity.value,
        Message=event.message,
        MessageId=message_id(event.kind),
        MessageArgs=[],
        Oem=oem.extension(
            "LightsoutLogEntry",
            oem.LightsoutLogEntry(Kind=event.kind.value, Account=event.account or None, Details=_details(event)),
        ),
    )


def _details(event: Event) -> dict[str, object]:
    """A list in words: validators take what a schema leaves open for a single value."""
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        for name, value in event.details.items()
    }


ROUTES = (
    Route("GET", SERVICES, list_services),
    Route("GET", LOG, get_service),
    Route("GET", ENTRIES, list_entries),
    Route("GET", f"{ENTRIES}/{{entry}}", get_entry),
)
