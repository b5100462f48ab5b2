"""One event as Redfish sends it (DSP0266 §12.6, Event schema)."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace

from bmc.model.events import Event, EventKind, Severity
from bmc.redfish import oem
from bmc.redfish.messages import message
from bmc.redfish.system_body import system_path
from bmc.redfish.types import VERSIONS, JsonObject, link, moment

REGISTRY = "Lightsout.1.0"
YEAR_10000 = 253_402_300_800
"""Seconds since the epoch; RFC 3339 ends before."""

log = logging.getLogger(__name__)


def message_id(kind: EventKind) -> str:
    """`boot.override-set` → `Lightsout.1.0.BootOverrideSet`."""
    return f"{REGISTRY}." + "".join(word.capitalize() for word in kind.value.replace("-", ".").split("."))


def event_body(event: Event) -> JsonObject:
    record: JsonObject = {
        "EventType": "Alert",
        "EventId": str(event.sequence),
        "MemberId": "0",
        "EventTimestamp": moment(event.at),
        "MessageId": message_id(event.kind),
        "Message": event.message,
        "MessageArgs": [],
        "MessageSeverity": event.severity.value,
        "Oem": oem.extension(
            "LightsoutEvent",
            oem.LightsoutEvent(
                Kind=event.kind.value,
                Node=event.node or None,
                Maintenance=event.maintenance,
                Account=event.account or None,
                Details=dict(event.details),
            ),
        ),
    }
    if "message_id" in event.details:
        record |= {"MessageId": event.details["message_id"], "MessageArgs": event.details["message_args"]}
    if event.node:
        record["OriginOfCondition"] = link(system_path(event.node))
    return _body(event.sequence, record)


def told(event: Event, render: Callable[[Event], JsonObject] = event_body) -> JsonObject:
    """As `render` puts it; of one that it cannot put, what is sure: one event must hide no other."""
    try:
        return render(event)
    except Exception as error:
        log.exception("event %d cannot be put into words", event.sequence)
        text = f"event {event.sequence} cannot be put into words: {error!r}"
        at = event.at if 0 <= event.at < YEAR_10000 else 0.0
        return render(replace(event, at=at, message=text, severity=Severity.WARNING, details={}))


def events_lost(last: int) -> JsonObject:
    """Says that events up to sequence `last` may be missing, as they are no longer kept."""
    told = message("EventBufferExceeded")
    named = {name: told[name] for name in ("MessageId", "Message", "MessageArgs", "MessageSeverity", "Resolution")}
    return _body(last, {"EventType": "Alert", "EventId": str(last), "MemberId": "0", **named})


def _body(number: int, record: JsonObject) -> JsonObject:
    return {
        "@odata.type": f"#Event.{VERSIONS['Event']}.Event",
        "Id": str(number),
        "Name": "Event",
        "Events": [record],
    }


def server_sent(body: JsonObject) -> bytes:
    """One message of the SSE stream; JSON has no raw line ends, so that `data` is one line."""
    return f"id: {body['Id']}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n".encode()
