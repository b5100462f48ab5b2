"""LogServices of a System, and the first of them: events, newest first; of a node, or all."""

from bmc.model.caller import Role
from bmc.model.events import Event
from bmc.redfish import oem
from bmc.redfish.errors import not_found
from bmc.redfish.event_record import message_id
from bmc.redfish.query import number
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

SERVICES = "/redfish/v1/Systems/{node}/LogServices"
SHOWN, SHOWN_OF_ALL = 1_000, 10_000
"""How many events the log of one node shows, and that of the whole fleet."""


async def list_services(call: Call) -> Reply:
    call.node()
    members = links([f"{call.path}/EventLog", f"{call.path}/SEL"])
    return Reply(collection(call.path, "LogServiceCollection", "Logs", members))


async def get_service(call: Call) -> Reply:
    node = await _of(call)
    body = resource(
        call.path,
        "LogService",
        Id="EventLog",
        Name="Event log",
        ServiceEnabled=True,
        LogEntryType="Event",
        OverWritePolicy="WrapsWhenFull",
        MaxNumberOfRecords=_most(node),
        Entries=link(f"{call.path}/Entries"),
        Status={"State": "Enabled", "Health": "OK"},
    )
    return Reply(body)


async def list_entries(call: Call) -> Reply:
    """Only those that are asked for are turned into entries."""
    events = await _events(call)
    skip, top = number(call.request.query, "$skip", 0), number(call.request.query, "$top", len(events))
    members: list[object] = [_entry(event, call.path) for event in events[skip : skip + top]]
    return Reply(collection(call.path, "LogEntryCollection", "Event log", members, total=len(events)))


async def get_entry(call: Call) -> Reply:
    for event in await _events(call):
        if str(event.sequence) == call.params["entry"]:
            return Reply(_entry(event, call.path.rpartition("/")[0]))
    raise not_found(call.path)


async def _of(call: Call) -> str | None:
    """The node's name; None for the whole fleet, which takes its administrator. :raise Denied:"""
    if "node" in call.params:
        return call.node().snapshot.name
    await require(call, Role.ADMINISTRATOR, "read-events")
    return None


async def _events(call: Call) -> list[Event]:
    node = await _of(call)
    return (await call.house.events.history(node, limit=_most(node)))[::-1]


def _most(node: str | None) -> int:
    return SHOWN_OF_ALL if node is None else SHOWN


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
            oem.LightsoutLogEntry(
                Kind=event.kind.value,
                Node=event.node or None,
                Account=event.account or None,
                Details=dict(event.details),
            ),
        ),
    )


def event_log(services: str) -> tuple[Route, ...]:
    """The routes of the event log below `services`, with {node} in it or not."""
    log = f"{services}/EventLog"
    return (
        Route("GET", log, get_service),
        Route("GET", f"{log}/Entries", list_entries),
        Route("GET", f"{log}/Entries/{{entry}}", get_entry),
    )


ROUTES = (Route("GET", SERVICES, list_services), *event_log(SERVICES))
