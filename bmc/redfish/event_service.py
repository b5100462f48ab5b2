"""EventService: the stream of server-sent events (DSP0266 §13.5)."""

import asyncio
from typing import Any

from aiohttp import web
from pydantic import Field

from bmc.accounts import decision
from bmc.events import Reader
from bmc.model.caller import Caller, Role
from bmc.model.events import Event, EventKind, Severity
from bmc.redfish.body import Body
from bmc.redfish.errors import fail
from bmc.redfish.event_record import events_lost, message_id, server_sent, told
from bmc.redfish.filter import Condition
from bmc.redfish.house import House
from bmc.redfish.negotiation import EVENT_STREAM
from bmc.redfish.query import SUPPORTED, condition_of
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.system_body import SYSTEMS, system_path
from bmc.redfish.types import JsonObject, link, resource

SERVICE = "/redfish/v1/EventService"
STREAM, SUBSCRIPTIONS = f"{SERVICE}/SSE", f"{SERVICE}/Subscriptions"
TEST_ACTION = "EventService.SubmitTestEvent"
FILTERS = ("EventFormatType", "MessageId", "OriginResource", "RegistryPrefix", "ResourceType")
"""What $filter of the stream may name; each has one value in an event."""
KEEP_ALIVE_SECONDS = 15.0
SLOWEST_SECONDS = 60.0


class SubmittedEvent(Body):
    """What of it is not given is not told, but for the message."""

    message: str = Field(default="This is a test event.", max_length=1024)
    message_id: str = Field(default=message_id(EventKind.TEST), max_length=256)
    message_args: list[str] = Field(default=[], max_length=32)
    message_severity: Severity = Severity.OK
    severity: Severity | None = None
    origin_of_condition: str = ""
    event_type: str = ""
    event_id: str = ""
    event_timestamp: str = ""
    event_group_id: int = 0


async def service(call: Call) -> Reply:
    """Retries are the configuration file's to set. A node's own endpoint has the stream alone."""
    body = resource(SERVICE, "EventService", Id="EventService", Name="Events", ServiceEnabled=True)
    body |= {
        "ServerSentEventUri": STREAM,
        "Status": {"State": "Enabled", "Health": "OK"},
        "EventFormatTypes": ["Event"],
        "RegistryPrefixes": sorted({message_id(kind).partition(".")[0] for kind in EventKind}),
        "ResourceTypes": ["ComputerSystem"],
        "SubordinateResourcesSupported": True,
        "OriginResourcesSupported": True,
        "IncludeOriginOfConditionSupported": False,
        "Severities": [severity.value for severity in Severity],
        "SSEFilterPropertiesSupported": {
            **dict.fromkeys(FILTERS, True),
            "MetricReportDefinition": False,
            "SubordinateResources": False,
        },
    }
    return Reply(body if call.house.only else body | _subscribing(call))


def _subscribing(call: Call) -> JsonObject:
    patience = call.house.hooks.patience
    return {
        "Subscriptions": link(SUBSCRIPTIONS),
        "DeliveryRetryAttempts": patience.attempts,
        "DeliveryRetryIntervalSeconds": int(patience.interval),
        "Actions": {f"#{TEST_ACTION}": {"target": f"{SERVICE}/Actions/{TEST_ACTION}"}},
    }


async def submit_test_event(call: Call) -> Reply:
    """A test passes every filter; its id, time and type are its own, whatever the client asks for.

    It is about a node if its origin is one; any other resource is an origin like none.
    """
    asked = call.body(SubmittedEvent, TEST_ACTION)
    path = asked.origin_of_condition.rstrip("/")
    node = next((name for name in _names(call) if system_path(name) == path), "")
    if not node and path.rpartition("/")[0] == SYSTEMS:
        text = f"OriginOfCondition {path[:200]!r} is no server that there is; expected {system_path('NAME')}."
        raise fail(400, "ActionParameterValueError", "OriginOfCondition", TEST_ACTION, text=text)
    details = {"message_id": asked.message_id, "message_args": asked.message_args}
    severity = asked.severity or asked.message_severity
    event = Event(EventKind.TEST, asked.message, 0, node, severity, call.caller.account, details)
    told = await call.house.events.publish(event)
    await call.house.audit.record(call.caller, "submit-test-event", node, "ok", {"event": told.sequence})
    return Reply(status=204)


def _names(call: Call) -> list[str]:
    return [node.snapshot.name for node in call.house.fleet.visible(call.caller)]


async def stream(call: Call) -> web.StreamResponse:
    """Events until the client leaves, its session ends, or the service stops. Last-Event-ID catches up.

    The reader is fed from the store at the client's own pace, so a slow one costs nobody anything; one that
    takes nothing for a minute is let go. $filter (§13.5) lets through what it fits, and every test. Who missed events
    that are no longer kept is told so, once. An id without an event comes first: who is cut off before the first event
    misses none either.
    """
    query = call.request.query
    if SUPPORTED & query.keys() - {"$filter"}:
        raise fail(400, "QueryNotSupportedOnResource")
    wanted = condition_of(query["$filter"], FILTERS) if "$filter" in query else None
    signed_in = await call.house.events.last()
    known = _last_event_id(call.request)
    # A client may know of more than there is: the store was restored from a backup.
    after = signed_in if known is None else min(known, signed_in)
    events = call.house.events.subscribe(after)
    response = web.StreamResponse(headers={"Content-Type": EVENT_STREAM, "Cache-Control": "no-store"})
    response.headers.update({"OData-Version": "4.0", "X-Accel-Buffering": "no"})
    if call.request.method == "HEAD":
        await response.prepare(call.request)
        return response
    with call.house.closing.watch(call.identity) as ended:
        await response.prepare(call.request)
        try:
            await _write(response, f": connected\nid: {after}\n\n".encode())
            await _pump(call, events, signed_in, after or signed_in, wanted, response, ended)
        except (TimeoutError, ConnectionError):
            # A reader that is gone, or that takes nothing, ends its own stream only.
            if call.request.transport is not None:
                call.request.transport.abort()
    return response


async def _pump(
    call: Call,
    events: Reader,
    signed_in: int,
    known: int,
    wanted: Condition | None,
    response: web.StreamResponse,
    ended: "asyncio.Future[str]",
) -> None:
    """`signed_in` is the newest event that there was when the caller signed in: catching up begins before it.

    `known` is the last that the client has, or does not ask for.
    """
    told_of_loss = False
    pending = asyncio.ensure_future(anext(events))
    try:
        while not ended.done():
            waiting: set[asyncio.Future[Any]] = {pending, ended}
            await asyncio.wait(waiting, timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                return
            if not pending.done():
                await _write(response, b": keep-alive\n\n")
                continue
            event = pending.result()
            pending = asyncio.ensure_future(anext(events))
            if event.sequence > signed_in and _lost_rights(event, call):
                return
            if event.sequence > known + 1 and not told_of_loss:
                await _write(response, server_sent(events_lost(event.sequence - 1)))
                told_of_loss = True
            known = max(known, event.sequence)
            if sees(event, call.caller, call.house) and _fits(event, wanted):
                await _write(response, server_sent(told(event)))
    finally:
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)


def sees(event: Event, caller: Caller, house: House) -> bool:
    return decision.sees(caller.role, caller.scope, event, house.fleet.tags, house.fleet.began)


def _fits(event: Event, wanted: Condition | None) -> bool:
    if wanted is None or event.kind is EventKind.TEST:
        return True
    id = message_id(event.kind)
    registry, _, _ = id.partition(".")
    origin, kind = (system_path(event.node), "ComputerSystem") if event.node else (None, None)
    return wanted(dict(zip(FILTERS, ("Event", id, origin, registry, kind), strict=True)))


def _lost_rights(event: Event, call: Call) -> bool:
    """Basic authentication has no session to be closed: its streams end when the account changes."""
    changed = event.kind is EventKind.ACCOUNT_CHANGED and event.account == call.caller.account
    return changed and not call.identity.session


def _last_event_id(request: web.Request) -> int | None:
    given = request.headers.get("Last-Event-ID", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(SLOWEST_SECONDS):
        await response.write(data)


ROUTES = (
    Route("GET", SERVICE, service),
    Route("GET", STREAM, stream, media=(EVENT_STREAM,)),
    Route("POST", f"{SERVICE}/Actions/{TEST_ACTION}", submit_test_event, role=Role.ADMINISTRATOR),
)
