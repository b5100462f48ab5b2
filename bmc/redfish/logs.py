"""LogServices of a System, and the first of them: events, newest first; of a node, or all."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from bmc.events import EVENTS_KEPT
from bmc.model.caller import Role
from bmc.model.events import Event
from bmc.redfish import oem
from bmc.redfish.errors import not_found
from bmc.redfish.event_record import message_id, told
from bmc.redfish.query import SEQUENCE, page, pick
from bmc.redfish.router import Call, Handler, Reply, Route, require
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

R = TypeVar("R")

SERVICES = "/redfish/v1/Systems/{node}/LogServices"
PAGE = 1_000
"""So many entries are in one answer; $skip leads to all that are kept."""


@dataclass(frozen=True, slots=True)
class Source(Generic[R]):
    """What is logged: a page of it by length and place, oldest first; all of it, newest first; and how much it is."""

    page: Callable[[int, int], Awaitable[list[R]]]
    walk: Callable[[], AsyncIterator[R]]
    count: Callable[[], Awaitable[int]]


async def list_log(call: Call, title: str, source: Source[R], render: Callable[[R, str], JsonObject]) -> Reply:
    """Newest first. The whole of it is read only to be filtered."""
    if "$filter" in call.request.query:
        members, total = await pick(call.request.query, source.walk(), lambda found: render(found, call.path), PAGE)
    else:
        skip, top = page(call.request.query, PAGE)
        found, total = await source.page(top, skip), await source.count()
        members = [render(each, call.path) for each in reversed(found)]
    return Reply(collection(call.path, "LogEntryCollection", title, members, total), paged=True)


async def list_services(call: Call) -> Reply:
    names = ["EventLog", "SEL", "Timeline"] + (["SerialLog"] if call.node().snapshot.has_serial_log else [])
    members = links([f"{call.path}/{name}" for name in names])
    return Reply(collection(call.path, "LogServiceCollection", "Logs", members))


async def get_service(call: Call) -> Reply:
    await _of(call)
    body = resource(
        call.path,
        "LogService",
        Id="EventLog",
        Name="Event log",
        ServiceEnabled=True,
        LogEntryType="Event",
        OverWritePolicy="WrapsWhenFull",
        MaxNumberOfRecords=EVENTS_KEPT,
        Entries=link(f"{call.path}/Entries"),
        Status={"State": "Enabled", "Health": "OK"},
    )
    return Reply(body)


async def list_entries(call: Call) -> Reply:
    node, events = await _of(call), call.house.events
    source = Source(
        lambda top, skip: events.history(node, limit=top, skip=skip),
        lambda: events.walk(node),
        lambda: events.count(node),
    )
    return await list_log(call, "Event log", source, _entry)


async def get_entry(call: Call) -> Reply:
    node, wanted = await _of(call), call.params["entry"]
    event = await call.house.events.get(int(wanted), node) if SEQUENCE.fullmatch(wanted) else None
    if event is None:
        raise not_found(call.path)
    return Reply(_entry(event, call.path.rpartition("/")[0]))


async def _of(call: Call) -> str | None:
    """The node's name; None for the whole fleet, which takes its administrator. :raise Denied:"""
    if "node" in call.params:
        return call.node().snapshot.name
    await require(call, Role.ADMINISTRATOR, "read-events")
    return None


def _entry(event: Event, base: str) -> JsonObject:
    return told(event, lambda event: _rendered(event, base))


def _rendered(event: Event, base: str) -> JsonObject:
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
                Details=flat(event.details),
                Maintenance=event.maintenance,
            ),
        ),
    )


def flat(details: Mapping[str, object]) -> dict[str, object]:
    """Lists and mappings in words: validators take what a schema leaves open for a single value."""
    return {
        name: _in_words(value) if isinstance(value, list | tuple | Mapping) else value
        for name, value in details.items()
    }


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_in_words(each)}" for name, each in value.items())
    return ", ".join(map(_in_words, value)) if isinstance(value, list | tuple) else str(value)


def log_routes(log: str, service: Handler, entries: Handler, entry: Handler) -> tuple[Route, ...]:
    """Of a log that is only read."""
    return (
        Route("GET", log, service),
        Route("GET", f"{log}/Entries", entries),
        Route("GET", f"{log}/Entries/{{entry}}", entry),
    )


def event_log(services: str) -> tuple[Route, ...]:
    """The routes of the event log below `services`, with {node} in it or not."""
    return log_routes(f"{services}/EventLog", get_service, list_entries, get_entry)


ROUTES = (Route("GET", SERVICES, list_services), *event_log(SERVICES))
