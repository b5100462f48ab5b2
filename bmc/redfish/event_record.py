"""One event as Redfish sends it (DSP0266 §12.6, Event schema)."""

import json

from bmc.model.events import Event, EventKind
from bmc.redfish import oem
from bmc.redfish.messages import message
from bmc.redfish.system_body import system_path
from bmc.redfish.types import VERSIONS, JsonObject, link, moment

REGISTRY = "Lightsout.1.0"


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
